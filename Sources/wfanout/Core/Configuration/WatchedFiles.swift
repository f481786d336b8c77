// SPDX-License-Identifier: Apache-2.0
import Encoding
import Process
import Synchronization

/// A value made of files, and made anew when one of them has changed, so that a certificate or a token can be given or taken without
/// a restart. They are looked at once a second at most.
///
/// Files that are gone, half written or do not fit together leave what was in force; that is said once.
final class WatchedFiles<Value: Sendable>: Sendable {
  private struct State: Sendable {
    var value: Value
    var stamps: [FileStamp?]
    /// In seconds since 1970.
    var checked: Int64 = 0
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
    state = Mutex(State(value: try make(), stamps: stamps))
  }

  /// Any thread; now and then it reads the files.
  var current: Value {
    let now = Timestamp.now.nanoseconds / 1_000_000_000
    return state.withLock { state in
      guard state.checked != now else { return state.value }
      state.checked = now
      let stamps = paths.map { FileStamp($0) }
      guard stamps != state.stamps else { return state.value }
      state.stamps = stamps
      do {
        state.value = try make()
      } catch {
        diagnostics.warning("\(error); what was read before stays in force")
      }
      return state.value
    }
  }
}
