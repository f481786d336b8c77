// SPDX-License-Identifier: Apache-2.0
internal import Command
import WfanoutCore

extension WfanoutCommand {
  static func completions(for request: CompletionRequest) -> Completion {
    switch request.place {
    case .value(of: "--overflow", _):
      request.matching(OverflowPolicy.allCases.map { Completion.Word($0.rawValue) })
    case .value(of: "--speed", _): request.matching([Completion.Word("max")])
    default: .nothing
    }
  }
}
