// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import CEL

/// A tree of plain values, served as foreign nodes. It counts the values that are decoded.
@safe final class TreeSource: ForeignSource, @unchecked Sendable {
  private var nodes: [Value] = []
  private(set) var decoded = 0
  private(set) var decodedNumbers = 0
  /// The cost that each read reports.
  var workPerRead = 0
  /// Whether strings claim to have escapes, so that their raw bytes are not available.
  private let hidesRaw: Bool
  private var buffers: [UnsafeMutableBufferPointer<UInt8>] = unsafe []

  init(hidesRaw: Bool = false) { self.hidesRaw = hidesRaw }

  deinit { unsafe buffers.forEach { unsafe $0.deallocate() } }

  func wrap(_ value: Value) -> Value {
    switch value {
    case .double, .string, .list, .map:
      nodes.append(value)
      return .foreign(ForeignValue(source: self, node: UInt64(nodes.count - 1)))
    default: return value
    }
  }

  override func kind(_ node: UInt64) -> ForeignKind {
    switch nodes[Int(node)] {
    case .double: .number
    case .string: .string
    case .list: .list
    default: .map
    }
  }

  override func number(_ node: UInt64) -> Value {
    decodedNumbers += 1
    return nodes[Int(node)]
  }

  override func string(_ node: UInt64) -> String {
    decoded += 1
    guard case .string(let text) = nodes[Int(node)] else { return "" }
    return text
  }

  override func rawString(_ node: UInt64) -> UnsafeBufferPointer<UInt8>? {
    guard !hidesRaw, case .string(let text) = nodes[Int(node)] else { return nil }
    let buffer = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: text.utf8.count)
    _ = unsafe buffer.initialize(from: text.utf8)
    unsafe buffers.append(buffer)
    return UnsafeBufferPointer(buffer)
  }

  override func count(_ node: UInt64) -> Int {
    switch nodes[Int(node)] {
    case .list(let list): list.count
    case .map(let map): map.count
    default: 0
    }
  }

  override func member(_ node: UInt64, _ name: FieldName) -> Value? {
    work += workPerRead
    guard case .map(let map) = nodes[Int(node)] else { return nil }
    return map.rawMember(name).map(wrap)
  }

  override func element(_ node: UInt64, at index: Int) -> Value? {
    work += workPerRead
    guard case .list(let list) = nodes[Int(node)] else { return nil }
    return list.rawElement(index).map(wrap)
  }

  override func nextElement(_ cursor: inout ForeignCursor) -> Value? {
    defer { cursor.position += 1 }
    return element(cursor.node, at: Int(cursor.position))
  }

  override func nextEntry(_ cursor: inout ForeignCursor) -> (key: Value, value: Value)? {
    guard case .map(let map) = nodes[Int(cursor.node)], cursor.position < map.count else { return nil }
    let entry = map.entries[Int(cursor.position)]
    cursor.position += 1
    return (wrap(entry.key), wrap(entry.value))
  }
}

@Suite struct ForeignTests {
  static let document = Value.map(
    MapValue([
      (.string("name"), .string("web-1")), (.string("count"), .int(3)), (.string("none"), .null),
      (.string("tags"), .list([.string("a"), .string("ü")])),
      (
        .string("labels"),
        .map(MapValue([(.string("app"), .string("web")), (.string("tier"), .string("front"))]))
      ),
      (
        .string("items"),
        .list([.map(MapValue([(.string("n"), .int(1))])), .map(MapValue([(.string("n"), .int(2))]))])
      ),
    ]))

  /// Each expression is evaluated over the plain document, and over the same document as foreign nodes with
  /// and without raw bytes.
  static let expressions = [
    "x.name == 'web-1'", "'web-1' == x.name", "x.name != 'web-2'", "x.name == x.name", "x.count + 1 == 4",
    "x.none == null",
    "x.name in ['web-1', 'b']", "x.name in x.tags", "'ü' in x.tags", "x.tags == ['a', 'ü']",
    "x.labels == {'app': 'web', 'tier': 'front'}",
    "x.labels['app'] == 'web'", "x.labels['a' + 'pp'] == 'web'", "x[x.tags[0]]", "x.name.startsWith('web')",
    "x.name.endsWith('-1')", "x.name.contains('b-')",
    "x.name.matches('^web-[0-9]$')", "x.name + '!' == 'web-1!'", "x.name < 'x'", "x.tags[1].size() == 1",
    "x.name.size() == 5", "size(x.tags) == 2", "size(x.labels) == 2",
    "x.tags.exists(t, t == 'ü')", "x.labels.all(k, k.size() < 5)",
    "x.labels.exists(k, v, k == 'app' && v == 'web')", "x.tags.map(t, t + t) == ['aa', 'üü']",
    "x.items.filter(i, i.n > 1)[0].n == 2", "x.items.map(i, i.n) == [1, 2]",
    "has(x.labels.app) && !has(x.labels.no)", "has(x.name.y)", "x.no.way", "x.tags[5]",
    "x.?labels.?app.orValue('') == 'web'", "x.?no.hasValue()", "x.tags[?1].value() == 'ü'",
    "type(x.name) == string && type(x.tags) == list && type(x) == map",
    "{x.name: 1}['web-1'] == 1", "x.name in {'web-1': 1}", "'app' in x.labels", "string(x.name) == 'web-1'",
    "x.tags + ['c'] == ['a', 'ü', 'c']", "dyn(x.name).size() == 5",
    "x.tags.join(',') == 'a,ü'", "'%s'.format([x.tags]) == '[a, ü]'", "x == x",
    "[x.name, x.tags] == ['web-1', ['a', 'ü']]", "x.name.upperAscii() == 'WEB-1'",
    "optional.of(x.name).value() == 'web-1'",
    "x.labels.transformMap(k, v, v + k) == {'app': 'webapp', 'tier': 'fronttier'}",
    "x.items.all(i, i.n > 0) ? x.name == 'web-1' : false", "x.name.replace('web', 'x') == 'x-1'",
    "x.tags.sort() == x.tags",
  ]

  @Test(arguments: expressions) func readsInPlaceWithTheSameResult(_ expression: String) {
    let plain = Evaluate.outcome(expression, ["x": Self.document])
    for hidesRaw in [false, true] {
      let source = TreeSource(hidesRaw: hidesRaw)
      let foreign = Evaluate.outcome(expression, ["x": source.wrap(Self.document)])
      switch (plain, foreign) {
      case (.value(let left), .value(let right)): #expect(left.isSame(as: right.copied()))
      case (.fails(let left), .fails(let right)): #expect(left.code == right.code)
      default: Issue.record("\(plain) but \(foreign)")
      }
    }
  }

  @Test func comparesWithoutDecoding() {
    let source = TreeSource()
    let expression =
      "x.name == 'web-1' && x.name in ['a', 'web-1'] && x.name.startsWith('web') && x.name.matches('1$') && x.name.size() == 5"
    guard case .value(.bool(true)) = Evaluate.outcome(expression, ["x": source.wrap(Self.document)]) else {
      Issue.record("not true")
      return
    }
    #expect(source.decoded == 0)
  }

  /// Otherwise an expression could search a large document in each step of its budget.
  @Test(arguments: [
    "lists.range(100).all(i, x.name != 'a')", "lists.range(100).all(i, x.tags[1] != 'a')",
    "lists.range(100).all(i, x.tags != ['b'])", "lists.range(100).all(i, has(x.name))",
    "lists.range(100).all(i, x.tags.exists(t, t == 'a'))", "lists.range(100).all(i, x.tags.join() != '')",
  ])
  func chargesWhatASourceReads(_ expression: String) {
    let source = TreeSource()
    source.workPerRead = 1000
    let x = source.wrap(Self.document)
    guard case .fails(let error) = Evaluate.outcome(expression, ["x": x], costLimit: 50_000) else {
      Issue.record("evaluated")
      return
    }
    #expect(error.code == .costLimitExceeded)
  }

  @Test func copiesOutliveTheSource() throws {
    let source = TreeSource()
    guard case .value(let result) = Evaluate.outcome("[x.labels, x.tags]", ["x": source.wrap(Self.document)])
    else {
      Issue.record("no value")
      return
    }
    let copy = result.copied()
    guard case .list(let list) = copy, case .map(let labels)? = list.rawElement(0) else {
      Issue.record("no list")
      return
    }
    guard case .few = labels.storage else {
      Issue.record("still foreign")
      return
    }
  }
}
