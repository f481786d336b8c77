// SPDX-License-Identifier: Apache-2.0
import JSON

extension JSONValue {
  /// What a client sent: a protocol message or the body of a request. Nil when it is not one JSON text.
  init?(_ bytes: [UInt8]) {
    guard let value = try? JSONValue(parsing: bytes) else { return nil }
    self = value
  }
}
