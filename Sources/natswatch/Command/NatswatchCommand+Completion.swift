// SPDX-License-Identifier: Apache-2.0

import Command
import Glibc
import NatswatchCore
import Process

extension NatswatchCommand {
  static func completions(for request: CompletionRequest) -> Completion {
    switch request.place {
    case .operand where request.subcommand == "work" && request.isAfterDashes: return .command
    case .operand where request.subcommand == "publish": return .nothing
    case .operand:
      let subjects = names(request)?.subjects(of: request.flags["--stream"]?.last) ?? []
      return request.matching(subjects.map { Completion.Word($0.subject, $0.stream) })
    case .value(of: "--context", _): return request.matching(contexts)
    case .value(of: "--stream", _):
      return request.matching((names(request)?.streams ?? []).map { Completion.Word($0) })
    case .value(of: "--durable", _):
      guard let names = names(request) else { return .nothing }
      let streams = request.flags["--stream"] ?? names.streams
      return request.matching(streams.flatMap(names.consumers).map { Completion.Word($0) })
    case .value(of: "--create-stream", _): return .files
    case .value(of: "--dlq", _): return request.matching([Completion.Word("none")])
    case .value: return .nothing
    }
  }

  /// The values that the server of the command line's flags has.
  private static func names(_ request: CompletionRequest) -> ServerNames? {
    func value(_ flag: String) -> String? { request.flags[flag]?.last }
    let flags = ConnectionSettings.Flags(
      server: value("--server"), context: value("--context"), credentials: value("--creds"),
      nkey: value("--nkey"),
      tlsCA: value("--tls-ca"), tlsCertificate: value("--tls-cert"), tlsKey: value("--tls-key"),
      inboxPrefix: value("--inbox-prefix"), domain: value("--js-domain"), apiPrefix: value("--js-api-prefix"))
    return ServerNames(flags, environment: ProcessEnvironment.value)
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
