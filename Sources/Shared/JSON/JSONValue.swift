// SPDX-License-Identifier: Apache-2.0

/// A small JSON document in memory: a request's body, discovery, a Status, an exec credential.
///
/// It is not used for objects that are passed on: these stay bytes.
package indirect enum JSONValue: Equatable, Sendable {
  /// A member of an object.
  package struct Member: Equatable, Sendable {
    package var key: String
    package var value: JSONValue

    package init(_ key: String, _ value: JSONValue) {
      self.key = key
      self.value = value
    }
  }

  case null
  case bool(Bool)
  /// A number as it was written, to the last digit.
  case number(String)
  case string(String)
  case array([JSONValue])
  /// The members in order. The first of duplicate keys wins, in every tool.
  case object([Member])

  /// The value of a key; nil when this is not an object, or has no such key.
  package subscript(key: String) -> JSONValue? {
    guard case .object(let members) = self else { return nil }
    return members.first { $0.key == key }?.value
  }

  package var string: String? { if case .string(let text) = self { text } else { nil } }
  package var bool: Bool? { if case .bool(let flag) = self { flag } else { nil } }
  package var integer: Int? { if case .number(let text) = self { Int(text) } else { nil } }

  /// The elements of an array; none for any other value.
  package var elements: [JSONValue] { if case .array(let elements) = self { elements } else { [] } }

  /// The members of an object; none for any other value.
  package var members: [Member] { if case .object(let members) = self { members } else { [] } }

  /// The elements of an array of strings; nil for any other value.
  package var strings: [String]? {
    guard case .array(let elements) = self else { return nil }
    let texts = elements.compactMap(\.string)
    return texts.count == elements.count ? texts : nil
  }
}
