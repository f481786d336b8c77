// SPDX-License-Identifier: Apache-2.0

extension JSONValue {
  /// Kubernetes objects are a few dozen levels deep. A recursive parser needs a limit.
  package static let depthLimit = 512

  /// Parses one JSON text, strictly as RFC 8259 defines it: a number with a leading zero, a lone surrogate or
  /// a byte after the value is an error.
  ///
  /// Containers may be nested up to `depthLimit`, which is at most ``depthLimit``.
  /// - Throws: ``JSONError``.
  package init(parsing bytes: [UInt8], depthLimit: Int = JSONValue.depthLimit) throws(JSONError) {
    try self.init(parsing: bytes.span, depthLimit: depthLimit)
  }

  package init(parsing text: Span<UInt8>, depthLimit: Int = JSONValue.depthLimit) throws(JSONError) {
    var walker = JSONWalker()
    self = try Self.parse(text, &walker, depth: min(depthLimit, JSONValue.depthLimit))
    walker.skipSpace(text)
    guard walker.position == text.count else { throw .unexpected(at: walker.position) }
  }

  private static func parse(
    _ text: Span<UInt8>, _ walker: inout JSONWalker, depth: Int
  ) throws(JSONError) -> JSONValue {
    switch try walker.peek(text) {
    case UInt8(ascii: "{"):
      guard depth > 0 else { throw .tooDeep }
      try walker.enterObject(text)
      var members: [Member] = []
      while let key = try walker.nextKey(text) {
        let name = try string(text, key)
        members.append(Member(name, try parse(text, &walker, depth: depth - 1)))
      }
      return .object(members)
    case UInt8(ascii: "["):
      guard depth > 0 else { throw .tooDeep }
      try walker.enterArray(text)
      var elements: [JSONValue] = []
      while try walker.nextElement(text) { elements.append(try parse(text, &walker, depth: depth - 1)) }
      return .array(elements)
    case UInt8(ascii: "\""): return .string(try string(text, try walker.string(text)))
    default: return try scalar(text, try walker.skipValue(text))
    }
  }

  private static func string(_ text: Span<UInt8>, _ range: Range<Int>) throws(JSONError) -> String {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(range.count)
    let content = text.extracting(range)
    for index in content.indices where content[index] < 0x20 {
      throw .unexpected(at: range.lowerBound + index)
    }
    let isWhole = unsafe content.withUnsafeBufferPointer {
      unsafe JSONEscapes.decodeAndCheck($0, into: &bytes)
    }
    guard isWhole, let string = String(validating: bytes, as: UTF8.self) else {
      throw .invalidString(at: range.lowerBound)
    }
    return string
  }

  private static func scalar(_ text: Span<UInt8>, _ range: Range<Int>) throws(JSONError) -> JSONValue {
    switch text.text(range) {
    case "null": return .null
    case "true": return .bool(true)
    case "false": return .bool(false)
    case let number:
      guard isNumber(Array(number.utf8)) else { throw .unexpected(at: range.lowerBound) }
      return .number(number)
    }
  }

  /// Whether bytes are a number (RFC 8259 §6).
  private static func isNumber(_ bytes: [UInt8]) -> Bool {
    var rest = bytes[...]
    func digits() -> Int {
      let count = rest.prefix { (0x30...0x39).contains($0) }.count
      rest = rest.dropFirst(count)
      return count
    }
    if rest.first == UInt8(ascii: "-") { rest = rest.dropFirst() }
    let startsWithZero = rest.first == UInt8(ascii: "0")
    let whole = digits()
    guard whole > 0, !startsWithZero || whole == 1 else { return false }
    if rest.first == UInt8(ascii: ".") {
      rest = rest.dropFirst()
      guard digits() > 0 else { return false }
    }
    if rest.first.map({ $0 | 0x20 }) == UInt8(ascii: "e") {
      rest = rest.dropFirst()
      if rest.first == UInt8(ascii: "+") || rest.first == UInt8(ascii: "-") { rest = rest.dropFirst() }
      guard digits() > 0 else { return false }
    }
    return rest.isEmpty
  }
}
