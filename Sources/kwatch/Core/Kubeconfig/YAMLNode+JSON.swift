// SPDX-License-Identifier: Apache-2.0
import JSON
import YAML

extension YAMLNode {
  /// For messages, with an article: what a node is in JSON.
  var kindInJSON: String {
    switch self {
    case .sequence: "a list"
    case .mapping: "a mapping"
    case .scalar(_, isPlain: false): "a string"
    case .scalar(let text, isPlain: true):
      switch PlainScalar(text) {
      case .null: "null"
      case .bool: "a truth value"
      case .number: "a number"
      case .string: "a string"
      }
    }
  }

  /// The text of a scalar that is a string in JSON, too.
  var jsonString: String? {
    guard case .scalar(let text, let isPlain) = self, !isPlain || PlainScalar(text) == .string else {
      return nil
    }
    return text
  }

  /// The node as JSON text, as kubectl converts it.
  var json: String {
    var writer = JSONWriter()
    write(to: &writer)
    return String(decoding: writer.bytes, as: UTF8.self)
  }

  private func write(to writer: inout JSONWriter) {
    switch self {
    case .scalar(let text, isPlain: false): writer.value(text)
    case .scalar(let text, isPlain: true):
      switch PlainScalar(text) {
      case .null: writer.null()
      case .bool(let flag): writer.value(flag)
      case .number(let number?): writer.raw(number.utf8)
      case .number(nil), .string: writer.value(text)
      }
    case .sequence(let elements):
      writer.array { writer in for element in elements { element.write(to: &writer) } }
    case .mapping(let members):
      writer.object { writer in
        for member in members {
          writer.key(member.key.string ?? member.key.json)
          member.value.write(to: &writer)
        }
      }
    }
  }
}
