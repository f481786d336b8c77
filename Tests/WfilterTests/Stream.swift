// SPDX-License-Identifier: Apache-2.0

import TestSupport

/// Runs the built wfilter over lines.
enum Stream {
  static func event(_ type: String, _ object: String) -> String {
    #"{"type":"\#(type)","object":\#(object)}"#
  }

  static func pod(_ type: String, _ name: String, _ phase: String) -> String {
    event(
      type,
      #"{"metadata":{"name":"\#(name)","namespace":"d","uid":"u-\#(name)"},"status":{"phase":"\#(phase)"}}"#)
  }

  static func filter(_ arguments: [String], _ lines: [String]) throws -> Tool.Outcome {
    try Tool.run("wfilter", arguments, stdin: lines.map { $0 + "\n" }.joined())
  }
}
