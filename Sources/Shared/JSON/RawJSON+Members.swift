// SPDX-License-Identifier: Apache-2.0

extension RawJSON {
  /// The value under a key of an object: the first of equal keys. Nil when this is not an object, or a broken
  /// one.
  package func member(_ name: [UInt8]) -> RawJSON? {
    guard var members = Members(self) else { return nil }
    while let (_, value) = members.next() {
      if members.isKey(name) { return value }
    }
    return nil
  }

  /// The value under a key of an object: the first of equal keys.
  package func member(_ name: String) -> RawJSON? { member(Array(name.utf8)) }

  /// The value at the end of a path of keys.
  package func member(at path: [String]) -> RawJSON? {
    var value = self
    for name in path {
      guard let next = value.member(name) else { return nil }
      value = next
    }
    return value
  }

  /// Walks an object's members in order, repeated keys included.
  package struct Members {
    /// The position of the next member or of the closing bracket.
    package private(set) var position: JSONCursor
    /// Whether the walk ended at something that is not a member.
    package private(set) var isBroken = false
    private let limit: JSONCursor
    private var isDone = false
    private var isFirst = true
    /// The bytes between the quotes of the last member's key.
    package private(set) var keyStart: JSONCursor
    package private(set) var keyCount = 0
    /// Whether the last member's key has escapes.
    package private(set) var isKeyEscaped = false

    /// A walk from the first member; nil when the value is not an object.
    package init?(_ object: RawJSON) {
      guard object.kind == .object else { return nil }
      self.limit = object.limit
      self.position = object.start + 1
      self.keyStart = object.start
    }

    /// A walk that continues after a member, where an earlier one's ``position`` was.
    package init(resumingAt position: JSONCursor, limit: JSONCursor) {
      self.position = position
      self.limit = limit
      self.keyStart = position
      self.isFirst = false
    }

    /// The next member; nil at the end, and when what follows is not a member.
    package mutating func next() -> (key: RawJSON, value: RawJSON)? {
      guard !isDone else { return nil }
      position = position.pastSpace(limit)
      guard position < limit else { return stop(broken: true) }
      if position.byte == UInt8(ascii: "}") { return stop(broken: false) }
      if !isFirst {
        guard position.byte == UInt8(ascii: ",") else { return stop(broken: true) }
        position = (position + 1).pastSpace(limit)
      }
      isFirst = false
      var escaped = false
      guard position < limit, position.byte == UInt8(ascii: "\""),
        let quote = (position + 1).stringEnd(limit, escaped: &escaped)
      else { return stop(broken: true) }
      let colon = (quote + 1).pastSpace(limit)
      guard colon < limit, colon.byte == UInt8(ascii: ":") else { return stop(broken: true) }
      let start = (colon + 1).pastSpace(limit)
      guard start < limit, let end = start.pastValue(limit) else { return stop(broken: true) }
      let key = RawJSON(position, limit: limit)
      keyStart = position + 1
      keyCount = quote - keyStart
      isKeyEscaped = escaped
      position = end
      return (key, RawJSON(start, limit: limit))
    }

    /// Whether the last member's key is this one.
    package func isKey(_ name: [UInt8]) -> Bool {
      guard !isKeyEscaped else { return RawJSON(keyStart + -1, limit: limit).isString(name) }
      guard keyCount == name.count else { return false }
      var index = 0
      while index < keyCount, keyStart[index] == name[index] { index += 1 }
      return index == keyCount
    }

    private mutating func stop(broken: Bool) -> (key: RawJSON, value: RawJSON)? {
      isDone = true
      isBroken = broken
      return nil
    }
  }

  /// Walks an array's elements in order.
  package struct Elements: Sequence, IteratorProtocol {
    /// The position of the next element, of the comma before it, or of the closing bracket.
    package private(set) var position: JSONCursor
    private let limit: JSONCursor
    private var isDone = false
    private var isFirst = true

    /// A walk that continues after an element, where an earlier one's ``position`` was.
    package init(resumingAt position: JSONCursor, limit: JSONCursor) {
      self.position = position
      self.limit = limit
      self.isFirst = false
    }

    /// A walk from the first element; nil when the value is not an array.
    package init?(_ array: RawJSON) {
      guard array.kind == .array else { return nil }
      self.limit = array.limit
      self.position = array.start + 1
    }

    /// The next element; nil at the end, and when what follows is not an element.
    package mutating func next() -> RawJSON? {
      guard !isDone else { return nil }
      isDone = true
      position = position.pastSpace(limit)
      guard position < limit, position.byte != UInt8(ascii: "]") else { return nil }
      if !isFirst {
        guard position.byte == UInt8(ascii: ",") else { return nil }
        position = (position + 1).pastSpace(limit)
      }
      isFirst = false
      guard position < limit, let end = position.pastValue(limit) else { return nil }
      let element = RawJSON(position, limit: limit)
      position = end
      isDone = false
      return element
    }
  }
}
