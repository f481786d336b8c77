// SPDX-License-Identifier: Apache-2.0
import Encoding
import JSON

/// The output of an exec plugin: `client.authentication.k8s.io`'s ExecCredential.
struct ExecCredential: Equatable, Sendable {
  var token = ""
  var certificate: [UInt8] = []
  var key: [UInt8] = []
  var expiry: Timestamp?

  /// - Parameters:
  ///   - apiVersion: what the plugin was asked for; another one is refused, as by kubectl. Empty: any.
  ///   - source: names the plugin in messages.
  init(_ text: [UInt8], apiVersion: String, from source: String) throws(ConfigError) {
    let value: JSONValue
    do { value = try JSONValue.parse(text) } catch {
      throw ConfigError("\(source) printed \(text.isEmpty ? "nothing" : "something that is not JSON")")
    }
    guard value["kind"]?.text == "ExecCredential", let status = value["status"] else {
      throw ConfigError("\(source) printed no ExecCredential with a status")
    }
    let version = value["apiVersion"]?.text ?? ""
    guard apiVersion.isEmpty || version == apiVersion else {
      throw ConfigError("\(source) answered with apiVersion '\(version)', but was asked for '\(apiVersion)'")
    }
    token = status["token"]?.text ?? ""
    certificate = Array((status["clientCertificateData"]?.text ?? "").utf8)
    key = Array((status["clientKeyData"]?.text ?? "").utf8)
    guard certificate.isEmpty == key.isEmpty else {
      throw ConfigError(
        "\(source) gave a \(key.isEmpty ? "certificate without its key" : "key without its certificate")")
    }
    guard !token.isEmpty || !certificate.isEmpty else {
      throw ConfigError("\(source) gave neither a token nor a certificate with its key")
    }
    if let text = status["expirationTimestamp"]?.text {
      guard let time = Self.time(text) else {
        throw ConfigError("\(source) gave an expirationTimestamp that is not an RFC 3339 time: '\(text)'")
      }
      expiry = time
    }
  }

  /// RFC 3339, whole seconds or fractions, `Z` or an offset.
  static func time(_ text: String) -> Timestamp? {
    let bytes = Array(text.utf8)
    func number(_ range: Range<Int>) -> Int64? {
      guard bytes.count >= range.upperBound else { return nil }
      var value: Int64 = 0
      for byte in bytes[range] {
        guard (0x30...0x39).contains(byte) else { return nil }
        value = value * 10 + Int64(byte - 0x30)
      }
      return value
    }
    guard let year = number(0..<4), let month = number(5..<7), let day = number(8..<10),
      let hour = number(11..<13), let minute = number(14..<16), let second = number(17..<19),
      (1...12).contains(month), (1...31).contains(day), hour < 24, minute < 60, second < 61
    else { return nil }
    var index = 19
    if index < bytes.count, bytes[index] == UInt8(ascii: ".") {
      index += 1
      while index < bytes.count, (0x30...0x39).contains(bytes[index]) { index += 1 }
    }
    guard index < bytes.count else { return nil }
    var offset: Int64 = 0
    switch bytes[index] {
    case UInt8(ascii: "Z"), UInt8(ascii: "z"): break
    case UInt8(ascii: "+"), UInt8(ascii: "-"):
      guard let hours = number(index + 1..<index + 3), let minutes = number(index + 4..<index + 6) else {
        return nil
      }
      offset = (hours * 60 + minutes) * (bytes[index] == UInt8(ascii: "+") ? 60 : -60)
    default: return nil
    }
    // Days since 1970 with March as the first month, so that a leap day is a year's last.
    let shifted = month <= 2 ? year - 1 : year
    let era = (shifted >= 0 ? shifted : shifted - 399) / 400
    let yearOfEra = shifted - era * 400
    let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
    let days = era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    let seconds = days * 86_400 + hour * 3600 + minute * 60 + second - offset
    // A Timestamp reaches from 1677 to 2262; `9999-12-31` means never, and 2262 does as well.
    let limit: Int64 = 9_223_372_036
    return Timestamp(nanoseconds: min(max(seconds, -limit), limit) * 1_000_000_000)
  }
}
