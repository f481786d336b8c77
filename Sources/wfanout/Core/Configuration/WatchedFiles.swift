// SPDX-License-Identifier: Apache-2.0
import Glibc
import Process
import Synchronization

/// A value made of files, and made again when one of them has changed, so that a certificate or a token can
/// be given or taken without a restart.
///
/// A thread of its own looks at the files once a second: a file on a slow disk holds up no event loop. Files
/// that are gone, half written or do not fit together leave what was in force; that is logged once.
final class WatchedFiles<Value: Sendable>: Sendable {
  private struct State: Sendable {
    var value: Value
    var generation = 0
  }

  private let paths: [String]
  private let diagnostics: Diagnostics
  private let make: @Sendable () throws -> Value
  private let state: Mutex<State>

  /// - Throws: what `make` throws.
  init<Failure: Error>(
    _ paths: [String], diagnostics: Diagnostics, _ make: @escaping @Sendable () throws(Failure) -> Value
  ) throws(Failure) {
    self.paths = paths
    self.diagnostics = diagnostics
    self.make = make
    let stamps = paths.map { FileStamp($0) }
    state = Mutex(State(value: try make()))
    startThread { [weak self] in
      var known = stamps
      while true {
        usleep(1_000_000)
        guard let self else { return }
        known = self.lookAgain(known)
      }
    }
  }

  /// Any thread.
  var current: Value { state.withLock { $0.value } }

  /// How often the value has changed.
  var generation: Int { state.withLock { $0.generation } }

  private func lookAgain(_ known: [FileStamp?]) -> [FileStamp?] {
    let stamps = paths.map { FileStamp($0) }
    guard stamps != known else { return known }
    do {
      let value = try make()
      state.withLock { state in
        state.value = value
        state.generation += 1
      }
    } catch {
      diagnostics.warning("\(error); what was read before stays in force")
    }
    return stamps
  }
}
