// SPDX-License-Identifier: Apache-2.0

/// A Kubernetes resource quantity, such as `1.5Gi`, `100m` or `12e6`: an exact number with a notation.
///
/// Parsing, rounding and the canonical text follow `resource.Quantity` of k8s.io/apimachinery. Unlike its
/// fast path, arithmetic here is exact for all sizes.
struct Quantity: Sendable, OpaqueRepresentable {
  static let celTypeName = "kubernetes.Quantity"

  /// The notation of a quantity.
  enum Notation: Sendable { case decimalExponent, binarySI, decimalSI }

  /// The greatest power of ten and the longest text that are accepted. They bound the cost of a quantity.
  static let exponentLimit = 1000
  static let textLimit = 1000

  let number: DecimalNumber
  let notation: Notation

  var weight: Int { 20 + number.digits.count / 5 }

  init(_ number: DecimalNumber, _ notation: Notation = .decimalSI) {
    self.number = number
    self.notation = notation
  }

  static func == (left: Quantity, right: Quantity) -> Bool { left.number == right.number }

  // MARK: - Parsing

  /// Parses a quantity.
  ///
  /// A value is rounded away from zero to a multiple of a billionth. A value with a binary suffix beyond
  /// int64 becomes the greatest int64.
  ///
  /// - Throws: ``EvaluationError`` with Kubernetes' message.
  init(parsing text: String) throws(EvaluationError) {
    guard text.utf8.count <= Quantity.textLimit else {
      throw .invalidArgument("a quantity is longer than \(Quantity.textLimit) bytes")
    }
    var scanner = Scanner(text)
    let isNegative = scanner.takeSign()
    let whole = scanner.takeDigits()
    var fraction: ArraySlice<UInt8> = []
    let hasPoint = scanner.take(UInt8(ascii: "."))
    if hasPoint { fraction = scanner.takeDigits() }
    guard hasPoint || !whole.isEmpty else { throw Quantity.malformed }
    let suffix = scanner.rest
    guard Quantity.isSuffixShaped(suffix) else { throw Quantity.malformed }
    guard !whole.isEmpty || !fraction.isEmpty else {
      throw .invalidArgument("unable to parse numeric part of quantity")
    }
    guard let scale = Quantity.scale(of: suffix) else {
      throw .invalidArgument("unable to parse quantity's suffix")
    }

    let digits = (whole + fraction).map { $0 - 0x30 }
    var number: DecimalNumber
    var notation = scale.notation
    switch scale.factor {
    case .binary(let power):
      number = DecimalNumber(isNegative: isNegative, digits: digits, exponent: -fraction.count)
        .multiplied(by: 1 << UInt64(power))
    case .decimal(let power):
      guard power <= Quantity.exponentLimit else {
        throw .invalidArgument("the exponent of a quantity exceeds \(Quantity.exponentLimit)")
      }
      // A value below a billionth is rounded to it, so that lower exponents make no difference.
      let exponent = max(power, -Quantity.textLimit - 10) - fraction.count
      number = DecimalNumber(isNegative: isNegative, digits: digits, exponent: exponent)
    }
    number = number.roundedAwayFromZero(toPowerOfTen: -9)
    if notation == .binarySI {
      let greatest = DecimalNumber(.max)
      if number.magnitude > greatest { number = isNegative ? greatest.negated : greatest }
      if number.magnitude < DecimalNumber(1) { notation = .decimalSI }
    }
    self.init(number, notation)
  }

  private static let malformed = EvaluationError.invalidArgument(
    "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'")

  private static func isSuffixShaped(_ suffix: ArraySlice<UInt8>) -> Bool {
    var rest = suffix.drop { "eEinumkKMGTP".utf8.contains($0) }
    if let first = rest.first, first == UInt8(ascii: "+") || first == UInt8(ascii: "-") { rest.removeFirst() }
    return rest.allSatisfy { $0 >= 0x30 && $0 <= 0x39 }
  }

  private enum Factor { case decimal(Int), binary(Int) }

  private static func scale(of suffix: ArraySlice<UInt8>) -> (factor: Factor, notation: Notation)? {
    let text = String(decoding: suffix, as: UTF8.self)
    if let index = decimalSuffixes.firstIndex(of: text) { return (.decimal(index * 3 - 9), .decimalSI) }
    if let index = binarySuffixes.firstIndex(of: text) { return (.binary((index + 1) * 10), .binarySI) }
    guard let first = suffix.first, first | 0x20 == UInt8(ascii: "e"), suffix.count > 1 else { return nil }
    var digits = suffix.dropFirst()
    let isNegative = digits.first == UInt8(ascii: "-")
    if isNegative || digits.first == UInt8(ascii: "+") { digits.removeFirst() }
    guard !digits.isEmpty, digits.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }) else { return nil }
    let power = Int(String(decoding: digits, as: UTF8.self)) ?? .max
    return (.decimal(isNegative ? -power : power), .decimalExponent)
  }

  private static let decimalSuffixes = ["n", "u", "m", "", "k", "M", "G", "T", "P", "E"]
  private static let binarySuffixes = ["Ki", "Mi", "Gi", "Ti", "Pi", "Ei"]

  private struct Scanner {
    private(set) var rest: ArraySlice<UInt8>

    init(_ text: String) { rest = Array(text.utf8)[...] }

    mutating func take(_ byte: UInt8) -> Bool {
      guard rest.first == byte else { return false }
      rest.removeFirst()
      return true
    }

    /// Reads an optional sign; returns whether it was a minus.
    mutating func takeSign() -> Bool {
      if take(UInt8(ascii: "-")) { return true }
      _ = take(UInt8(ascii: "+"))
      return false
    }

    mutating func takeDigits() -> ArraySlice<UInt8> {
      let digits = rest.prefix { $0 >= 0x30 && $0 <= 0x39 }
      rest = rest[digits.endIndex...]
      return digits
    }
  }

  // MARK: - Arithmetic

  /// The sum, in the notation of the left operand, or of the right one if the left is zero.
  static func + (left: Quantity, right: Quantity) -> Quantity {
    Quantity(left.number + right.number, left.number.isZero ? right.notation : left.notation)
  }

  static func - (left: Quantity, right: Quantity) -> Quantity {
    Quantity(left.number - right.number, left.number.isZero ? right.notation : left.notation)
  }

  // MARK: - Text

  /// The canonical text: the greatest suffix that needs no fraction, and at most nine decimal places.
  var text: String {
    guard !number.isZero else { return "0" }
    if notation == .binarySI, number.isInteger, number.magnitude >= DecimalNumber(1024),
      let binary = number.int64
    {
      var value = binary
      var index = 0
      while index < Quantity.binarySuffixes.count, value % 1024 == 0 {
        value /= 1024
        index += 1
      }
      return index == 0 ? "\(value)" : "\(value)\(Quantity.binarySuffixes[index - 1])"
    }
    // The exponent is rounded down to a multiple of three. Zeros after the digits make up for the rest.
    let power = Int((Double(number.exponent) / 3).rounded(.down)) * 3
    let digits = String(decoding: number.digits.map { $0 + 0x30 }, as: UTF8.self)
    let mantissa =
      (number.isNegative ? "-" : "") + digits + String(repeating: "0", count: number.exponent - power)
    let index = power / 3 + 3
    if notation != .decimalExponent, Quantity.decimalSuffixes.indices.contains(index) {
      return mantissa + Quantity.decimalSuffixes[index]
    }
    return power == 0 ? mantissa : "\(mantissa)e\(power)"
  }
}
