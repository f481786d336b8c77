// SPDX-License-Identifier: Apache-2.0
import Glibc
import Process
import Synchronization

/// A value that is read from files, and read again when one of them changes, so that certificates and tokens
/// can be replaced without a restart.
///
/// A separate thread checks the files once a second, so that a slow disk delays no event loop. If the files
/// are missing, incomplete or inconsistent, the previous value stays in use and a warning is logged once.
final class WatchedFiles<Value: Sendable>: Sendable {
  private struct State: Sendable {
    var value: Value
    var generation = 0
    /// Whether the files are to be read even if they look unchanged.
    var mustReload = false
  }

  private let paths: [String]
  private let diagnostics: Diagnostics
  private let make: @Sendable () throws -> Value
  private let state: Mutex<State>

  /// - Throws: The error of `make`.
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

  /// Can be used from any thread.
  var current: Value { state.withLock { $0.value } }

  /// The number of times that the value has changed.
  var generation: Int { state.withLock { $0.generation } }

  /// Has the files read again within a second, even if they look unchanged.
  func reload() { state.withLock { $0.mustReload = true } }

  private func lookAgain(_ known: [FileStamp?]) -> [FileStamp?] {
    let stamps = paths.map { FileStamp($0) }
    let isForced = state.withLock { state in
      defer { state.mustReload = false }
      return state.mustReload
    }
    guard stamps != known || isForced else { return known }
    // An editor may have written only a part of it yet. Missing tokens would end streams.
    if !isForced, stamps.contains(where: { $0?.isBeingWritten ?? false }) { return known }
    // A pipe, as of `<(command)`, was read once; waiting for another writer would end the watch.
    if let index = stamps.firstIndex(where: { $0?.isRegular == false }) {
      if isForced || known[index]?.isRegular ?? true {
        diagnostics.warning("'\(paths[index])' is not a regular file; its previous content stays in use")
      }
      return stamps
    }
    do {
      let value = try make()
      state.withLock { state in
        state.value = value
        state.generation += 1
      }
    } catch {
      diagnostics.warning("\(error); the previous content stays in use")
    }
    return stamps
  }
}
