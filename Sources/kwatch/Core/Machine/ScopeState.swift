// SPDX-License-Identifier: Apache-2.0

/// The state of a scope. Each case holds its own data, which ends with the case.
enum ScopeState: Equatable {
  enum Purpose: Equatable { case initial, resync, poll }
  enum Next: Equatable { case list(Purpose), check, watch }

  case idle
  /// A paged list.
  case listing(Listing)
  /// A streaming list, until its end marker; the watch that it then becomes.
  case streaming(Watch, Purpose)
  /// Asking whether the server has reached our resourceVersion.
  case checking(Transfer)
  case watching(Watch)
  case waiting(until: Duration, Next, LongWait?)
  case finished

  /// The state that waits for the response to a request. `purpose`: of a list.
  init(_ request: ScopeRequest, _ transfer: Transfer, _ purpose: Purpose) {
    switch request {
    case .list(let version, _, let limit):
      let isUnpaged = limit == nil
      self = .listing(
        Listing(transfer: transfer, purpose: purpose, version: version, isUnpaged: isUnpaged))
    case .streamingList(_, let seconds):
      self = .streaming(Watch(transfer: transfer, timeoutSeconds: seconds), purpose)
    case .watch(_, let seconds): self = .watching(Watch(transfer: transfer, timeoutSeconds: seconds))
    case .probe: self = .checking(transfer)
    }
  }

  /// The exchange under way.
  var transfer: Transfer? {
    switch self {
    case .listing(let listing): listing.transfer
    case .streaming(let watch, _), .watching(let watch): watch.transfer
    case .checking(let transfer): transfer
    case .idle, .waiting, .finished: nil
    }
  }

  /// The action that sends the request of the current exchange again.
  var repetition: Next? {
    switch self {
    case .listing(let listing): .list(listing.purpose)
    case .streaming(_, let purpose): .list(purpose)
    case .checking: .check
    case .watching: .watch
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

  /// An item of a list has arrived.
  ///
  /// - Returns: the purpose of the list; nil if the item is not of the current list.
  mutating func noteItem(_ id: TransferID, at now: Duration) -> Purpose? {
    guard case .listing(var listing) = self, id == listing.transfer.id else { return nil }
    listing.noteItem(at: now)
    self = .listing(listing)
    return listing.purpose
  }

  /// The stream that an event belongs to.
  enum EventOrigin: Equatable { case streamingList(Purpose), watch }

  /// An event of a stream has arrived. Returns nil if it is not of the current stream.
  mutating func noteEvent(_ id: TransferID, at now: Duration) -> EventOrigin? {
    switch self {
    case .streaming(var watch, let purpose) where id == watch.transfer.id:
      watch.transfer.lastActivity = now
      self = .streaming(watch, purpose)
      return .streamingList(purpose)
    case .watching(var watch) where id == watch.transfer.id:
      watch.noteEvent(at: now)
      self = .watching(watch)
      return .watch
    default: return nil
    }
  }

  /// The meaning of a bookmark.
  enum BookmarkMeaning: Equatable {
    /// The end marker of a streaming list, which is a watch from now on.
    case endOfList(Purpose)
    case progress(isMidway: Bool)
  }

  /// A bookmark of the current stream has arrived. Returns nil for one without a meaning.
  mutating func noteBookmark(endsList: Bool, at now: Duration) -> BookmarkMeaning? {
    switch self {
    case .streaming(var watch, let purpose):
      // Initial events are not ordered by resourceVersion. The watch continues from the version of the end
      // marker.
      watch.noteEvent(at: now)
      self = endsList ? .watching(watch) : .streaming(watch, purpose)
      return endsList ? .endOfList(purpose) : nil
    case .watching(var watch):
      watch.noteEvent(at: now)
      self = .watching(watch)
      return .progress(isMidway: !endsList && watch.isMidway(at: now))
    default: return nil
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

  /// The time at which a wait ends.
  var waitsUntil: Duration? {
    if case .waiting(let until, _, _) = self { until } else { nil }
  }

  /// The time at which a wait ends, or is reported again.
  var waitDeadline: Duration? {
    if case .waiting(let until, _, let long) = self { long?.nextReport ?? until } else { nil }
  }

  /// The text that reports a long wait again, if it is time.
  mutating func longWaitReport(at now: Duration) -> String? {
    guard case .waiting(let until, let next, var long) = self else { return nil }
    let text = long?.report(at: now)
    self = .waiting(until: until, next, long)
    return text
  }

  /// Whether a stream is open. Its silence means that nothing changes, or that the peer is dead.
  var isWatchOpen: Bool {
    switch self {
    case .watching(let watch), .streaming(let watch, _): watch.transfer.openedAt != nil
    case .idle, .listing, .checking, .waiting, .finished: false
    }
  }

  /// Whether a list has shown a part of its objects.
  var isInList: Bool {
    switch self {
    case .listing, .streaming: true
    case .idle, .checking, .watching, .waiting, .finished: false
    }
  }
}
