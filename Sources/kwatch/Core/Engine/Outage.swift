// SPDX-License-Identifier: Apache-2.0

/// The time during which a server cannot be reached. It concerns all scopes of a cluster and is one problem: only the
/// runner that noticed it first reports it.
struct Outage {
  private var reporter: ObjectIdentifier?

  /// Whether the runner, which has just failed, is the one that reports.
  mutating func reports(_ runner: AnyObject) -> Bool {
    let reporter = reporter ?? ObjectIdentifier(runner)
    self.reporter = reporter
    return reporter == ObjectIdentifier(runner)
  }

  /// The server has answered, or the runner that reports has ended.
  mutating func end() { reporter = nil }
}
