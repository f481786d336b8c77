// SPDX-License-Identifier: Apache-2.0

/// A CEL list: elements in memory, or a view of a foreign list.
///
/// Reading an element gives it decoded (``Value/native``).
public final class ListValue: Sendable, RandomAccessCollection {
  enum Storage: Sendable {
    case elements([Value])
    case foreign(ForeignValue)
  }

  let storage: Storage
  /// How many values lie in it, at any depth, counted as often as they can be reached; see ``Value/weight``.
  let weight: Int

  /// A list of these elements.
  public convenience init(_ elements: some Sequence<Value>) { self.init(Array(elements)) }

  /// A list of these elements.
  public convenience init(_ elements: [Value]) {
    self.init(elements, weight: elements.reduce(1) { $0.addingSaturated($1.weight) })
  }

  /// A list of these elements, whose weights with one for the list come to `weight`.
  init(_ elements: [Value], weight: Int) {
    self.storage = .elements(elements)
    self.weight = weight
  }

  init(foreign: ForeignValue) {
    self.storage = .foreign(foreign)
    self.weight = foreign.source.weight(foreign.node)
  }

  static let empty = ListValue([])

  /// The first index, 0.
  public var startIndex: Int { 0 }

  /// The number of elements.
  public var endIndex: Int { count }

  /// The number of elements.
  public var count: Int {
    switch storage {
    case .elements(let elements): elements.count
    case .foreign(let foreign): foreign.source.count(foreign.node)
    }
  }

  /// The element at an index within `0..<count`.
  public subscript(index: Int) -> Value { rawElement(index)?.native ?? .null }

  /// The element at an index, undecoded; nil when out of range.
  func rawElement(_ index: Int) -> Value? {
    switch storage {
    case .elements(let elements): elements.indices.contains(index) ? elements[index] : nil
    case .foreign(let foreign): foreign.source.element(foreign.node, at: index)
    }
  }

  /// The elements, decoded.
  public func makeIterator() -> Iterator { Iterator(base: RawIterator(self)) }

  /// All elements, undecoded.
  var rawElements: [Value] {
    switch storage {
    case .elements(let elements): return elements
    case .foreign:
      var result: [Value] = []
      var iterator = RawIterator(self)
      while let element = iterator.next() { result.append(element) }
      return result
    }
  }

  /// Walks a list, decoding each element.
  public struct Iterator: IteratorProtocol {
    var base: RawIterator

    /// The next element.
    public mutating func next() -> Value? { base.next()?.native }
  }

  /// Walks a list without decoding.
  struct RawIterator: IteratorProtocol {
    private let list: ListValue
    private var index = 0
    private var cursor: ForeignCursor?

    init(_ list: ListValue) {
      self.list = list
      if case .foreign(let foreign) = list.storage { self.cursor = ForeignCursor(node: foreign.node) }
    }

    mutating func next() -> Value? {
      switch list.storage {
      case .elements(let elements):
        guard index < elements.count else { return nil }
        defer { index += 1 }
        return elements[index]
      case .foreign(let foreign):
        guard var position = cursor else { return nil }
        let element = foreign.source.nextElement(&position)
        cursor = position
        return element
      }
    }
  }
}
