// SPDX-License-Identifier: Apache-2.0
import Lines
import Process

/// The file of `--auth-tokens`. Each line holds a token, its identity, and optionally the time at which it
/// expires, in seconds since 1970.
struct TokenFile: Sendable {
  struct ReadError: ToolError {
    var description: String
    var status: ExitStatus { .badConfig }
  }

  typealias Entry = (token: [UInt8], identity: Identity)

  private let entries: WatchedFiles<[Entry]>

  init(path: String, diagnostics: Diagnostics) throws(ReadError) {
    entries = try WatchedFiles([path], diagnostics: diagnostics) { () throws(ReadError) in
      let entries = try TokenFile.load(path, diagnostics)
      if entries.isEmpty {
        diagnostics.warning("tokens '\(path)': there are none, so every token is refused")
      }
      return entries
    }
  }

  /// Increases each time the file changes, since tokens may have been revoked.
  var generation: Int { entries.generation }

  /// Has the file read again within a second.
  func reload() { entries.reload() }

  /// The identity of a token; nil if it is unknown or expired. Can be used from any thread.
  func identity(of token: String, now: Int64) -> Identity? {
    let wanted = Array(token.utf8)
    var found: Identity?
    // Every token is compared in full, so that the time taken reveals nothing.
    for (token, identity) in entries.current where TokenFile.isEqual(token, wanted) { found = identity }
    if let expires = found?.expires, expires <= now { return nil }
    return found
  }

  static func isEqual(_ left: [UInt8], _ right: [UInt8]) -> Bool {
    guard left.count == right.count else { return false }
    var difference: UInt8 = 0
    for (first, second) in zip(left, right) { difference |= first ^ second }
    return difference == 0
  }

  static func parse(_ text: String, path: String) throws(ReadError) -> [Entry] {
    var tokens: [Entry] = []
    var lines: [Substring: Int] = [:]
    // A carriage return and a newline are one Character.
    let rows = text.split(omittingEmptySubsequences: false) { $0 == "\n" || $0 == "\r\n" }
    for (number, line) in rows.enumerated() {
      let words = line.split { $0 == " " || $0 == "\t" }
      guard let token = words.first, !token.hasPrefix("#") else { continue }
      guard (2...3).contains(words.count), words.count == 2 || Int64(words[2]) != nil else {
        throw ReadError(
          description: "read tokens '\(path)': line \(number + 1): expected TOKEN IDENTITY [EXPIRES]")
      }
      if let earlier = lines.updateValue(number + 1, forKey: token) {
        throw ReadError(
          description: "read tokens '\(path)': line \(number + 1): the token is also in line \(earlier)")
      }
      let expires = words.count == 3 ? Int64(words[2]) : nil
      tokens.append((Array(token.utf8), Identity(name: String(words[1]), expires: expires)))
    }
    return tokens
  }

  private static func load(_ path: String, _ diagnostics: Diagnostics) throws(ReadError) -> [Entry] {
    let text: [UInt8]
    do throws(FileError) {
      text = try WholeFile.read(path, warn: diagnostics.warning)
    } catch {
      throw ReadError(description: "read tokens '\(path)': \(error)")
    }
    // Bytes that are replaced would make tokens equal that are not.
    guard let text = String(validating: text, as: UTF8.self) else {
      throw ReadError(description: "read tokens '\(path)': it is not UTF-8")
    }
    // Some editors begin a file with a byte order mark, which would be a part of the first token.
    return try parse(text.first == "\u{FEFF}" ? String(text.dropFirst()) : text, path: path)
  }
}
