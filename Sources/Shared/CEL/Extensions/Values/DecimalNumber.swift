// SPDX-License-Identifier: Apache-2.0

/// An exact decimal number of any length: a sign, digits, and a power of ten.
///
/// A number is always normalised: its digits have no zeros at either end; the number zero has no digits, no
/// sign and exponent 0. So two numbers are equal if and only if their parts are equal.
struct DecimalNumber: Sendable, Hashable {
  private(set) var isNegative = false
  /// The digits, most significant first, each 0…9.
  private(set) var digits: [UInt8] = []
  /// The power of ten by which the digits, as an integer, are multiplied.
  private(set) var exponent = 0

  static let zero = DecimalNumber()

  init() {}

  init(isNegative: Bool, digits: some Sequence<UInt8>, exponent: Int) {
    self.isNegative = isNegative
    self.digits = Array(digits)
    self.exponent = exponent
    normalise()
  }

  init(_ value: Int64) {
    self.init(isNegative: value < 0, digits: String(value.magnitude).utf8.map { $0 - 0x30 }, exponent: 0)
  }

  var isZero: Bool { digits.isEmpty }
  var isInteger: Bool { exponent >= 0 }
  /// -1, 0 or 1.
  var sign: Int { isZero ? 0 : (isNegative ? -1 : 1) }
  var negated: DecimalNumber { DecimalNumber(isNegative: !isNegative, digits: digits, exponent: exponent) }
  var magnitude: DecimalNumber { DecimalNumber(isNegative: false, digits: digits, exponent: exponent) }

  /// The value if it is an integer that fits into int64, else nil.
  var int64: Int64? {
    guard isInteger, digits.count + exponent <= 19 else { return nil }
    var value: UInt64 = 0
    for digit in integerDigits { value = value * 10 + UInt64(digit) }
    guard isNegative else { return Int64(exactly: value) }
    return value == Int64.min.magnitude ? .min : Int64(exactly: value).map { -$0 }
  }

  /// The nearest double; infinity if the value is too large.
  var double: Double {
    let text = String(decoding: digits.map { $0 + 0x30 }, as: UTF8.self)
    guard let value = Double(isZero ? "0" : "\(text)e\(exponent)") else {
      return isNegative ? -.infinity : .infinity
    }
    return isNegative ? -value : value
  }

  /// The digits of an integer, trailing zeros included.
  private var integerDigits: [UInt8] { digits + [UInt8](repeating: 0, count: max(exponent, 0)) }

  private mutating func normalise() {
    while digits.last == 0 {
      digits.removeLast()
      exponent += 1
    }
    if let leading = digits.firstIndex(where: { $0 != 0 }), leading > 0 { digits.removeFirst(leading) }
    if digits.isEmpty || digits.allSatisfy({ $0 == 0 }) {
      self.digits = []
      exponent = 0
      isNegative = false
    }
  }

  // MARK: - Arithmetic

  static func + (left: DecimalNumber, right: DecimalNumber) -> DecimalNumber {
    if left.isZero { return right }
    if right.isZero { return left }
    let exponent = min(left.exponent, right.exponent)
    let (a, b) = aligned(left, right, exponent)
    if left.isNegative == right.isNegative {
      return DecimalNumber(isNegative: left.isNegative, digits: sum(a, b), exponent: exponent)
    }
    return a.lexicographicallyPrecedes(b)
      ? DecimalNumber(isNegative: right.isNegative, digits: difference(b, a), exponent: exponent)
      : DecimalNumber(isNegative: left.isNegative, digits: difference(a, b), exponent: exponent)
  }

  static func - (left: DecimalNumber, right: DecimalNumber) -> DecimalNumber { left + right.negated }

  func multiplied(by factor: UInt64) -> DecimalNumber {
    var result: [UInt8] = []
    result.reserveCapacity(digits.count + 20)
    var carry: UInt128 = 0
    for digit in digits.reversed() {
      carry += UInt128(digit) * UInt128(factor)
      result.append(UInt8(truncatingIfNeeded: carry % 10))
      carry /= 10
    }
    while carry > 0 {
      result.append(UInt8(truncatingIfNeeded: carry % 10))
      carry /= 10
    }
    return DecimalNumber(isNegative: isNegative, digits: result.reversed(), exponent: exponent)
  }

  /// The number rounded away from zero to a multiple of ten to the power of `scale`.
  func roundedAwayFromZero(toPowerOfTen scale: Int) -> DecimalNumber {
    guard exponent < scale, !isZero else { return self }
    let kept = max(digits.count - (scale - exponent), 0)
    let cut = DecimalNumber(isNegative: isNegative, digits: digits[..<kept], exponent: scale)
    return cut + DecimalNumber(isNegative: isNegative, digits: [1], exponent: scale)
  }

  /// The digits of both numbers, padded to the same length, and the lower of the two exponents.
  private static func aligned(
    _ left: DecimalNumber, _ right: DecimalNumber, _ exponent: Int
  ) -> ([UInt8], [UInt8]) {
    let a = left.digits + [UInt8](repeating: 0, count: left.exponent - exponent)
    let b = right.digits + [UInt8](repeating: 0, count: right.exponent - exponent)
    let count = max(a.count, b.count)
    return (
      [UInt8](repeating: 0, count: count - a.count) + a, [UInt8](repeating: 0, count: count - b.count) + b
    )
  }

  private static func sum(_ a: [UInt8], _ b: [UInt8]) -> [UInt8] {
    var result = a
    var carry: UInt8 = 0
    for index in a.indices.reversed() {
      let digit = a[index] + b[index] + carry
      result[index] = digit % 10
      carry = digit / 10
    }
    return carry == 0 ? result : [carry] + result
  }

  /// a - b, for a not less than b.
  private static func difference(_ a: [UInt8], _ b: [UInt8]) -> [UInt8] {
    var result = a
    var borrow: UInt8 = 0
    for index in a.indices.reversed() {
      let subtrahend = b[index] + borrow
      borrow = a[index] < subtrahend ? 1 : 0
      result[index] = a[index] + borrow * 10 - subtrahend
    }
    return result
  }
}

extension DecimalNumber: Comparable {
  static func < (left: DecimalNumber, right: DecimalNumber) -> Bool {
    if left.sign != right.sign { return left.sign < right.sign }
    let isSmaller = left.magnitudeIsLess(than: right)
    return left.isNegative ? right.magnitudeIsLess(than: left) : isSmaller
  }

  private func magnitudeIsLess(than other: DecimalNumber) -> Bool {
    // Normalised digits start with a digit other than zero, so the place of the first digit decides first.
    let (a, b) = (digits.count + exponent, other.digits.count + other.exponent)
    return a == b || isZero || other.isZero ? digits.lexicographicallyPrecedes(other.digits) : a < b
  }
}
