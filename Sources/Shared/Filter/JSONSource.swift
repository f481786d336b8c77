// SPDX-License-Identifier: Apache-2.0

import CEL
import JSON

/// A line as a CEL value. Strings, lists and maps are read in place when an expression uses them.
///
/// A node is the address of a value's first byte, and `limit` bounds all of them. For one thread. Its nodes
/// are valid until the next line.
final class JSONSource: ForeignSource, @unchecked Sendable {
  // Unchecked, like its superclass: only the evaluator that made it uses it.

  /// The line that values are read from.
  private(set) var line: RawJSON

  /// Whether numbers are handed out as nodes if no value shows how they are written: where they may be
  /// printed.
  private let keepsNumbers: Bool

  /// For `old`: names that are looked up below `object` if the root does not have them.
  private let descendsIntoObject: Bool

  init(_ line: RawJSON, descendsIntoObject: Bool = false, keepsNumbers: Bool = false) {
    self.line = line
    self.keepsNumbers = keepsNumbers
    self.descendsIntoObject = descendsIntoObject
    super.init()
  }

  /// Reads from another line from now on.
  func read(_ line: RawJSON) {
    self.line = line
    guard hasNotes else { return }
    hasNotes = false
    weights.removeAll(keepingCapacity: true)
    elementStarts.removeAll(keepingCapacity: true)
    repetitions.removeAll()
  }

  /// Whether anything was found out about the line that holds for this line only.
  private var hasNotes = false

  /// A value of the line.
  func value(_ raw: RawJSON) -> Value {
    switch raw.kind {
    case .object, .array, .string: .foreign(ForeignValue(source: self, node: raw.start.number))
    case .bool: raw.bool.map(Value.bool) ?? .null
    case .number:
      switch number(raw) {
      case .double where keepsNumbers, .int(0) where keepsNumbers && raw.start.byte == UInt8(ascii: "-"):
        .foreign(ForeignValue(source: self, node: raw.start.number))
      case let number?: Value(number)
      case nil: .null
      }
    case .null, nil: .null
    }
  }

  /// The value at a node.
  func raw(_ node: UInt64) -> RawJSON { RawJSON(JSONCursor(number: node) ?? line.start, limit: line.limit) }

  override func kind(_ node: UInt64) -> ForeignKind {
    switch raw(node).kind {
    case .array: .list
    case .object: .map
    case .number: .number
    default: .string
    }
  }

  override func number(_ node: UInt64) -> Value { number(raw(node)).map { Value($0) } ?? .null }

  /// A number may have a million digits.
  private func number(_ raw: RawJSON) -> JSONNumber? {
    work &+= (raw.start.scalarEnd(raw.limit) - raw.start) / 10
    return raw.number
  }

  override func string(_ node: UInt64) -> String {
    let value = raw(node)
    if let plain = unsafe value.plainString {
      work &+= plain.count / 10
      return unsafe String(decoding: plain, as: UTF8.self)
    }
    // Escapes are decoded one by one, so they cost more.
    let text = value.string ?? ""
    let count = text.utf8.count
    let rawCount = value.end.map { $0 - value.start } ?? count
    work &+= count / 10 + (rawCount - count)
    return text
  }

  override func rawString(_ node: UInt64) -> UnsafeBufferPointer<UInt8>? {
    guard let plain = unsafe raw(node).plainString else { return nil }
    chargeForSkipping(plain.count)
    return unsafe plain
  }

  /// The number of steps for adding a key to a dictionary.
  private static let costOfHashing = 5

  /// The number of steps for a member of an object or an element of a list, in addition to its bytes.
  private static let costOfMember = 2

  /// The number of steps for finding out whether a member repeats an earlier key.
  private static let costOfLookup = 2

  /// The end of a value that has many escapes or brackets is found at 0.7 to 2 bytes a nanosecond.
  private static let bytesComparedInAStep = 32

  /// The end of a string without escapes is found at some 30 bytes a nanosecond.
  private func chargeForSkipping(_ count: Int) { work &+= count >> 9 }

  override func count(_ node: UInt64) -> Int {
    var count = 0
    var cursor = ForeignCursor(node: node)
    if raw(node).kind == .array {
      return starts(node).count
    } else {
      while nextEntry(&cursor) != nil { count += 1 }
    }
    return count
  }

  /// Deeper nesting is refused, because walking it costs quadratic time: each level is scanned again for the
  /// next.
  private static let depthLimit = 500

  /// The keys of an object. Kept to reuse its memory.
  private var hashes: [Int] = []

  /// The weights of large values, which are computed once a line because computing them is not charged.
  private var weights: [UInt64: Int] = [:]

  override func weight(_ node: UInt64) -> Int {
    if !weights.isEmpty, let known = weights[node] { return known }
    let value = raw(node)
    guard let end = value.end else { return 1 }
    let count = end - value.start
    // Too deep a value has at least that many brackets.
    guard count > 2 * Self.depthLimit else { return 1 + count / 10 }
    let weight = value.kind != .string && value.depth > Self.depthLimit ? .max : 1 + count / 10
    weights[node] = weight
    hasNotes = true
    return weight
  }

  override func member(_ node: UInt64, _ name: FieldName) -> Value? {
    let object = raw(node)
    if let member = member(of: object, name.utf8) { return value(member) }
    guard descendsIntoObject, object.start == line.start else { return nil }
    return object.member("object").flatMap { member(of: $0, name.utf8) }.map(value)
  }

  /// The first of equal keys. The bytes that are read are counted as work.
  private func member(of object: RawJSON, _ name: [UInt8]) -> RawJSON? {
    guard var members = RawJSON.Members(object) else { return nil }
    defer { charge(from: object.start, to: members.position) }
    while let (_, value) = members.next() {
      if members.isKey(name) { return value }
    }
    return nil
  }

  /// The bytes that were read, in the evaluator's unit of work.
  private func charge(from start: JSONCursor, to end: JSONCursor) {
    work &+= Int(truncatingIfNeeded: end.number &- start.number) / 10
  }

  override func element(_ node: UInt64, at index: Int) -> Value? {
    guard index >= 0 else { return nil }
    if index >= Self.walkedElements || elementStarts[node] != nil {
      let starts = starts(node)
      return index < starts.count
        ? JSONCursor(number: starts[index]).map { value(RawJSON($0, limit: line.limit)) } : nil
    }
    guard var elements = RawJSON.Elements(raw(node)) else { return nil }
    defer { charge(from: raw(node).start, to: elements.position) }
    for _ in 0..<index where elements.next() == nil { return nil }
    return elements.next().map(value)
  }

  /// The starts of the elements of arrays whose size, or a far element, was used: an index in a loop must not
  /// walk the array each time.
  private var elementStarts: [UInt64: [UInt64]] = [:]

  /// Elements before this index are found by walking.
  private static let walkedElements = 8

  private func starts(_ node: UInt64) -> [UInt64] {
    if let known = elementStarts[node] { return known }
    guard var elements = RawJSON.Elements(raw(node)) else { return [] }
    var starts: [UInt64] = []
    while let element = elements.next() { starts.append(element.start.number) }
    charge(from: raw(node).start, to: elements.position)
    elementStarts[node] = starts
    hasNotes = true
    return starts
  }

  override func isEqual(_ node: UInt64, to other: ForeignValue) -> Bool? {
    guard let source = other.source as? JSONSource else { return nil }
    // A value's weight is a tenth of its bytes. A value that is nested too deeply has no weight and is not
    // compared.
    for size in [weight(node), source.weight(other.node)] where size < 1 << 40 {
      work &+= size * 10 / Self.bytesComparedInAStep
    }
    let steps = workLimit - min(work, workLimit)
    let (limit, overflow) = steps.multipliedReportingOverflow(by: Self.bytesComparedInAStep)
    // More than the limit, so that the evaluation fails when the comparison has stopped.
    var comparison = RawJSON.ComparisonWork(limit: overflow ? .max : limit | (Self.bytesComparedInAStep - 1))
    defer { work &+= comparison.bytes / Self.bytesComparedInAStep }
    return raw(node).isEqual(to: source.raw(other.node), &comparison)
  }

  override func nextElement(_ cursor: inout ForeignCursor) -> Value? {
    let array = raw(cursor.node)
    guard
      var elements = JSONCursor(number: cursor.position).map({
        RawJSON.Elements(resumingAt: $0, limit: line.limit)
      })
        ?? RawJSON.Elements(array)
    else { return nil }
    let start = elements.position
    guard let element = elements.next() else { return nil }
    work &+= Self.costOfMember
    charge(from: start, to: elements.position)
    cursor.position = elements.position.number
    return value(element)
  }

  override func nextEntry(_ cursor: inout ForeignCursor) -> (key: Value, value: Value)? {
    let object = raw(cursor.node)
    if cursor.position == 0 { cursor.state = repeatsKeys(object) ? 1 : 0 }
    guard
      var members = JSONCursor(number: cursor.position).map({
        RawJSON.Members(resumingAt: $0, limit: line.limit)
      })
        ?? RawJSON.Members(object)
    else { return nil }
    let start = members.position
    defer { charge(from: start, to: members.position) }
    while let (key, member) = members.next() {
      work &+= Self.costOfMember
      cursor.position = members.position.number
      if cursor.state == 1 {
        work &+= Self.costOfLookup
        if repetitions[cursor.node]?.contains(member.start.number) == true { continue }
      }
      return (value(key), value(member))
    }
    return nil
  }

  /// The members whose key occurs earlier in their object, by object. Found once a line, because looking up
  /// every key would take quadratic time.
  private var repetitions: [UInt64: Set<UInt64>] = [:]

  /// Whether two keys of an object are the same.
  private func repeatsKeys(_ object: RawJSON) -> Bool {
    if !repetitions.isEmpty, repetitions[object.start.number] != nil { return true }
    guard mayRepeatKeys(object), var members = RawJSON.Members(object) else { return false }
    var names: Set<[UInt8]> = []
    var repeated: Set<UInt64> = []
    while let (key, member) = members.next() {
      var name: [UInt8] = []
      key.appendString(to: &name)
      if !names.insert(name).inserted { repeated.insert(member.start.number) }
    }
    work &+= hashes.count * Self.costOfHashing
    guard !repeated.isEmpty else { return false }
    repetitions[object.start.number] = repeated
    hasNotes = true
    return true
  }

  /// Whether two keys of an object have the same hash: false only when they all differ.
  private func mayRepeatKeys(_ object: RawJSON) -> Bool {
    guard var members = RawJSON.Members(object) else { return false }
    defer { charge(from: object.start, to: members.position) }
    hashes.removeAll(keepingCapacity: true)
    while let (key, _) = members.next() {
      var hasher = Hasher()
      if let plain = unsafe key.plainString {
        unsafe hasher.combine(bytes: UnsafeRawBufferPointer(plain))
      } else {
        var name: [UInt8] = []
        key.appendString(to: &name)
        unsafe name.withUnsafeBytes { unsafe hasher.combine(bytes: $0) }
      }
      hashes.append(hasher.finalize())
    }
    // Hashing and sorting take longer than reading.
    work &+= hashes.count
    hashes.sort()
    return zip(hashes, hashes.dropFirst()).contains { $0 == $1 }
  }
}

extension Value {
  /// The value of a number of JSON.
  init(_ number: JSONNumber) {
    switch number {
    case .int(let value): self = .int(value)
    case .uint(let value): self = .uint(value)
    case .double(let value): self = .double(value)
    }
  }
}
