// SPDX-License-Identifier: Apache-2.0

/// cel-go's `network` extension: IP addresses and ranges. It contains Kubernetes' `ip` and `cidr` libraries,
/// and `isMask`.
public struct NetworkLibrary: Library {
  /// `network`
  public let name = "network"

  private let dialect: Dialect

  /// Creates the library. The dialect decides two things. Invalid constant addresses are compile errors
  /// except in Kubernetes' dialect. IPv4-mapped IPv6 addresses in hexadecimal form are accepted in the
  /// specification's dialect only.
  public init(_ dialect: Dialect = .celGo) { self.dialect = dialect }

  private static let reading = Overload.Cost.custom { $0.reduce(20) { $0 + WorkCost.bytes($1) / 2 } }

  /// Adds the types `net.IP` and `net.CIDR` and their functions.
  public func declare(in declarations: inout Declarations) {
    declarations.type("net.IP", IPAddress.valueType)
    declarations.type("net.CIDR", AddressRange.valueType)
    declareParsing(in: &declarations)
    declareAddresses(in: &declarations)
    declareRanges(in: &declarations)
  }

  private func declareParsing(in declarations: inout Declarations) {
    let unmapping = dialect == .specification
    let address = Overload.unary("string_to_ip", cost: Self.reading) {
      (text: String) throws(EvaluationError) in
      try IPAddress(parsing: text, unmapping: unmapping)
    }
    let range = Overload.unary("string_to_cidr", cost: Self.reading) {
      (text: String) throws(EvaluationError) in
      try AddressRange(parsing: text)
    }
    let refusesConstants = dialect != .kubernetes
    declarations.function(
      "ip", refusesConstants ? address.failingEarly() : address,
      .unary("cidr_ip", member: true) { (range: AddressRange) in range.address })
    declarations.function("cidr", refusesConstants ? range.failingEarly() : range)
    declarations.function(
      "isIP",
      .unary("is_ip", cost: Self.reading) { (text: String) in
        (try? IPAddress(parsing: text, unmapping: unmapping)) != nil
      })
    declarations.function(
      "isCIDR",
      .unary("is_cidr", cost: Self.reading) { (text: String) in (try? AddressRange(parsing: text)) != nil })
    declarations.function(
      "ip.isCanonical",
      .unary("ip_is_canonical", cost: Self.reading) { (text: String) throws(EvaluationError) in
        try IPAddress(parsing: text, unmapping: unmapping).text.isUTF8Equal(to: text)
      })
    declarations.function(
      "string",
      .unary("ip_to_string", cost: .constantly(20)) { (address: IPAddress) in address.text },
      .unary("cidr_to_string", cost: .constantly(20)) { (range: AddressRange) in range.text })
  }

  private func declareAddresses(in declarations: inout Declarations) {
    declarations.function(
      "family", .unary("ip_family", member: true) { (address: IPAddress) in address.family })
    declarations.function(
      "isUnspecified",
      .unary("ip_is_unspecified", member: true) { (address: IPAddress) in address.isUnspecified })
    declarations.function(
      "isLoopback", .unary("ip_is_loopback", member: true) { (address: IPAddress) in address.isLoopback })
    declarations.function(
      "isLinkLocalMulticast",
      .unary("ip_is_link_local_multicast", member: true) { (address: IPAddress) in
        address.isLinkLocalMulticast
      })
    declarations.function(
      "isLinkLocalUnicast",
      .unary("ip_is_link_local_unicast", member: true) { (address: IPAddress) in address.isLinkLocalUnicast })
    declarations.function(
      "isGlobalUnicast",
      .unary("ip_is_global_unicast", member: true) { (address: IPAddress) in address.isGlobalUnicast })
  }

  private func declareRanges(in declarations: inout Declarations) {
    let unmapping = dialect == .specification
    declarations.function(
      "containsIP",
      .binary("cidr_contains_ip_ip", member: true) { (range: AddressRange, address: IPAddress) in
        range.contains(address)
      },
      .binary("cidr_contains_ip_string", member: true, cost: Self.reading) {
        (range: AddressRange, text: String) throws(EvaluationError) in
        range.contains(try IPAddress(parsing: text, unmapping: unmapping))
      })
    declarations.function(
      "containsCIDR",
      .binary("cidr_contains_cidr", member: true) { (range: AddressRange, other: AddressRange) in
        range.contains(other)
      },
      .binary("cidr_contains_cidr_string", member: true, cost: Self.reading) {
        (range: AddressRange, text: String) throws(EvaluationError) in
        range.contains(try AddressRange(parsing: text))
      })
    declarations.function(
      "masked", .unary("cidr_masked", member: true) { (range: AddressRange) in range.masked })
    declarations.function(
      "isMask", .unary("cidr_is_mask", member: true) { (range: AddressRange) in range == range.masked })
    declarations.function(
      "prefixLength",
      .unary("cidr_prefix_length", member: true) { (range: AddressRange) in Int64(range.prefixLength) })
  }
}
