// SPDX-License-Identifier: Apache-2.0

/// The kind of a foreign value. Null and booleans are never foreign: a source returns them as values.
public enum ForeignKind: Sendable {
  /// A number whose text a source keeps, such as `1.50` or 30 digits. Other numbers are plain values.
  case number
  case string, list, map
}

/// A number, string, list or map inside a ``ForeignSource``.
public struct ForeignValue: Sendable {
  /// The number of the node. Only the source knows its meaning, for example a byte range.
  public let node: UInt64
  /// The source that the node belongs to.
  public let source: ForeignSource

  /// Creates a reference to a node of a source.
  @inline(__always)
  public init(source: ForeignSource, node: UInt64) {
    self.node = node
    self.source = source
  }

  /// The kind of the node.
  @inline(__always)
  public var kind: ForeignKind { source.kind(node) }

  /// The decoded string, or a list or map whose elements may still be foreign.
  public var native: Value {
    switch source.kind(node) {
    case .number: source.number(node)
    case .string: .string(source.string(node))
    case .list: .list(ListValue(elements, weight: Value.foreign(self).weight))
    case .map: .map(MapValue(unique: entries, weight: Value.foreign(self).weight))
    }
  }

  /// The elements of a list node.
  var elements: [Value] {
    var result: [Value] = []
    var cursor = ForeignCursor(node: node)
    while let element = source.nextElement(&cursor) { result.append(element) }
    chargeForMaking(result.count)
    return result
  }

  /// The entries of a map node, with decoded keys.
  var entries: [(key: Value, value: Value)] {
    var result: [(key: Value, value: Value)] = []
    var cursor = ForeignCursor(node: node)
    while let entry = source.nextEntry(&cursor) { result.append((entry.key.native, entry.value)) }
    chargeForMaking(result.count * 2)
    return result
  }

  /// Making values takes longer than reading short ones, such as `{}`.
  private func chargeForMaking(_ count: Int) { source.work &+= 2 + 2 * count }
}

/// Data in another representation that CEL reads in place, such as raw JSON.
///
/// Subclass it and override all methods. A node is a number that has a meaning only for its source. A source
/// returns null, booleans and numbers as plain values, and strings, lists and maps as `.foreign` nodes, so
/// that nothing is decoded before an expression needs it. A number of JSON text is an `int` if it has no
/// fraction and no exponent and fits into int64, a `uint` if it is an integer above that, else a `double`.
/// A source may return numbers as nodes, too, if their text is needed to print a result.
///
/// A source must not reuse its memory for the next document while a value of the previous one is in use. Copy
/// a result with ``Value/copied()`` to keep it. Only one thread reads at a time.
open class ForeignSource: @unchecked Sendable {
  // Unchecked: a source belongs to the thread that evaluates with it; see above.

  /// The work of reading since the evaluator last charged it. A subclass adds about one for each ten bytes
  /// that it reads.
  ///
  /// Without it, each step of an expression could make the source search a large document.
  public final var work = 0

  /// More ``work`` than this exceeds the evaluation's cost limit. Then a long operation of a source may stop
  /// with any result, because the evaluation fails when the work is charged.
  public internal(set) final var workLimit = Int.max

  /// Creates a source; for subclasses.
  public init() {}

  /// The kind of the node.
  open func kind(_ node: UInt64) -> ForeignKind { .map }

  /// The value of a number node: an int, a uint or a double.
  open func number(_ node: UInt64) -> Value { .null }

  /// The text of a string node, decoded.
  open func string(_ node: UInt64) -> String { "" }

  /// The bytes of a string node in memory, if they need no decoding: valid UTF-8 without escapes; else nil.
  ///
  /// Comparisons use it to avoid creating a `String`. The caller reads the pointer immediately and does not
  /// keep it.
  open func rawString(_ node: UInt64) -> UnsafeBufferPointer<UInt8>? { nil }

  /// The number of elements of a list node, or of entries of a map node.
  open func count(_ node: UInt64) -> Int { 0 }

  /// The approximate number of values in a node, at any depth; its length in bytes divided by ten is good
  /// enough. It is the cost of processing the whole node. `Int.max` forbids processing it, for example
  /// because it is nested too deeply.
  open func weight(_ node: UInt64) -> Int { 1 }

  /// Whether a list or map node equals a node of this or another source; nil if the source does not know.
  /// Then the evaluator compares element by element. May stop when it exceeds ``workLimit``.
  open func isEqual(_ node: UInt64, to other: ForeignValue) -> Bool? { nil }

  /// The value of a key of a map node; nil if there is none. Of repeated keys, the first counts.
  open func member(_ node: UInt64, _ name: FieldName) -> Value? { nil }

  /// An element of a list node; nil if the index is out of range.
  open func element(_ node: UInt64, at index: Int) -> Value? { nil }

  /// The next element of the cursor's list; nil at the end.
  open func nextElement(_ cursor: inout ForeignCursor) -> Value? { nil }

  /// The next entry of the cursor's map; nil at the end. Repeated keys are skipped.
  open func nextEntry(_ cursor: inout ForeignCursor) -> (key: Value, value: Value)? { nil }
}

/// A position in an iteration over a foreign list or map.
public struct ForeignCursor: Sendable {
  /// The list or map node.
  public let node: UInt64
  /// The position, which starts at 0. Only the source uses it.
  public var position: UInt64 = 0
  /// More state for the source.
  public var state: UInt64 = 0

  /// Creates a cursor before the first element of a list or map node.
  public init(node: UInt64) { self.node = node }
}

/// A key that occurs in an expression, with its UTF-8 bytes.
public struct FieldName: Sendable, Hashable {
  /// The key.
  public let string: String
  /// The key's UTF-8 bytes.
  public let utf8: [UInt8]

  /// A key.
  public init(_ string: String) {
    self.string = string
    self.utf8 = Array(string.utf8)
  }
}
