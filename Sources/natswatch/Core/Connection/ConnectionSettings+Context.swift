// SPDX-License-Identifier: Apache-2.0

import JSON

/// A context of the `nats` command line tool: `NAME.json` in its folder.
extension ConnectionSettings {
  /// Applies a context. A key for a feature that is not supported is refused: to ignore it would connect as
  /// another user or by another route.
  ///
  /// - Parameters:
  ///   - context: Its name.
  ///   - folder: The folder of the contexts.
  ///   - home: The home directory, for `~` in the names of files.
  ///   - readFile: Returns the text of a file, nil if it cannot be read.
  /// - Throws: `badSettings`.
  mutating func apply(
    context: String, folder: String, home: String, readFile: (String) -> String?
  ) throws(NATSError) {
    let path = "\(folder)/\(context).json"
    let what = "NATS context \"\(context)\""
    guard !context.contains("/"), let text = readFile(path) else {
      throw NATSError(.badSettings, "\(what): cannot read \(path)")
    }
    let byteOrderMark: [UInt8] = [0xEF, 0xBB, 0xBF]
    let bytes = Array(text.utf8)
    guard
      case .object(let members)? = try? JSONValue(
        parsing: bytes.starts(with: byteOrderMark) ? Array(bytes.dropFirst(3)) : bytes)
    else {
      throw NATSError(.badSettings, "\(what): \(path) is not a JSON object")
    }
    for member in members where !Self.isEmpty(member.value) {
      guard let value = member.value.string, try apply(member.key, value, home) else {
        throw NATSError(
          .badSettings,
          "\(what): \(path): \"\(member.key)\" is not supported: remove it, or use flags and NATS_* variables"
        )
      }
    }
  }

  /// - Returns: False for a key that is not supported.
  private mutating func apply(_ key: String, _ value: String, _ home: String) throws(NATSError) -> Bool {
    let file = value.hasPrefix("~/") ? home + value.dropFirst() : value
    switch key {
    case "url": servers = value.split(separator: ",").map { String($0).trimmed }
    case "user": user = value
    case "password": password = value
    case "token": token = value
    case "creds": credentialsFile = file
    case "nkey": nkeyFile = file
    case "cert": tlsCertificate = file
    case "key": tlsKey = file
    case "ca": tlsCA = file
    case "inbox_prefix": inboxPrefix = value
    case "jetstream_domain": apiPrefix = "$JS.\(value).API"
    case "jetstream_api_prefix": apiPrefix = value
    // These keys have no effect here.
    case "description", "color_scheme", "jetstream_event_prefix": break
    default: return false
    }
    return true
  }

  /// Whether a value is empty: the `nats` tool writes all keys, most of them empty.
  private static func isEmpty(_ value: JSONValue) -> Bool {
    switch value {
    case .null, .bool(false), .string(""), .array([]), .object([]), .number("0"): true
    default: false
    }
  }
}
