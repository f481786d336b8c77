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
    guard let text = unsafe value.bytes else { return }
    guard unsafe text.contains(where: { $0 <= 0x20 }) else {
      unsafe bytes.append(contentsOf: text)
      return
    }
    var isInString = false
    var isEscaped = false
    for index in text.indices {
      let byte = unsafe text[index]
      if isInString {
        isInString = isEscaped || byte != UInt8(ascii: "\"")
        isEscaped = !isEscaped && byte == UInt8(ascii: "\\")
      } else if byte <= 0x20 {
        continue
      } else {
        isInString = byte == UInt8(ascii: "\"")
      }
      bytes.append(byte)
    }
  }
}
