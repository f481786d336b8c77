// SPDX-License-Identifier: Apache-2.0

/// What a foreign value is. Scalars other than strings are never foreign: a source hands them out as values.
public enum ForeignKind: Sendable {
  case string, list, map
}

/// A string, list or map inside a ``ForeignSource``.
public struct ForeignValue: Sendable {
  /// Which node of the source; only the source knows what the number means (a byte range, say).
  public let node: UInt64
  /// Where the node lies.
  public let source: ForeignSource

  /// A node of a source.
  @inline(__always)
  public init(source: ForeignSource, node: UInt64) {
    self.node = node
    self.source = source
  }

  /// What the node is.
  @inline(__always)
  public var kind: ForeignKind { source.kind(node) }

  /// The node decoded (a string), or as a list or map of its own whose elements are still foreign.
  public var native: Value {
    switch source.kind(node) {
    case .string: .string(source.string(node))
    case .list: .list(ListValue(elements, weight: Value.foreign(self).weight))
    case .map: .map(MapValue(unique: entries, weight: Value.foreign(self).weight))
    }
  }

  /// The elements of a list node, in one walk.
  var elements: [Value] {
    var result: [Value] = []
    var cursor = ForeignCursor(node: node)
    while let element = source.nextElement(&cursor) { result.append(element) }
    return result
  }

  /// The entries of a map node, in one walk; keys decoded.
  var entries: [(key: Value, value: Value)] {
    var result: [(key: Value, value: Value)] = []
    var cursor = ForeignCursor(node: node)
    while let entry = source.nextEntry(&cursor) { result.append((entry.key.native, entry.value)) }
    return result
  }
}

/// Data of another form that CEL reads in place: the way in for raw JSON.
///
/// Subclass it and override everything. A node is a number that means something to the source alone. Null,
/// booleans and numbers are handed out as plain values, strings, lists and maps as `.foreign` nodes, so that nothing
/// is decoded before an expression needs it. Numbers from JSON follow one rule everywhere: `int` when written
/// without fraction and exponent and within int64, `uint` above, else `double`.
///
/// A source may reuse its memory for the next document only when no value of the previous one is used any
/// more; a result that is kept must be copied with ``Value/copied()`` first. Reads come from one thread at a time.
open class ForeignSource: @unchecked Sendable {
  // Unchecked: a source belongs to the thread that evaluates over it; see above.

  /// What reading has cost since the evaluator last took note: a subclass adds about one for each ten bytes it goes over.
  ///
  /// Without it an expression could make the source search a large document for each step it is allowed.
  public final var work = 0

  /// For subclasses.
  public init() {}

  /// What the node is.
  open func kind(_ node: UInt64) -> ForeignKind { .map }

  /// A string node, decoded.
  open func string(_ node: UInt64) -> String { "" }

  /// A string node's bytes as they lie in memory, when they need no decoding: no escapes, valid UTF-8.
  ///
  /// Comparisons use it to work without making a `String`. The pointer is read at once and not kept.
  open func rawString(_ node: UInt64) -> UnsafeBufferPointer<UInt8>? { nil }

  /// The number of elements of a list node, or of entries of a map node.
  open func count(_ node: UInt64) -> Int { 0 }

  /// Roughly how many values lie in a node, at any depth; its length in bytes divided by ten will do. It is what
  /// working on the whole node costs: `Int.max` where that must not be done, because it is nested too deeply, say.
  open func weight(_ node: UInt64) -> Int { 1 }

  /// Whether a list or map node equals a node of another source or of this one; nil where the source cannot tell without the
  /// evaluator, which compares element by element then.
  open func isEqual(_ node: UInt64, to other: ForeignValue) -> Bool? { nil }

  /// The value under a key of a map node, or nil when there is none; the first of equal keys.
  open func member(_ node: UInt64, _ name: FieldName) -> Value? { nil }

  /// An element of a list node, or nil when the index is out of range.
  open func element(_ node: UInt64, at index: Int) -> Value? { nil }

  /// The next element of the list that the cursor walks; nil at the end.
  open func nextElement(_ cursor: inout ForeignCursor) -> Value? { nil }

  /// The next entry of the map that the cursor walks; nil at the end. A repeated key is skipped.
  open func nextEntry(_ cursor: inout ForeignCursor) -> (key: Value, value: Value)? { nil }
}

/// A position in a foreign list or map that is being walked.
public struct ForeignCursor: Sendable {
  /// The node being walked.
  public let node: UInt64
  /// Where the walk is; starts at 0, and belongs to the source.
  public var position: UInt64 = 0
  /// More state, for the source.
  public var state: UInt64 = 0

  /// A cursor before the first element of a list or map node.
  public init(node: UInt64) { self.node = node }
}

/// A key that an expression names, with its UTF-8 at hand.
public struct FieldName: Sendable, Hashable {
  /// The key.
  public let string: String
  /// The same as bytes.
  public let utf8: [UInt8]

  /// A key.
  public init(_ string: String) {
    self.string = string
    self.utf8 = Array(string.utf8)
  }
}
