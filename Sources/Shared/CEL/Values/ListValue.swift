// SPDX-License-Identifier: Apache-2.0

/// A CEL list.
///
/// Elements are decoded (``Value/native``) when they are read.
public final class ListValue: Sendable, RandomAccessCollection {
  /// The elements, some of which may be foreign.
  package let rawElements: [Value]
  /// The number of values in it, at any depth; see ``Value/weight``.
  let weight: Int

  /// Creates a list of these elements.
  public convenience init(_ elements: some Sequence<Value>) { self.init(Array(elements)) }

  /// Creates a list of these elements.
  public convenience init(_ elements: [Value]) {
    self.init(elements, weight: elements.reduce(1) { $0.addingSaturated($1.weight) })
  }

  /// Creates a list. `weight` is the sum of the elements' weights, plus one for the list.
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

  /// The element at an index; null if the index is outside `0..<count`.
  public subscript(index: Int) -> Value { rawElement(index)?.native ?? .null }

  /// The element at an index, not decoded; nil if the index is out of range.
  @inline(__always)
  func rawElement(_ index: Int) -> Value? {
    index >= 0 && index < rawElements.count ? rawElements[index] : nil
  }

  /// The elements, decoded.
  public func makeIterator() -> Iterator { Iterator(elements: rawElements) }

  /// An iterator that decodes each element.
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
