// SPDX-License-Identifier: Apache-2.0

/// Writes one JSON text: adds the commas and quotes the strings.
///
/// ```swift
/// var writer = JSONWriter()
/// writer.object { $0.member("kind", "Status"); $0.member("code", 410) }
/// ```
package struct JSONWriter: Sendable {
  package private(set) var bytes: [UInt8]
  private var needsComma = false

  /// Starts after existing bytes, such as the head of a frame.
  package init(after bytes: [UInt8] = []) { self.bytes = bytes }

  private mutating func separate() {
    if needsComma { bytes.append(UInt8(ascii: ",")) }
    needsComma = true
  }

  /// Writes an object, whose members `body` writes.
  package mutating func object<E>(_ body: (inout JSONWriter) throws(E) -> Void) throws(E) {
    try container(UInt8(ascii: "{"), UInt8(ascii: "}"), body)
  }

  /// Writes an array, whose elements `body` writes.
  package mutating func array<E>(_ body: (inout JSONWriter) throws(E) -> Void) throws(E) {
    try container(UInt8(ascii: "["), UInt8(ascii: "]"), body)
  }

  private mutating func container<E>(
    _ opening: UInt8, _ closing: UInt8, _ body: (inout JSONWriter) throws(E) -> Void
  ) throws(E) {
    separate()
    bytes.append(opening)
    needsComma = false
    try body(&self)
    bytes.append(closing)
    needsComma = true
  }

  /// Writes a key, to be followed by its value.
  package mutating func key(_ name: String) {
    separate()
    JSONText.append(string: name.utf8, to: &bytes)
    bytes.append(UInt8(ascii: ":"))
    needsComma = false
  }

  package mutating func value(_ text: String) {
    separate()
    JSONText.append(string: text.utf8, to: &bytes)
  }

  package mutating func value(_ number: some BinaryInteger) { raw(Array(String(number).utf8)) }
  package mutating func value(_ flag: Bool) { raw(Array((flag ? "true" : "false").utf8)) }
  package mutating func null() { raw(Array("null".utf8)) }

  /// Writes bytes that are a JSON value already, unchanged.
  package mutating func raw(_ json: some Sequence<UInt8>) {
    separate()
    bytes.append(contentsOf: json)
  }

  package mutating func value(_ document: JSONValue) {
    switch document {
    case .null: null()
    case .bool(let flag): value(flag)
    case .number(let text): raw(Array(text.utf8))
    case .string(let text): value(text)
    case .array(let elements): array { writer in for element in elements { writer.value(element) } }
    case .object(let members):
      object { writer in
        for member in members {
          writer.key(member.key)
          writer.value(member.value)
        }
      }
    }
  }

  package mutating func member(_ name: String, _ text: String) {
    key(name)
    value(text)
  }

  package mutating func member(_ name: String, _ number: some BinaryInteger) {
    key(name)
    value(number)
  }

  package mutating func member(_ name: String, _ flag: Bool) {
    key(name)
    value(flag)
  }

  package mutating func member(_ name: String, raw json: some Sequence<UInt8>) {
    key(name)
    raw(json)
  }
}
