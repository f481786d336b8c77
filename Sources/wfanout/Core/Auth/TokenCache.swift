// SPDX-License-Identifier: Apache-2.0

/// The results of the validator, for as long as they are valid. Bounded; times are seconds since
/// 1970.
struct TokenCache: Sendable {
  private struct Entry: Sendable {
    var verdict: Verdict
    var until: Int64
  }

  let limit: Int
  /// The longest time that an identity is kept.
  let seconds: Int64
  private var entries: [String: Entry] = [:]

  /// A refused token may be accepted soon: a clock or a replica of the validator may lag.
  private static let refusalSeconds: Int64 = 5

  init(limit: Int, seconds: Int64) {
    self.limit = limit
    self.seconds = seconds
  }

  var count: Int { entries.count }

  func verdict(of token: String, now: Int64) -> Verdict? {
    guard let entry = entries[token], now < entry.until else { return nil }
    return entry.verdict
  }

  mutating func note(_ verdict: Verdict, of token: String, now: Int64) {
    let until: Int64
    switch verdict {
    case .identity(let identity): until = min(now + seconds, identity.expires ?? .max)
    case .refused: until = now + min(seconds, TokenCache.refusalSeconds)
    case .unavailable, .limited: return
    }
    if entries.count >= limit { makeRoom(now) }
    entries[token] = Entry(verdict: verdict, until: until)
  }

  /// Refused tokens are removed first, so that made-up ones do not displace valid ones.
  private mutating func makeRoom(_ now: Int64) {
    entries = entries.filter { $0.value.until > now && $0.value.verdict != .refused }
    if entries.count >= limit { entries.removeAll(keepingCapacity: true) }
  }
}
