// SPDX-License-Identifier: Apache-2.0

/// A small JSON document that a client sent: a protocol message or the body of a request.
///
/// Strict (RFC 8259) and bounded in depth, since it comes from strangers. Numbers are kept as their text. The first of
/// duplicate keys wins.
indirect enum JSONDocument: Equatable, Sendable {
  case null
  case bool(Bool)
  case number(String)
  case string(String)
  case array([JSONDocument])
  case object([(key: String, value: JSONDocument)])

  /// Nil when the bytes are not one JSON text.
  init?(_ bytes: [UInt8]) {
    var parser = JSONDocumentParser(bytes)
    guard let value = parser.document() else { return nil }
    self = value
  }

  subscript(key: String) -> JSONDocument? {
    guard case .object(let members) = self else { return nil }
    return members.first { $0.key == key }?.value
  }

  var string: String? {
    guard case .string(let text) = self else { return nil }
    return text
  }

  var bool: Bool? {
    guard case .bool(let value) = self else { return nil }
    return value
  }

  /// The elements, when all of them are strings.
  var strings: [String]? {
    guard case .array(let elements) = self else { return nil }
    var texts: [String] = []
    for element in elements {
      guard let text = element.string else { return nil }
      texts.append(text)
    }
    return texts
  }

  static func == (left: JSONDocument, right: JSONDocument) -> Bool {
    switch (left, right) {
    case (.null, .null): true
    case (.bool(let left), .bool(let right)): left == right
    case (.number(let left), .number(let right)), (.string(let left), .string(let right)): left == right
    case (.array(let left), .array(let right)): left == right
    case (.object(let left), .object(let right)):
      left.count == right.count && zip(left, right).allSatisfy { $0.key == $1.key && $0.value == $1.value }
    default: false
    }
  }
}
