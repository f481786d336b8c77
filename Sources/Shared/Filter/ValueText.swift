// SPDX-License-Identifier: Apache-2.0

import CEL
import JSON

/// CEL values as compact JSON.
///
/// Values that are part of the line are copied as they were written, numbers to the last digit; only white
/// space between tokens is removed.
enum ValueText {
  /// Appends a value. No further part of it is appended when `bytes` is longer than `limit`.
  ///
  /// - Throws: `EvaluationError` for a value that JSON cannot express: NaN, infinity, a type, an optional
  ///   without value; for a value that is too long, `costLimitExceeded`.
  static func append(
    _ value: Value, to bytes: inout [UInt8], limit: Int = .max, depth: Int = 0
  ) throws(EvaluationError) {
    guard bytes.count <= limit else { throw EvaluationError(.costLimitExceeded) }
    guard depth < 500 else { throw .invalidArgument("the value is nested too deeply to be printed") }
    switch value {
    case .null: bytes += "null".utf8
    case .bool(let value): bytes += (value ? "true" : "false").utf8
    case .int(let value): bytes += "\(value)".utf8
    case .uint(let value): bytes += "\(value)".utf8
    case .double(let value):
      guard value.isFinite else {
        throw .invalidArgument("\(value.isNaN ? "NaN" : "infinity") cannot be written as JSON")
      }
      JSONOutput.append(value, to: &bytes)
    case .string(let value): try append(string: value, to: &bytes, limit)
    case .foreign(let foreign):
      if let source = foreign.source as? JSONSource {
        JSONOutput.append(compact: source.raw(foreign.node), to: &bytes)
      } else if let number = foreign.source as? NumberConstant {
        bytes += number.text
      } else {
        try append(foreign.native, to: &bytes, limit: limit, depth: depth + 1)
      }
    case .list(let list):
      bytes.append(UInt8(ascii: "["))
      for (index, element) in list.rawElements.enumerated() {
        if index > 0 { bytes.append(UInt8(ascii: ",")) }
        try append(element, to: &bytes, limit: limit, depth: depth + 1)
      }
      bytes.append(UInt8(ascii: "]"))
    case .map(let map):
      bytes.append(UInt8(ascii: "{"))
      for (index, entry) in map.entries.enumerated() {
        if index > 0 { bytes.append(UInt8(ascii: ",")) }
        if case .string(let key) = entry.key.native {
          try append(string: key, to: &bytes, limit)
        } else {
          bytes.append(UInt8(ascii: "\""))
          try append(entry.key, to: &bytes, limit: limit, depth: depth + 1)
          bytes.append(UInt8(ascii: "\""))
        }
        bytes.append(UInt8(ascii: ":"))
        try append(entry.value, to: &bytes, limit: limit, depth: depth + 1)
      }
      bytes.append(UInt8(ascii: "}"))
    case .optional(let inner):
      guard let inner else { throw .invalidArgument("optional.none() cannot be written as JSON") }
      try append(inner, to: &bytes, limit: limit, depth: depth + 1)
    case .bytes, .timestamp, .duration: bytes += try JSONEncoding.encode(value).utf8
    case .type(let name): JSONText.append(string: name.description.utf8, to: &bytes)
    case .opaque(let value):
      throw .invalidArgument("a value of type \(value.typeName) cannot be written as JSON: use string()")
    }
  }

  private static func append(
    string: String, to bytes: inout [UInt8], _ limit: Int
  ) throws(EvaluationError) {
    let room = limit - bytes.count
    let count = string.utf8.count
    // An escaped byte takes up to six.
    guard count <= room / 6 || JSONText.escapedCount(string.utf8) <= room else {
      throw EvaluationError(.costLimitExceeded)
    }
    JSONText.append(string: string.utf8, to: &bytes)
  }
}
