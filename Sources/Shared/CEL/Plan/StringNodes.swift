// SPDX-License-Identifier: Apache-2.0

import CRE2

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// `text.contains(part)`, `text.startsWith(part)`, `text.endsWith(part)`. It reads the bytes of a document in
/// place.
final class StringTestNode: Node, @unchecked Sendable {
  let operand: Node
  let part: Node
  let test: StringTest
  /// The part, if it is a constant.
  let partConstant: StringConstant?

  init(_ expression: Expr, _ operand: Node, _ part: Node, _ test: StringTest) {
    self.operand = operand
    self.part = part
    self.test = test
    if case .string(let text) = part.constant {
      self.partConstant = StringConstant(text)
    } else {
      self.partConstant = nil
    }
    let length = partConstant?.utf8.count ?? 0
    super.init(offset: expression.offset, cost: operand.cost + part.cost + 1 + length / 64)
  }

  override func evaluateBool(_ activation: inout Activation) throws(EvaluationError) -> Bool {
    let value = try operand.evaluate(&activation)
    guard let constant = partConstant else {
      guard case .string(let part) = try part.evaluate(&activation).native else { throw mismatch() }
      try activation.spend(Steps.making(bytes: part.utf8.count))
      return try apply(value, StringConstant(part), &activation)
    }
    return try apply(value, constant, &activation)
  }

  private func apply(
    _ value: Value, _ part: StringConstant, _ activation: inout Activation
  ) throws(EvaluationError) -> Bool {
    if case .foreign(let foreign) = value, foreign.kind == .string,
      let bytes = unsafe foreign.source.rawString(foreign.node)
    {
      if test == .contains { try activation.spend(bytes.count / 10) }
      try activation.settle(foreign.source)
      return unsafe part.utf8.withUnsafeBufferPointer { unsafe test.holds(bytes, $0) }
    }
    guard case .string(var text) = value.native else { throw mismatch() }
    try activation.settle(value)
    if test == .contains { try activation.spend(text.utf8.count / 10) }
    return text.withUTF8 { text in
      unsafe part.utf8.withUnsafeBufferPointer { unsafe test.holds(text, $0) }
    }
  }

  private func mismatch() -> EvaluationError { error(.noMatchingOverload, test.rawValue) }
}

/// The three tests for a part of a string.
enum StringTest: String, Sendable {
  case contains, startsWith, endsWith

  func holds(_ text: UnsafeBufferPointer<UInt8>, _ part: UnsafeBufferPointer<UInt8>) -> Bool {
    guard part.count <= text.count else { return false }
    guard let textStart = text.baseAddress, let partStart = part.baseAddress, part.count > 0 else {
      return true
    }
    switch self {
    case .contains: return unsafe cre2_find_bytes(textStart, text.count, partStart, part.count)
    case .startsWith: return unsafe memcmp(textStart, partStart, part.count) == 0
    case .endsWith: return unsafe memcmp(textStart + (text.count - part.count), partStart, part.count) == 0
    }
  }

  func holds(_ text: String, _ part: String) -> Bool {
    var text = text
    var part = part
    return text.withUTF8 { text in part.withUTF8 { part in unsafe holds(text, part) } }
  }
}

/// `text.matches(pattern)`
final class MatchesNode: Node, @unchecked Sendable {
  let operand: Node
  let pattern: Node
  /// The compiled pattern, if it is a constant.
  let regex: Regex?

  init(_ expression: Expr, _ operand: Node, _ pattern: Node, _ regex: Regex?) {
    self.operand = operand
    self.pattern = pattern
    self.regex = regex
    super.init(offset: expression.offset, cost: operand.cost + pattern.cost + 1)
  }

  override func evaluateBool(_ activation: inout Activation) throws(EvaluationError) -> Bool {
    let value = try operand.evaluate(&activation)
    guard let regex else {
      guard case .string(let pattern) = try pattern.evaluate(&activation).native else {
        throw error(.noMatchingOverload, "matches")
      }
      do throws(EvaluationError) {
        return try apply(value, try RuntimePatterns.regex(pattern, &activation.meter), &activation)
      } catch { throw error.located(at: offset) }
    }
    return try apply(value, regex, &activation)
  }

  private func apply(
    _ value: Value, _ regex: Regex, _ activation: inout Activation
  ) throws(EvaluationError) -> Bool {
    if case .foreign(let foreign) = value, foreign.kind == .string,
      let bytes = unsafe foreign.source.rawString(foreign.node)
    {
      try activation.spend(regex.shape.searchCost(bytes.count))
      return unsafe regex.matches(bytes)
    }
    guard case .string(let text) = value.native else { throw error(.noMatchingOverload, "matches") }
    try activation.settle(value)
    try activation.spend(regex.shape.searchCost(text.utf8.count))
    return regex.matches(text)
  }
}

/// `size(operand)`
final class SizeNode: Node, @unchecked Sendable {
  let operand: Node

  init(_ expression: Expr, _ operand: Node) {
    self.operand = operand
    super.init(offset: expression.offset, cost: operand.cost + 1)
  }

  override func evaluate(_ activation: inout Activation) throws(EvaluationError) -> Value {
    let value = try operand.evaluate(&activation)
    switch value {
    case .foreign(let foreign):
      guard foreign.kind == .string else {
        guard foreign.kind != .number else { throw mismatch("size", [value]) }
        let count = foreign.source.count(foreign.node)
        try activation.settle(foreign.source)
        return .int(Int64(count))
      }
      if let bytes = unsafe foreign.source.rawString(foreign.node) {
        try activation.spend(bytes.count / 10)
        return .int(Int64(unsafe bytes.count { $0 & 0xC0 != 0x80 }))
      }
    case .string(let text): try activation.spend(text.utf8.count / 10)
    default: break
    }
    let size = value.native.size
    try activation.settle(value)
    guard let size else { throw mismatch("size", [value]) }
    return .int(size)
  }
}

extension Value {
  /// The number of code points of a string, octets of bytes, elements of a list, or entries of a map; nil for
  /// other values.
  var size: Int64? {
    switch self {
    case .string(let text): Int64(text.unicodeScalars.count)
    case .bytes(let bytes): Int64(bytes.count)
    case .list(let list): Int64(list.count)
    case .map(let map): Int64(map.count)
    default: nil
    }
  }
}
