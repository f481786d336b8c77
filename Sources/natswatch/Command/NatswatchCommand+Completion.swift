// SPDX-License-Identifier: Apache-2.0

import Command
import Glibc
import Process

extension NatswatchCommand {
  static func completions(for request: CompletionRequest) -> Completion {
    switch request.place {
    case .operand: request.subcommand == "work" && request.isAfterDashes ? .command : .nothing
    case .value(of: "--context", _): request.matching(contexts)
    case .value: .nothing
    }
  }

  /// The contexts of the nats command line tool: one JSON file each.
  private static var contexts: [Completion.Word] {
    let folder =
      ProcessEnvironment.value("XDG_CONFIG_HOME") ?? (ProcessEnvironment.value("HOME") ?? "") + "/.config"
    guard let stream = unsafe opendir("\(folder)/nats/context") else { return [] }
    defer { unsafe closedir(stream) }
    var names: [String] = []
    while let entry = unsafe readdir(stream) {
      let file = unsafe withUnsafeBytes(of: entry.pointee.d_name) {
        unsafe String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
      }
      if file.hasSuffix(".json") { names.append(String(file.dropLast(5))) }
    }
    return names.sorted().map { Completion.Word($0) }
  }
}
