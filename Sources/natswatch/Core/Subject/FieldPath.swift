// SPDX-License-Identifier: Apache-2.0

package import JSON

/// The way to a field of a line: `metadata.namespace`, `metadata.labels["app.kubernetes.io/name"]`.
///
/// The names are those of wfilter: in a watch event `type`, `object`, `source` and `self` are the line's own, any
/// other name is a key of `object`; in any other line, names are its keys.
package struct FieldPath: Sendable, Equatable {
  package let segments: [[UInt8]]

  /// Nil when `text` is no path.
  package init?(_ text: String) {
    var segments: [[UInt8]] = []
    var rest = Array(text.utf8)[...]
    var isFirst = true
    while let byte = rest.first {
      if byte == UInt8(ascii: "[") {
        guard !isFirst, let end = Self.bracket(rest) else { return nil }
        segments.append(Array(rest[(rest.startIndex + 2)..<(end - 2)]))
        rest = rest[end...]
      } else {
        if !isFirst {
          guard byte == UInt8(ascii: ".") else { return nil }
          rest = rest.dropFirst()
        }
        let name = rest.prefix { $0 != UInt8(ascii: ".") && $0 != UInt8(ascii: "[") }
        guard !name.isEmpty else { return nil }
        segments.append(Array(name))
        rest = rest[name.endIndex...]
      }
      isFirst = false
    }
    guard !segments.isEmpty else { return nil }
    self.segments = segments
  }

  /// Where `["…"]` at the start of `text` ends.
  private static func bracket(_ text: ArraySlice<UInt8>) -> Int? {
    let start = text.startIndex
    guard text.count >= 5, text[start + 1] == UInt8(ascii: "\"") || text[start + 1] == UInt8(ascii: "'")
    else {
      return nil
    }
    let quote = text[start + 1]
    guard let end = text[(start + 2)...].firstIndex(of: quote), end + 1 < text.endIndex,
      text[end + 1] == UInt8(ascii: "]")
    else { return nil }
    return end + 2
  }

  /// A scalar's text: a string's content without escapes, a number or bool as it stands.
  ///
  /// - Parameters:
  ///   - line: One JSON object, checked already.
  ///   - isEvent: Whether the line is a watch event.
  /// - Returns: Nil when the field is missing, null, an object or a list.
  package func text(in line: RawJSON, isEvent: Bool) -> [UInt8]? {
    var path = segments[...]
    if path.first == Array("self".utf8) {
      path = path.dropFirst()
    } else if isEvent, let first = path.first,
      !["type", "object", "source"].contains(where: { Array($0.utf8) == first })
    {
      path = [Array("object".utf8)] + path
    }
    var value = line
    for segment in path {
      guard let member = value.member(segment) else { return nil }
      value = member
    }
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
