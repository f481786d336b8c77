// SPDX-License-Identifier: Apache-2.0
import Glibc

/// The network of a client: one person often has many addresses of it.
enum ClientNetwork {
  /// The first 24 bits of an IPv4 address, the first 64 of an IPv6 address (RFC 4291 section 2.5.4); the account itself
  /// for an identity. Accounts are named as by ``Router/account(_:address:)``.
  static func name(of account: String) -> String {
    guard account.hasPrefix("address ") else { return account }
    let address = String(account.dropFirst("address ".count))
    var bytes = [UInt8](repeating: 0, count: 16)
    if unsafe inet_pton(AF_INET, address, &bytes) == 1 { return "network \(bytes.prefix(3))" }
    if unsafe inet_pton(AF_INET6, address, &bytes) == 1 { return "network \(bytes.prefix(8))" }
    return account
  }
}
