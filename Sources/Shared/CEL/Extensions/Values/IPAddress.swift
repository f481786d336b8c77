// SPDX-License-Identifier: Apache-2.0

/// An IPv4 or IPv6 address, parsed as strictly as in Kubernetes and cel-go.
///
/// Leading zeros in IPv4, zones, and IPv4-mapped IPv6 addresses are errors.
struct IPAddress: Sendable, OpaqueRepresentable, Hashable {
  static let celTypeName = "net.IP"

  let isIPv4: Bool
  /// The address as a number; an IPv4 address fills the low 32 bits.
  let bits: UInt128

  /// 32 or 128.
  var width: Int { isIPv4 ? 32 : 128 }
  var family: Int64 { isIPv4 ? 4 : 6 }

  /// Parses an address.
  ///
  /// - Parameters:
  ///   - text: The address.
  ///   - unmapping: Whether `::ffff:c0a8:1` is accepted, as the IPv4 address that it maps.
  ///     `::ffff:192.168.0.1` is never accepted.
  /// - Throws: ``EvaluationError`` with the wording of Go's netip.
  init(parsing text: String, unmapping: Bool = false) throws(EvaluationError) {
    let bytes = Array(text.utf8)
    let zone = bytes.firstIndex(of: UInt8(ascii: "%"))
    do throws(IPAddressParser.FormatError) {
      switch bytes.first(where: { ".:%".utf8.contains($0) }) {
      case UInt8(ascii: "."): self.init(isIPv4: true, bits: try IPAddressParser.ipv4(bytes[...]))
      case UInt8(ascii: ":"):
        self.init(isIPv4: false, bits: try IPAddressParser.ipv6(bytes[..<(zone ?? bytes.count)]))
      case UInt8(ascii: "%"): throw IPAddressParser.FormatError("missing IPv6 address")
      default: throw IPAddressParser.FormatError("unable to parse IP")
      }
    } catch {
      throw .invalidArgument(
        "IP Address \"\(text)\" parse error during conversion from string: ParseAddr(\"\(text)\"): \(error.reason)"
      )
    }
    guard zone == nil else { throw .invalidArgument("IP address \"\(text)\" with zone value is not allowed") }
    guard isIPv4 || bits >> 32 != 0xFFFF else {
      if unmapping, !bytes.contains(UInt8(ascii: ".")) {
        self.init(isIPv4: true, bits: bits & 0xFFFF_FFFF)
        return
      }
      throw .invalidArgument("IPv4-mapped IPv6 address \"\(text)\" is not allowed")
    }
  }

  init(isIPv4: Bool, bits: UInt128) {
    self.isIPv4 = isIPv4
    self.bits = bits
  }

  /// The canonical text: dotted for IPv4, RFC 5952 for IPv6 (lower case, the longest run of zeros as `::`).
  var text: String {
    guard !isIPv4 else {
      return [24, 16, 8, 0].map { "\(UInt8(truncatingIfNeeded: bits >> UInt128($0)))" }.joined(separator: ".")
    }
    let fields = (0..<8).map { UInt16(truncatingIfNeeded: bits >> UInt128(112 - 16 * $0)) }
    var zeros = 0..<0
    var start = 0
    while start < 8 {
      let end = fields[start...].firstIndex { $0 != 0 } ?? 8
      if end - start >= 2, end - start > zeros.count { zeros = start..<end }
      start = max(end, start + 1)
    }
    let hexadecimal = fields.map { String($0, radix: 16) }
    guard !zeros.isEmpty else { return hexadecimal.joined(separator: ":") }
    return hexadecimal[..<zeros.lowerBound].joined(separator: ":") + "::"
      + hexadecimal[zeros.upperBound...].joined(separator: ":")
  }

  // MARK: - Kinds of addresses, as Go's netip tells them

  var isUnspecified: Bool { bits == 0 }

  var isLoopback: Bool { isIPv4 ? bits >> 24 == 127 : bits == 1 }

  var isMulticast: Bool { isIPv4 ? bits >> 28 == 0xE : bits >> 120 == 0xFF }

  var isLinkLocalMulticast: Bool {
    isIPv4 ? bits >> 8 == 0xE00000 : (bits >> 112) & 0xFF0F == 0xFF02
  }

  var isLinkLocalUnicast: Bool { isIPv4 ? bits >> 16 == 0xA9FE : bits >> 118 == 0x3FA }

  /// Whether the address is not unspecified, broadcast, loopback, multicast or link-local. Private addresses
  /// are global unicast.
  var isGlobalUnicast: Bool {
    !(isUnspecified || isLoopback || isMulticast || isLinkLocalUnicast || (isIPv4 && bits == 0xFFFF_FFFF))
  }
}

/// The parsers of addresses.
enum IPAddressParser {
  struct FormatError: Error {
    let reason: String
    init(_ reason: String) { self.reason = reason }
  }

  static func ipv4(_ bytes: ArraySlice<UInt8>) throws(FormatError) -> UInt128 {
    let fields = bytes.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
    if let bad = bytes.first(where: { !($0 >= 0x30 && $0 <= 0x39) && $0 != UInt8(ascii: ".") }) {
      throw FormatError(
        "unexpected character (at \"\(String(decoding: bytes.drop { $0 != bad }, as: UTF8.self))\")")
    }
    var value: UInt128 = 0
    for field in fields {
      guard !field.isEmpty else { throw FormatError("IPv4 field must have at least one digit") }
      guard field.count == 1 || field.first != UInt8(ascii: "0") else {
        throw FormatError("IPv4 field has octet with leading zero")
      }
      guard field.count <= 3, let octet = UInt8(String(decoding: field, as: UTF8.self)) else {
        throw FormatError("IPv4 field has value >255")
      }
      value = value << 8 | UInt128(octet)
      if value >> 32 != 0 { throw FormatError("IPv4 address too long") }
    }
    guard fields.count <= 4 else { throw FormatError("IPv4 address too long") }
    guard fields.count == 4 else { throw FormatError("IPv4 address too short") }
    return value
  }

  /// Parses at most eight fields of at most four hexadecimal digits, one `::`, and IPv4 in place of the last
  /// two fields.
  static func ipv6(_ bytes: ArraySlice<UInt8>) throws(FormatError) -> UInt128 {
    var rest = bytes
    var fields: [UInt16] = []
    var ellipsis: Int?
    if rest.starts(with: "::".utf8) {
      ellipsis = 0
      rest = rest.dropFirst(2)
      if rest.isEmpty { return 0 }
    }
    while fields.count < 8 {
      let digits = rest.prefix { $0 != UInt8(ascii: ":") && $0 != UInt8(ascii: ".") }
      let following = rest[digits.endIndex...].first
      if following == UInt8(ascii: ".") {
        guard ellipsis != nil || fields.count == 6 else {
          throw FormatError("embedded IPv4 address must replace the final 2 fields of the address")
        }
        guard fields.count <= 6 else {
          throw FormatError("too many hex fields to fit an embedded IPv4 at the end of the address")
        }
        let embedded = try ipv4(rest)
        fields.append(UInt16(truncatingIfNeeded: embedded >> 16))
        fields.append(UInt16(truncatingIfNeeded: embedded))
        rest = []
        break
      }
      fields.append(try field(digits))
      rest = rest[digits.endIndex...]
      guard !rest.isEmpty else { break }
      rest = rest.dropFirst()
      guard let next = rest.first else {
        throw FormatError("colon must be followed by more characters (at \":\")")
      }
      if next == UInt8(ascii: ":") {
        guard ellipsis == nil else { throw FormatError("multiple :: in address") }
        ellipsis = fields.count
        rest = rest.dropFirst()
        if rest.isEmpty { break }
      }
    }
    guard rest.isEmpty else { throw FormatError("trailing garbage after address") }
    if let ellipsis {
      guard fields.count < 8 else { throw FormatError("the :: must expand to at least one field of zeros") }
      fields.insert(contentsOf: [UInt16](repeating: 0, count: 8 - fields.count), at: ellipsis)
    }
    guard fields.count == 8 else { throw FormatError("address string too short") }
    return fields.reduce(UInt128(0)) { $0 << 16 | UInt128($1) }
  }

  private static func field(_ digits: ArraySlice<UInt8>) throws(FormatError) -> UInt16 {
    guard let first = digits.first, hexadecimalValue(first) != nil else {
      throw FormatError("each colon-separated field must have at least one digit")
    }
    guard digits.allSatisfy({ hexadecimalValue($0) != nil }) else {
      throw FormatError("unexpected character, want colon")
    }
    guard digits.count <= 4, let value = UInt16(String(decoding: digits, as: UTF8.self), radix: 16) else {
      throw FormatError("each group must have four or fewer digits")
    }
    return value
  }

  static func hexadecimalValue(_ byte: UInt8) -> UInt8? {
    switch byte {
    case 0x30...0x39: byte - 0x30
    case 0x41...0x46: byte - 0x37
    case 0x61...0x66: byte - 0x57
    default: nil
    }
  }
}
