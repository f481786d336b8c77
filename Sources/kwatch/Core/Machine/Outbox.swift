// SPDX-License-Identifier: Apache-2.0

/// The actions that a scope takes in response to one event, in order. Numbers its requests.
struct Outbox {
  private var actions: [ScopeAction] = []
  private var lastTransfer = 0

  mutating func append(_ action: ScopeAction) { actions.append(action) }

  mutating func append(_ more: [ScopeAction]) { actions += more }

  mutating func send(_ request: ScopeRequest, fresh: Bool, at now: Duration) -> Transfer {
    lastTransfer += 1
    actions.append(.send(lastTransfer, request, fresh: fresh))
    return Transfer(id: lastTransfer, sentAt: now)
  }

  /// Cancels an exchange, if there is one.
  mutating func cancel(_ transfer: TransferID?) {
    if let transfer { actions.append(.cancel(transfer)) }
  }

  /// Deletes objects, if there are any.
  mutating func delete(_ gone: [Identity]) {
    if !gone.isEmpty { actions.append(.delete(gone)) }
  }

  /// Removes and returns the actions.
  mutating func take() -> [ScopeAction] {
    defer { actions = [] }
    return actions
  }
}
