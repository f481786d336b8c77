// SPDX-License-Identifier: Apache-2.0

@testable import JSON

/// A text followed by the padding that reading in place needs. Code that used the padding would give wrong
/// results.
@safe final class PaddedText {
  private let memory: UnsafeMutablePointer<UInt8>
  private let count: Int

  init(_ bytes: [UInt8]) {
    let padding = Array(#""}]}:,"x":{"a":1}"#.utf8)
    let all = bytes + (0..<JSONCursor.padding).map { padding[$0 % padding.count] }
    unsafe memory = .allocate(capacity: all.count)
    unsafe memory.initialize(from: all, count: all.count)
    count = bytes.count
  }

  convenience init(_ text: String) { self.init(Array(text.utf8)) }

  deinit { unsafe memory.deallocate() }

  /// Reads from the value while the memory is there.
  func read<Result>(_ body: (RawJSON) -> Result) -> Result {
    withExtendedLifetime(self) { unsafe body(RawJSON(line: memory, count: count)) }
  }

  func fault(strictly: Bool = false) -> LineFault? { read { $0.fault(strictly: strictly) } }
}
