// SPDX-License-Identifier: Apache-2.0

package import JSON

/// Finds comparisons that no line can satisfy, because a number is compared with a string: `code == "200"`.
package struct KindCheck: Sendable {
  /// How the kinds of a line's values compare with those of the constants.
  package enum Finding: Equatable, Sendable {
    /// It has none of the values.
    case nothing
    /// A value has the kind of its constant.
    case agreement
    case conflict(reason: String)
  }

  private let comparisons: [(path: ScopedPath, operand: Comparison.Operand)]

  /// Nil if no operand is a number, a bool, or the text of one.
  init?(_ equalities: [(path: ScopedPath, operand: Comparison.Operand)]) {
    comparisons = equalities.filter { equality in
      switch equality.operand {
      case .number, .bool: true
      case .string(let text): Self.isScalar(text)
      case .null: false
      }
    }
    if comparisons.isEmpty { return nil }
  }

  private static func isScalar(_ text: some Collection<UInt8>) -> Bool {
    let text = String(decoding: text, as: UTF8.self)
    if text == "true" || text == "false" { return true }
    return text.first.map { $0 == "-" || ("0"..."9").contains($0) } == true && Double(text) != nil
  }

  /// Compares the kinds of a line's values with those of the constants.
  package func finding(_ line: RawJSON, inEvent: Bool) -> Finding {
    var finding = Finding.nothing
    for (path, operand) in comparisons {
      guard let value = line.member(at: path.keys(inEvent: inEvent)), let kind = value.kind, kind != .null
      else {
        continue
      }
      let name = path.keys.joined(separator: ".")
      switch (kind, operand) {
      case (.number, .string(let text)), (.bool, .string(let text)):
        let plain = String(decoding: text, as: UTF8.self)
        guard (kind == .bool) == (plain == "true" || plain == "false") else { return .agreement }
        return .conflict(
          reason: "\(name) is a \(kind), and is compared with a string: write \(plain) without quotes")
      case (.string, .number), (.string, .bool):
        guard let text = value.text, Self.isScalar(text.utf8.dropFirst().dropLast()) else {
          return .agreement
        }
        return .conflict(
          reason:
            "\(name) is a string, and is compared with a \(operand.kindName): write the constant in quotes")
      default: finding = .agreement
      }
    }
    return finding
  }
}

extension Comparison.Operand {
  fileprivate var kindName: String { if case .bool = self { "bool" } else { "number" } }
}
