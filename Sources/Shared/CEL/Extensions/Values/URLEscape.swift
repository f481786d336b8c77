// SPDX-License-Identifier: Apache-2.0

/// Percent-encoding by the rules of Go's net/url, which depend on the part of the URL.
enum URLEscape {
  /// A part of a URL.
  enum Part { case path, userInfo, host, zone, query, fragment }

  /// Why a text is not a valid part of a URL.
  struct FormatError: Error {
    let reason: String
    init(_ reason: String) { self.reason = reason }
  }

  /// Decodes `text`.
  static func unescape(_ text: some Collection<UInt8>, _ part: Part) throws(FormatError) -> [UInt8] {
    let bytes = Array(text)
    var result: [UInt8] = []
    result.reserveCapacity(bytes.count)
    var index = 0
    while index < bytes.count {
      let byte = bytes[index]
      if byte == UInt8(ascii: "%") {
        let shown = bytes[index..<min(index + 3, bytes.count)]
        guard shown.count == 3, let high = IPAddressParser.hexadecimalValue(bytes[index + 1]),
          let low = IPAddressParser.hexadecimalValue(bytes[index + 2])
        else { throw invalidEscape(shown) }
        let value = high << 4 | low
        let isPercent = value == UInt8(ascii: "%")
        // In a host, ASCII characters must not be escaped (RFC 3986 section 3.2.2). A zone may escape a space
        // and characters that are valid unescaped.
        if part == .host, value < 0x80, !isPercent { throw invalidEscape(shown) }
        if part == .zone, !isPercent, value != 0x20, needsEscape(value, .host) { throw invalidEscape(shown) }
        result.append(value)
        index += 3
        continue
      }
      if part == .host || part == .zone, byte < 0x80, needsEscape(byte, part) {
        throw FormatError("invalid character \"\(Unicode.Scalar(byte))\" in host name")
      }
      result.append(part == .query && byte == UInt8(ascii: "+") ? 0x20 : byte)
      index += 1
    }
    return result
  }

  /// `path` with all characters escaped that are not valid in a path.
  static func escapePath(_ path: some Collection<UInt8>) -> [UInt8] {
    let digits = Array("0123456789ABCDEF".utf8)
    var output: [UInt8] = []
    output.reserveCapacity(path.count)
    for byte in path {
      guard needsEscape(byte, .path) else {
        output.append(byte)
        continue
      }
      output.append(UInt8(ascii: "%"))
      output.append(digits[Int(byte >> 4)])
      output.append(digits[Int(byte & 15)])
    }
    return output
  }

  /// Whether a path is valid as it was written.
  static func isValidPath(_ path: [UInt8]) -> Bool {
    path.allSatisfy { "[]%!$&'()*+,;=:@".utf8.contains($0) || !needsEscape($0, .path) }
  }

  static func isAlphanumeric(_ byte: UInt8) -> Bool {
    (byte >= 0x30 && byte <= 0x39) || (byte | 0x20 >= 0x61 && byte | 0x20 <= 0x7A)
  }

  private static func needsEscape(_ byte: UInt8, _ part: Part) -> Bool {
    if isAlphanumeric(byte) || "-_.~".utf8.contains(byte) { return false }
    switch part {
    case .host, .zone: return !"!$&'()*+,;=:[]<>\"".utf8.contains(byte)
    case .path: return !"$&+,/:;=@".utf8.contains(byte)
    case .userInfo: return !"$&+,;=".utf8.contains(byte)
    case .query: return true
    case .fragment: return !"$&+,/:;=?@!()*".utf8.contains(byte)
    }
  }

  private static func invalidEscape(_ text: ArraySlice<UInt8>) -> FormatError {
    FormatError("invalid URL escape \"\(String(decoding: text, as: UTF8.self))\"")
  }
}
