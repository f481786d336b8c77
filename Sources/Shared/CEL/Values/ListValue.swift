// SPDX-License-Identifier: Apache-2.0

/// A CEL list.
///
/// Reading an element gives it decoded (``Value/native``).
public final class ListValue: Sendable, RandomAccessCollection {
  /// The elements as they were given; some may be foreign.
  let rawElements: [Value]
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
    self.rawElements = elements
    self.weight = weight
  }

  static let empty = ListValue([])

  /// The first index, 0.
  public var startIndex: Int { 0 }

  /// The number of elements.
  public var endIndex: Int { rawElements.count }

  /// The number of elements.
  public var count: Int { rawElements.count }

  /// The element at an index within `0..<count`.
  public subscript(index: Int) -> Value { rawElement(index)?.native ?? .null }

  /// The element at an index, undecoded; nil when out of range.
  @inline(__always)
  func rawElement(_ index: Int) -> Value? {
    index >= 0 && index < rawElements.count ? rawElements[index] : nil
  }

  /// The elements, decoded.
  public func makeIterator() -> Iterator { Iterator(elements: rawElements) }

  /// Walks a list, decoding each element.
  public struct Iterator: IteratorProtocol {
    fileprivate let elements: [Value]
    private var index = 0

    fileprivate init(elements: [Value]) { self.elements = elements }

    /// The next element.
    public mutating func next() -> Value? {
      guard index < elements.count else { return nil }
      defer { index += 1 }
      return elements[index].native
    }
  }
}
