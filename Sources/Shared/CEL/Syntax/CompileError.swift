// SPDX-License-Identifier: Apache-2.0

/// An error in an expression that was found at compilation, with its position.
public struct CompileError: Error, Sendable {
  /// The kind of error.
  public enum Code: Sendable {
    case syntax, undeclared, type, limit, macro
  }

  /// The kind of error.
  public let code: Code
  /// The message in one line, without the position.
  public let message: String
  /// The line, from 1.
  public let line: Int
  /// The column in code points, from 1.
  public let column: Int
  /// Two lines, without a final newline: the source line, and a caret under the column.
  public let caretText: String
  /// The name that the author probably meant, or nil.
  public let suggestion: String?
}

extension CompileError: CustomStringConvertible {
  /// `1:7: undeclared reference to 'objcet', did you mean 'object'?`, followed by ``caretText``.
  public var description: String {
    let hint = suggestion.map { ", did you mean '\($0)'?" } ?? ""
    return "\(line):\(column): \(message)\(hint)\n\(caretText)"
  }
}

extension CompileError {
  /// Creates an error at a UTF-8 offset of the source.
  package init(_ code: Code, _ message: String, in source: String, at offset: Int, suggestion: String? = nil)
  {
    let bytes = Array(source.utf8)
    let offset = max(0, min(offset, bytes.count))
    let start = bytes[..<offset].lastIndex(of: 0x0A).map { $0 + 1 } ?? 0
    let end = bytes[offset...].firstIndex(of: 0x0A) ?? bytes.count
    let before = String(decoding: bytes[start..<offset], as: UTF8.self).unicodeScalars
    self.code = code
    self.message = message
    self.suggestion = suggestion
    self.line = bytes[..<offset].count { $0 == 0x0A } + 1
    self.column = before.count + 1
    self.caretText = CaretText.make(
      before: Array(before), after: Array(String(decoding: bytes[offset..<end], as: UTF8.self).unicodeScalars)
    )
  }
}

/// The source line and a caret below it, shortened to the width of a terminal.
private enum CaretText {
  private static let width = 60

  static func make(before: [Unicode.Scalar], after: [Unicode.Scalar]) -> String {
    let left = before.suffix(width)
    let right = after.prefix(width)
    var line = String.UnicodeScalarView()
    var caret = String.UnicodeScalarView()
    if left.count < before.count {
      line.append(contentsOf: "…".unicodeScalars)
      caret.append(" ")
    }
    for scalar in left {
      line.append(printable(scalar))
      caret.append(scalar == "\t" ? "\t" : " ")
    }
    line.append(contentsOf: right.map(printable))
    if right.count < after.count { line.append(contentsOf: "…".unicodeScalars) }
    return "\(String(line))\n\(String(caret))^"
  }

  /// Replaces control characters, and those that change the direction of text, so that an untrusted expression
  /// cannot send them to a terminal.
  private static func printable(_ scalar: Unicode.Scalar) -> Unicode.Scalar {
    switch scalar.value {
    case 0x09: scalar
    case 0x00..<0x20, 0x7F...0x9F, 0x061C, 0x200E...0x200F, 0x2028...0x202E, 0x2066...0x2069: "\u{FFFD}"
    default: scalar
    }
  }
}
