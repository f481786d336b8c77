// SPDX-License-Identifier: Apache-2.0

package import JSON

extension PathPattern {
  /// Whether it selects at most one value.
  package var isSingle: Bool { !steps.contains(.all) }

  /// A scalar's text: a string's content without escapes, a number or bool as it is written.
  ///
  /// `line` is a valid JSON object; `isEvent`: whether it is an event. Nil if the value is missing, null, an
  /// object or a list, and for a pattern with `*`.
  package func text(in line: RawJSON, isEvent: Bool) -> [UInt8]? {
    var value: RawJSON? = isEvent && !isAbsolute ? line.member("object") : line
    for step in steps {
      switch step {
      case .key(let key): value = value?.member(key)
      case .index(let index):
        value = value.flatMap(RawJSON.Elements.init)?.dropFirst(index).first { _ in true }
      case .all: return nil
      }
    }
    guard let value else { return nil }
    switch value.kind {
    case .string:
      var text: [UInt8] = []
      value.appendString(to: &text)
      return text
    case .number, .bool: return unsafe value.bytes.map { unsafe Array($0) }
    case .null, .object, .array, nil: return nil
    }
  }
}
