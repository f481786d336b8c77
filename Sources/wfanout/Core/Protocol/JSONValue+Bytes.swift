// SPDX-License-Identifier: Apache-2.0
import JSON

extension JSONValue {
  /// Parses a protocol message or the body of a request; nil if it is not one JSON text.
  init?(_ bytes: [UInt8]) {
    guard let value = try? JSONValue(parsing: bytes) else { return nil }
    self = value
  }
}
