// SPDX-License-Identifier: Apache-2.0
import Lines

/// Writes the state file after the lines that it covers, at most once a second, and less often if the state
/// is large.
final class StateSaver {
  private var store: StateStore
  private var lastWrite: Duration?

  init(path: String) throws { store = try StateStore(path: path) }

  /// Continues a scope from its state in the file.
  func restore(_ scope: ScopeRunner) {
    guard let entry = store.entry(scope.key) else { return }
    scope.machine.restore(resourceVersion: entry.resourceVersion, objects: entry.objects)
  }

  /// `isLast`: whether this is the last call, so that nothing may be deferred.
  func save(_ scopes: [ScopeRunner], now: Duration, isLast: Bool = false) throws(StateFileError) {
    let changed = scopes.filter { $0.hasNews && $0.machine.isConsistent }
    guard !changed.isEmpty, isLast || isDue(scopes, now) else { return }
    lastWrite = now
    for scope in changed {
      scope.hasNews = false
      store.set(
        scope.key, resourceVersion: scope.machine.picture.resourceVersion, scope.machine.picture.known)
    }
    try store.write()
  }

  private func isDue(_ scopes: [ScopeRunner], _ now: Duration) -> Bool {
    guard let lastWrite else { return true }
    let count = scopes.reduce(0) { $0 + $1.machine.picture.known.count }
    return now - lastWrite >= .milliseconds(max(1000, count / 10))
  }
}
