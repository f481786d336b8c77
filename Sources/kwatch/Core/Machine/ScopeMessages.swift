// SPDX-License-Identifier: Apache-2.0
import Events
import Process

/// Names one HTTP exchange of a scope; answers to an older one are ignored.
typealias TransferID = Int

/// A request of a scope to the server.
enum ScopeRequest: Equatable, Sendable {
  /// A page of a list. `resourceVersion` empty: the most recent state; else exactly that state.
  case list(resourceVersion: String, continuation: String, limit: Int?)
  /// `initialEvents`: a streaming list first, of the most recent state.
  case watch(resourceVersion: String, initialEvents: Bool, timeoutSeconds: Int)
  /// One object of a state not older than `resourceVersion`: refused with 504 when that one is still to come.
  case probe(resourceVersion: String)
}

/// Why an exchange failed.
struct ScopeError: Error, Equatable, Sendable {
  enum Kind: Equatable, Sendable {
    /// No connection, or a broken one, without an HTTP error.
    case transport
    /// A server certificate that is not trusted.
    case untrusted
    /// An answer other than 200.
    case http(Int)
    /// An ERROR event in the stream, with its Status' code.
    case stream(Int)
    /// Nothing came for longer than anything may take.
    case silence
    /// Bytes that are neither a list nor an event.
    case garbage
  }

  var kind: Kind
  /// The attempt and the result, for people.
  var message: String
  var retryAfter: Duration?
  /// The Status has the cause `ResourceVersionTooLarge`.
  var isTooLarge = false

  var code: Int? {
    switch kind {
    case .http(let code), .stream(let code): code
    default: nil
    }
  }

  /// For STATUS lines.
  var reason: StreamStatus.Reason {
    switch kind {
    case .transport, .untrusted, .silence: .disconnect
    case .http(401): .auth
    case .http(403): .permission
    case .http, .stream, .garbage: .error
    }
  }
}

/// An event in the life of a scope.
enum ScopeEvent: Sendable {
  case start
  /// 200 and its headers have come.
  case opened(TransferID)
  /// A page of a list is whole.
  case page(TransferID, ListMeta)
  case bookmark(TransferID, resourceVersion: String, endsInitialEvents: Bool)
  case failed(TransferID, ScopeError)
  /// A watch ended cleanly.
  case ended(TransferID)
  case timer
  /// The server did not answer the request that shows whether it is alive.
  case peerDied
  /// A new list is requested (SIGHUP).
  case relist
}

/// The actions of a scope, in order.
enum ScopeAction: Equatable, Sendable {
  /// `fresh`: on a new connection, because the old one may be dead.
  case send(TransferID, ScopeRequest, fresh: Bool)
  case cancel(TransferID)
  /// Objects that were deleted without a DELETED event of the watch.
  case delete([Identity])
  /// The consumer is to see the error, as an ERROR line.
  case pass(ScopeError)
  /// The first list is printed whole.
  case synced
  /// The scope's present health. One event may cause several changes.
  case report(ScopeHealth)
  case refreshCredentials
  /// The resource is missing. The server may have it in another version.
  case rediscover
  case warn(String)
  case debug(String)
  /// The scope ends, with this status and reason.
  case finish(ExitStatus, String)
}

/// How to print an object that has just arrived.
enum Disposition: Equatable, Sendable {
  case drop
  case emit(EventType)
  /// ADDED, after a DELETED of the previous object with this name: a consumer that keeps objects by name must
  /// see its end first.
  case replace(Identity)

  /// `type`: how an object is printed that was known and has changed.
  init(_ outcome: KnownObjects.Outcome, changed type: EventType) {
    switch outcome {
    case .new: self = .emit(.added)
    case .changed: self = .emit(type)
    case .same: self = .drop
    case .replaced(let predecessor): self = .replace(predecessor)
    }
  }
}

/// The way a scope gets its data, and its health.
package struct ScopeHealth: Equatable, Sendable {
  var mode = StreamStatus.Mode.snapshot
  var level = StreamStatus.Health.degraded
  var reason = StreamStatus.Reason.awaiting
  var isConnected = false
  /// Whether an event, a bookmark, the end of initial events or a clean time-out has arrived.
  var isDelivering = false
  var isPolling = false
}

/// What to do when the server no longer has the resourceVersion from which a watch should continue.
package enum GonePolicy: String, Sendable, CaseIterable {
  /// List again and print the difference.
  case relist
  /// The same, after an ERROR line.
  case error
  /// Print the ERROR line and end with status 75.
  case exit
}

/// The settings of one scope, with their defaults.
package struct ScopeSettings: Sendable {
  /// Lists at an interval replace a watch that is refused or broken.
  package var allowsPolling = true
  package var pollInterval = Duration.seconds(10)
  /// How long a watch stays broken before lists at an interval replace it.
  package var pollAfter = Duration.seconds(5)
  /// The requested duration of a proven watch, varied by ±20 %, so that a fleet does not reconnect at once.
  package var watchTimeout = Duration.seconds(300)
  package var verifyInterval: Duration?
  package var onGone = GonePolicy.relist
  /// The number of failures in a row after which the scope gives up; nil: never.
  package var retryLimit: Int?
  /// Whether to list, print and end.
  package var isSnapshot = false
  package var skipsInitial = false
  package var allowsStreamingList = true
  package var canWatch = true
  /// The first page is short, because the server sends a page only when it is complete.
  package var firstPageLimit = 100
  /// The page size of kube-apiserver's own clients.
  package var pageLimit = 500
  /// The time limit for a response's headers, or for the next bytes of a list.
  package var answerTimeout = Duration.seconds(30)
  /// The next event of a streaming list: a server that waits longer than etcd's 3 s never sends the end marker.
  package var streamingSilence = Duration.seconds(10)
  /// Bookmarks come every 60 s where they come at all: two and a half of them missing is a dead stream.
  package var bookmarkSilence = Duration.seconds(150)
  /// A resource missing for this long is gone with all its objects; shorter is a restarted server's CRDs.
  package var notFoundGrace = Duration.seconds(30)
  package var backoffInitial = Duration.seconds(1)
  package var backoffMaximum = Duration.seconds(30)
}
