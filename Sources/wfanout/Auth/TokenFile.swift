// SPDX-License-Identifier: Apache-2.0
import Pipe
import Synchronization

/// `--auth-tokens FILE`: a line for each token: the token, whose it is, and optionally when it expires, in seconds since 1970.
///
/// Read again whenever the file has changed, at most once a second, so that a token can be given or taken without a restart.
final class TokenFile: Sendable {
  struct Failure: ToolError {
    var description: String
    var status: ExitStatus { .badConfig }
  }

  private struct State: Sendable {
    var tokens: [(token: [UInt8], identity: Identity)] = []
    var checked: Int64 = 0
    var stamp: FileStamp?
  }

  private let path: String
  private let state = Mutex(State())

  init(path: String) throws(Failure) {
    self.path = path
    let (text, stamp) = try TokenFile.load(path)
    let tokens = try TokenFile.parse(text, path: path)
    state.withLock { $0 = State(tokens: tokens, checked: 0, stamp: stamp) }
  }

  /// Nil for a token that nobody has, or that has expired.
  func identity(of token: String, now: Int64) -> Identity? {
    let wanted = Array(token.utf8)
    return state.withLock { state in
      refresh(&state, now)
      var found: Identity?
      // Every token is compared, and in whole, so that the time taken tells nothing.
      for (token, identity) in state.tokens where TokenFile.isEqual(token, wanted) { found = identity }
      if let expires = found?.expires, expires <= now { return nil }
      return found
    }
  }

  private func refresh(_ state: inout State, _ now: Int64) {
    guard now != state.checked else { return }
    state.checked = now
    guard let stamp = FileStamp(path), stamp != state.stamp else { return }
    // A file that is half written or gone leaves what was in force.
    if let (text, stamp) = try? TokenFile.load(path), let tokens = try? TokenFile.parse(text, path: path) {
      state.tokens = tokens
      state.stamp = stamp
    }
  }

  static func isEqual(_ left: [UInt8], _ right: [UInt8]) -> Bool {
    guard left.count == right.count else { return false }
    var difference: UInt8 = 0
    for (first, second) in zip(left, right) { difference |= first ^ second }
    return difference == 0
  }

  static func parse(_ text: String, path: String) throws(Failure) -> [(token: [UInt8], identity: Identity)] {
    var tokens: [(token: [UInt8], identity: Identity)] = []
    for (number, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
      let words = line.split { $0 == " " || $0 == "\t" || $0 == "\r" }
      guard let token = words.first, !token.hasPrefix("#") else { continue }
      guard (2...3).contains(words.count), words.count == 2 || Int64(words[2]) != nil else {
        throw Failure(
          description: "read tokens '\(path)': line \(number + 1): wanted TOKEN IDENTITY [EXPIRES]")
      }
      let expires = words.count == 3 ? Int64(words[2]) : nil
      tokens.append((Array(token.utf8), Identity(name: String(words[1]), expires: expires)))
    }
    return tokens
  }

  private static func load(_ path: String) throws(Failure) -> (String, FileStamp?) {
    let stamp = FileStamp(path)
    do throws(FileError) {
      return (String(decoding: try WholeFile.read(path), as: UTF8.self), stamp)
    } catch {
      throw Failure(description: "read tokens '\(path)': \(error)")
    }
  }
}
