// SPDX-License-Identifier: Apache-2.0
import Events
import Process

/// Names one HTTP exchange of a scope; answers to an older one are ignored.
typealias TransferID = Int

/// The state of the objects that a list must show.
enum ListVersion: Equatable, Sendable {
  case mostRecent
  case exactly(String)
  /// This state or a newer one. The server refuses it with 504 while it has only older states.
  case notOlderThan(String)
}

/// The form in which the objects of a list arrive.
enum ListForm: Equatable, Sendable { case stream, pages, onePiece }

/// A request of a scope to the server.
enum ScopeRequest: Equatable, Sendable {
  /// A page of a list; with `continuation` the page's version is that of the first one.
  case list(ListVersion, continuation: String, limit: Int?)
  /// All objects as events, an end marker, then a watch.
  case streamingList(ListVersion, timeoutSeconds: Int)
  case watch(resourceVersion: String, timeoutSeconds: Int)
  /// One object of a state not older than `resourceVersion`.
  case probe(resourceVersion: String)

  /// Whether the response is a stream of events.
  var isStream: Bool {
    switch self {
    case .watch, .streamingList: true
    case .list, .probe: false
    }
  }
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
  /// An event of the watch has arrived, and `needsProof` was true.
  case delivered
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
  /// A warning about the connection, which is the same for all scopes of the cluster.
  case outage(String)
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
