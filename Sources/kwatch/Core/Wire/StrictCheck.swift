// SPDX-License-Identifier: Apache-2.0
import JSON

/// Checks an object by the letter of RFC 8259 before it is printed: damaged bytes are an error, not a line.
struct StrictCheck {
  private let check = JSONCheck()
  private let padded = PaddedBytes()

  /// What is wrong with a value; nil if nothing is.
  func fault(in text: Span<UInt8>) -> String? {
    check.begin()
    if case .whole(let end) = check.next(text), isBlank(text, from: end), JSONCheck.isUTF8(text) {
      return nil
    }
    return unsafe text.withUnsafeBufferPointer { bytes in
      let copy = unsafe padded.copy(bytes)
      guard let start = copy.baseAddress else { return "it is empty" }
      let value = unsafe RawJSON(line: start, count: copy.count)
      return value.fault(strictly: true)?.description
    }
  }

  private func isBlank(_ text: Span<UInt8>, from start: Int) -> Bool {
    var walker = JSONWalker(at: start)
    walker.skipSpace(text)
    return walker.position == text.count
  }
}
