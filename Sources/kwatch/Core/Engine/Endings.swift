// SPDX-License-Identifier: Apache-2.0
import Process

/// The runners that have ended, and the exit status of the process.
struct Endings {
  private var ended: Set<ObjectIdentifier> = []
  private var reported: Set<String> = []
  private(set) var firstFailure: ExitStatus?

  func contains(_ runner: AnyObject) -> Bool { ended.contains(ObjectIdentifier(runner)) }

  mutating func add(_ runner: AnyObject, _ status: ExitStatus, _ message: String, _ diagnostics: Diagnostics)
  {
    ended.insert(ObjectIdentifier(runner))
    if status != .ok { fail(status, message, diagnostics) }
  }

  /// One problem of a cluster may end several scopes; it is reported once.
  mutating func fail(_ status: ExitStatus, _ message: String, _ diagnostics: Diagnostics) {
    if reported.insert(message).inserted { diagnostics.error(message) }
    firstFailure = firstFailure ?? status
  }
}
