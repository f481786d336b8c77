// SPDX-License-Identifier: Apache-2.0
internal import Glibc

/// The text of an `errno` value, from strerror(3).
package func systemMessage(_ number: Int32) -> String {
  var text = [CChar](repeating: 0, count: 256)
  guard unsafe strerror_r(number, &text, text.count) == 0 else { return "error \(number)" }
  return String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
}
