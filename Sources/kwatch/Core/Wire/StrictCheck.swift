// SPDX-License-Identifier: Apache-2.0
import JSON

/// Validates an object (RFC 8259) before it is printed, so that damaged bytes are an error and not a line.
struct StrictCheck {
  private let check = JSONCheck()
  private let padded = PaddedBytes()

  /// The fault of a value; nil if it is valid.
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
