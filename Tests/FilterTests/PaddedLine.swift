// SPDX-License-Identifier: Apache-2.0

import JSON

@testable import Filter

/// A line followed by the padding that reading in place needs. Code that used the padding would give wrong
/// results.
@safe final class PaddedLine {
  private let memory: UnsafeMutablePointer<UInt8>
  private let count: Int

  init(_ text: String) {
    let bytes = Array(text.utf8)
    let padding = Array(#""}]}:,"x":{"a":1}"#.utf8)
    let all = bytes + [0x0A] + (0..<JSONCursor.padding).map { padding[$0 % padding.count] }
    unsafe memory = .allocate(capacity: all.count)
    unsafe memory.initialize(from: all, count: all.count)
    count = bytes.count
  }

  deinit { unsafe memory.deallocate() }

  /// Reads from the value while the memory is there.
  func read<Result>(_ body: (RawJSON) throws -> Result) rethrows -> Result {
    try withExtendedLifetime(self) { unsafe try body(RawJSON(line: memory, count: count)) }
  }

  func test(_ evaluator: LineEvaluator, context: LineContext = LineContext()) -> Verdict {
    read { evaluator.test($0, context: context) }
  }
}
