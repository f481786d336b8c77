// SPDX-License-Identifier: Apache-2.0

extension Value: Equatable {
  /// CEL's equality: see ``Value``.
  public static func == (left: Value, right: Value) -> Bool {
    switch (left, right) {
    case (.string(let left), .string(let right)): left.isUTF8Equal(to: right)
    case (.int(let left), .int(let right)): left == right
    case (.bool(let left), .bool(let right)): left == right
    case (.null, .null): true
    case (.foreign(let left), _): left.isEqual(to: right)
    case (_, .foreign(let right)): right.isEqual(to: left)
    case (.double(let left), .double(let right)): left == right
    case (.uint(let left), .uint(let right)): left == right
    case (.bytes(let left), .bytes(let right)): left == right
    case (.timestamp(let left), .timestamp(let right)): left == right
    case (.duration(let left), .duration(let right)): left == right
    case (.type(let left), .type(let right)): left == right
    case (.list(let left), .list(let right)): left.isEqual(to: right)
    case (.map(let left), .map(let right)): left.isEqual(to: right)
    case (.optional(let left), .optional(let right)): left == right
    case (.opaque(let left), .opaque(let right)):
      left.typeName == right.typeName && left.isEqual(to: right)
    default: left.numericOrder(right) == .same
    }
  }

  /// The order of two numbers of any types; nil if one value is not a number.
  @inline(never)
  func numericOrder(_ other: Value) -> NumericOrder? {
    switch (self, other) {
    case (.int(let left), .int(let right)): NumericOrder(left, right)
    case (.uint(let left), .uint(let right)): NumericOrder(left, right)
    case (.int(let left), .uint(let right)): NumericOrder(left, right)
    case (.uint(let left), .int(let right)): NumericOrder(left, right)
    case (.double(let left), .double(let right)): NumericOrder(left, right)
    case (.double(let left), .int(let right)): NumericOrder(left, integer: right)
    case (.double(let left), .uint(let right)): NumericOrder(left, integer: right)
    case (.int(let left), .double(let right)): NumericOrder(right, integer: left).reversed
    case (.uint(let left), .double(let right)): NumericOrder(right, integer: left).reversed
    default: nil
    }
  }
}

/// The order of two numbers.
enum NumericOrder: Sendable {
  case less, same, greater
  /// One is NaN.
  case unordered

  init<L: BinaryInteger, R: BinaryInteger>(_ left: L, _ right: R) {
    self = left == right ? .same : (left < right ? .less : .greater)
  }

  init(_ left: Double, _ right: Double) {
    self = left == right ? .same : (left < right ? .less : (left > right ? .greater : .unordered))
  }

  /// Compares exactly, without rounding the integer to a double. There is one exception, which the
  /// conformance suite requires: the double just above the integers (2^63 or 2^64) equals the greatest
  /// integer.
  init<I: FixedWidthInteger>(_ left: Double, integer right: I) {
    guard !left.isNaN else {
      self = .unordered
      return
    }
    // Both bounds are powers of two, and therefore exact as doubles.
    let upper = I.isSigned ? 0x1p63 : 0x1p64
    guard left < upper else {
      self = left == upper && right == I.max ? .same : .greater
      return
    }
    guard left >= (I.isSigned ? -0x1p63 : 0) else {
      self = .less
      return
    }
    let whole = left.rounded(.towardZero)
    let order = NumericOrder(I(whole), right)
    guard order == .same else {
      self = order
      return
    }
    self = NumericOrder(left - whole, 0)
  }

  var reversed: NumericOrder {
    switch self {
    case .less: .greater
    case .greater: .less
    default: self
    }
  }
}

extension ListValue {
  func isEqual(to other: ListValue) -> Bool {
    guard count == other.count else { return false }
    for index in rawElements.indices where rawElements[index] != other.rawElements[index] { return false }
    return true
  }
}

extension MapValue {
  func isEqual(to other: MapValue) -> Bool {
    guard count == other.count else { return false }
    return entries.allSatisfy { entry in
      guard let counterpart = other.rawValue(entry.key) else { return false }
      return entry.value == counterpart
    }
  }
}

extension ForeignValue {
  func isEqual(to other: Value) -> Bool {
    guard source.work <= source.workLimit else { return false }
    switch (kind, other) {
    case (.number, _): return source.number(node) == other.native
    case (.string, .string(let string)): return isEqual(to: string)
    case (.string, .foreign(let other)):
      return other.kind == .string && other.isEqual(to: source.string(node))
    case (.list, .list), (.map, .map):
      let native = native
      // Values are made of the elements or entries, which takes longer than reading them.
      source.work &+= WorkCost.size(native) * 5
      return native == other
    case (.list, .foreign(let other)):
      return other.kind == .list && (source.isEqual(node, to: other) ?? (elements == other.elements))
    case (.map, .foreign(let other)):
      return other.kind == .map && (source.isEqual(node, to: other) ?? isEqual(toMap: other))
    default: return false
    }
  }

  private func isEqual(toMap other: ForeignValue) -> Bool {
    let (left, right) = (entries, other.entries)
    guard left.count == right.count else { return false }
    // Usually the same program has written both, in the same order. Then no lookups are needed.
    if zip(left, right).allSatisfy({ $0.key == $1.key }) {
      return zip(left, right).allSatisfy { $0.value == $1.value }
    }
    // The weight of these two maps is never used, and computing it would visit all their values.
    return MapValue(unique: left, weight: 1).isEqual(to: MapValue(unique: right, weight: 1))
  }

  /// Whether a string node has the same code points. The node is decoded only if necessary.
  func isEqual(to string: String) -> Bool {
    guard let bytes = unsafe source.rawString(node) else {
      return source.string(node).isUTF8Equal(to: string)
    }
    var string = string
    return string.withUTF8 { unsafe UTF8Order.compare(bytes, $0) == 0 }
  }
}
