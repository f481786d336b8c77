// SPDX-License-Identifier: Apache-2.0

import Command
import Events

extension WfilterCommand {
  /// The first operand is an expression, which only a person can write; the others are files.
  static func completions(for request: CompletionRequest) -> Completion {
    if case .value(of: "--type", _) = request.place {
      return request.matching(EventType.allCases.map { Completion.Word($0.rawValue) }, separator: ",")
    }
    guard case .operand(let index) = request.place else { return .nothing }
    let hasExpression = request.flags["--file"] != nil
    let hasSelector = ["--selector", "--field-selector", "--type"].contains { request.flags[$0] != nil }
    return index > 0 || hasExpression || hasSelector ? .files : .nothing
  }
}
