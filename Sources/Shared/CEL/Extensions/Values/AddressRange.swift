// SPDX-License-Identifier: Apache-2.0

/// An address range in CIDR notation: an address and a prefix length.
///
/// The address may have bits after the prefix: `192.168.1.5/24` keeps its 5.
struct AddressRange: Sendable, OpaqueRepresentable, Hashable {
  static let celTypeName = "net.CIDR"

  let address: IPAddress
  /// 0…32 or 0…128.
  let prefixLength: Int

  init(_ address: IPAddress, prefixLength: Int) {
    self.address = address
    self.prefixLength = prefixLength
  }

  /// Parses `ADDRESS/LENGTH`.
  ///
  /// - Throws: ``EvaluationError`` with the wording of Go's netip.
  init(parsing text: String) throws(EvaluationError) {
    func fail(_ reason: String) -> EvaluationError {
      .invalidArgument(
        "CIDR \"\(text)\" parse error during conversion from string: netip.ParsePrefix(\"\(text)\"): \(reason)"
      )
    }
    guard let slash = text.utf8.lastIndex(of: UInt8(ascii: "/")) else { throw fail("no '/'") }
    let host = text[..<slash]
    guard !host.utf8.contains(UInt8(ascii: "%")) else {
      throw fail("IPv6 zones cannot be present in a prefix")
    }
    let address = try IPAddress(parsing: String(host))
    let length = text.utf8[text.utf8.index(after: slash)...]
    guard length.count == 1 || length.first != UInt8(ascii: "0"),
      length.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }), !length.isEmpty
    else { throw fail("bad bits after slash: \"\(Substring(length))\"") }
    guard length.count <= 3, let bits = Int(Substring(length)), bits <= address.width else {
      throw fail("prefix length out of range")
    }
    self.init(address, prefixLength: bits)
  }

  /// The range with the bits after the prefix cleared.
  var masked: AddressRange {
    let low = address.width - prefixLength
    // Swift returns zero for a shift by all 128 bits, as needed here.
    let bits = (address.bits >> UInt128(low)) << UInt128(low)
    return AddressRange(IPAddress(isIPv4: address.isIPv4, bits: bits), prefixLength: prefixLength)
  }

  func contains(_ other: IPAddress) -> Bool {
    let low = UInt128(address.width - prefixLength)
    return other.isIPv4 == address.isIPv4 && other.bits >> low == address.bits >> low
  }

  func contains(_ other: AddressRange) -> Bool {
    prefixLength <= other.prefixLength && contains(other.address)
  }

  var text: String { "\(address.text)/\(prefixLength)" }
}
