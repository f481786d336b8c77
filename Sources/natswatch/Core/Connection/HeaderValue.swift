// SPDX-License-Identifier: Apache-2.0

import JSON

/// The value of a header: bytes, which are UTF-8 by custom only.
package struct HeaderValue: Sendable, Equatable, ExpressibleByStringInterpolation {
  let bytes: [UInt8]

  init(_ bytes: some Sequence<UInt8>) { self.bytes = Array(bytes) }

  package init(_ text: String) { bytes = Array(text.utf8) }
  package init(stringLiteral text: String) { self.init(text) }

  /// Bytes that are not UTF-8 become U+FFFD.
  package var text: String { String(decoding: bytes, as: UTF8.self) }

  /// Whether ``text`` is the complete value.
  var isText: Bool { String(validating: bytes, as: UTF8.self) != nil }
}

extension JSONWriter {
  /// Writes an object with a member for each header: a string, or an array if it has several values.
  mutating func object(_ headers: HeaderBlock.Headers, _ text: (HeaderValue) -> String) {
    object { object in
      for (name, values) in headers {
        object.key(name)
        if values.count == 1 {
          object.value(text(values[0]))
        } else {
          object.array { for value in values { $0.value(text(value)) } }
        }
      }
    }
  }
}
