// SPDX-License-Identifier: Apache-2.0

import CJSON

/// Writes JSON text.
package enum JSONOutput {
  /// Appends a finite double as the shortest number that reads back as the same.
  package static func append(_ value: Double, to bytes: inout [UInt8]) {
    var text = InlineArray<32, UInt8>(repeating: 0)
    var span = text.mutableSpan
    let count = unsafe span.withUnsafeMutableBufferPointer { buffer in
      unsafe buffer.baseAddress.map { unsafe json_print_double(value, $0) } ?? 0
    }
    for index in 0..<count { bytes.append(text[index]) }
  }

  /// Appends a value as it was written, without white space between its tokens.
  package static func append(compact value: RawJSON, to bytes: inout [UInt8]) {
    guard let end = value.end else { return }
    // What has no white space outside strings is appended as a whole.
    var copied = value.start
    var position = value.start
    while position < end {
      let byte = position.byte
      if byte == UInt8(ascii: "\"") {
        var escaped = false
        position = (position + 1).stringEnd(end, escaped: &escaped).map { $0 + 1 } ?? end
      } else if byte <= 0x20 {
        append(copied, position, to: &bytes)
        position = position.pastSpace(end)
        copied = position
      } else {
        position = position + 1
      }
    }
    append(copied, end, to: &bytes)
  }

  private static func append(_ start: JSONCursor, _ end: JSONCursor, to bytes: inout [UInt8]) {
    unsafe bytes.append(contentsOf: UnsafeBufferPointer(start: start.address, count: end - start))
  }
}
