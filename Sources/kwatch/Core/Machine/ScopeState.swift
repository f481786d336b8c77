// SPDX-License-Identifier: Apache-2.0

/// The state of a scope. Each case holds its own data, which ends with the case.
enum ScopeState: Equatable {
  enum Purpose: Equatable { case initial, resync, poll }
  enum Next: Equatable { case list(Purpose), check, watch }

  /// One HTTP exchange, from its request on.
  struct Transfer: Equatable {
    var id: TransferID
    var sentAt: Duration
    var openedAt: Duration?
    var lastActivity: Duration
  }

  struct Listing: Equatable {
    var transfer: Transfer
    var purpose: Purpose
    /// The resourceVersion of the first page; empty until it has come.
    var version = ""
    /// Whether it has no pages, because the pages of an earlier list have expired.
    var isUnpaged = false
    /// The continue tokens of the pages so far. A token that is repeated would make the list endless.
    var continuations: Set<String> = []
    /// The number of items of this page, and of objects of the pages before it.
    var items = 0
    var objectsBefore = 0
  }

  struct Watch: Equatable {
    var transfer: Transfer
    /// The duration that was requested for it.
    var timeoutSeconds: Int
    var sawEvent = false
  }

  case idle
  /// A paged list.
  case listing(Listing)
  /// A streaming list, until its end marker; the watch that it then becomes.
  case streaming(Watch, Purpose)
  /// Asking whether the server has reached our resourceVersion.
  case checking(Transfer)
  case watching(Watch)
  case waiting(until: Duration, Next)
  case finished

  /// The exchange under way.
  var transfer: Transfer? {
    switch self {
    case .listing(let listing): listing.transfer
    case .streaming(let watch, _), .watching(let watch): watch.transfer
    case .checking(let transfer): transfer
    case .idle, .waiting, .finished: nil
    }
  }

  /// Changes the exchange under way, if there is one.
  mutating func change(_ body: (inout Transfer) -> Void) {
    switch self {
    case .listing(var listing):
      body(&listing.transfer)
      self = .listing(listing)
    case .streaming(var watch, let purpose):
      body(&watch.transfer)
      self = .streaming(watch, purpose)
    case .watching(var watch):
      body(&watch.transfer)
      self = .watching(watch)
    case .checking(var transfer):
      body(&transfer)
      self = .checking(transfer)
    case .idle, .waiting, .finished: break
    }
  }

  /// The time at which the exchange under way is cancelled if it stays silent.
  func silenceDeadline(_ settings: ScopeSettings, _ server: ServerBehaviour) -> Duration? {
    guard let transfer else { return nil }
    guard let openedAt = transfer.openedAt else { return transfer.sentAt + settings.answerTimeout }
    switch self {
    case .listing, .checking: return transfer.lastActivity + settings.answerTimeout
    case .streaming: return transfer.lastActivity + settings.streamingSilence
    case .watching(let watch):
      // A server ends a watch at the requested time. If it does not, the server or the network is dead.
      let end = openedAt + .seconds(watch.timeoutSeconds + (server.isProven ? 15 : 2))
      guard server.seesBookmarks, server.isProven else { return end }
      return min(end, transfer.lastActivity + settings.bookmarkSilence)
    case .idle, .waiting, .finished: return nil
    }
  }
}
