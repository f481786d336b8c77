// SPDX-License-Identifier: Apache-2.0
import Events
import Process

/// The response of a scope to a failure, which depends on its state.
enum FailureResponse: Equatable {
  typealias Purpose = ScopeState.Purpose
  typealias Next = ScopeState.Next

  /// Wait, then continue. If `reason` is nil, the failure's reason is reported.
  case retry(Next, StreamStatus.Reason? = nil)
  /// Waiting does not help. A scope that never worked ends, one that has worked tries again.
  case refuse(StreamStatus.Reason, ExitStatus, Next)
  /// The server no longer has the state that the first pages showed. To continue with a newer state would hide
  /// changes to them, so list again without pages.
  case listInOnePiece(Purpose)
  /// The server cannot list a state that is not older than a version. List again without one.
  case listAnyState(Purpose)
  case listWithoutStreaming(Purpose)
  case watch
  /// The server accepted the watch and sent nothing: lists replace it while it is tried again.
  case pollInstead
  /// The server allows no watch.
  case watchRefused
  /// The resource does not exist.
  case missing
  /// The server's state is older than our resourceVersion.
  case tooLarge(Next)
  /// The changes between our resourceVersion and now are no longer available.
  case gone
  case none

  init(_ failure: ScopeError, in state: ScopeState, isProven: Bool, allowsPolling: Bool) {
    switch state {
    case .idle, .waiting, .finished: self = .none
    case .listing(let listing) where failure.isTooLarge: self = .tooLarge(.list(listing.purpose))
    case .streaming(_, let purpose) where failure.isTooLarge: self = .tooLarge(.list(purpose))
    case .checking where failure.isTooLarge, .watching where failure.isTooLarge: self = .tooLarge(.check)
    case .listing(let listing) where listing.isFirstPage && listing.version != .mostRecent:
      switch failure.kind {
      // Before 1.19 the version of a page is an exact one. Some aggregated servers refuse unknown parameters.
      case .http(410), .http(400), .http(422): self = .listAnyState(listing.purpose)
      default: self = Self.list(failure, listing.purpose)
      }
    case .listing(let listing) where failure.kind == .http(410) && !listing.isUnpaged:
      self = .listInOnePiece(listing.purpose)
    case .listing(let listing): self = Self.list(failure, listing.purpose)
    case .streaming(_, let purpose): self = Self.streamingList(failure, purpose)
    case .checking:
      switch failure.kind {
      case .http(403), .http(405), .http(400): self = .watch
      default: self = Self.watch(failure, isProven, allowsPolling)
      }
    case .watching: self = Self.watch(failure, isProven, allowsPolling)
    }
  }

  private static func list(_ failure: ScopeError, _ purpose: Purpose) -> FailureResponse {
    switch failure.kind {
    case .http(403): .refuse(.permission, .noPermission, .list(purpose))
    case .http(401): .refuse(.auth, .noPermission, .list(purpose))
    case .untrusted: .refuse(.disconnect, .badConfig, .list(purpose))
    case .http(404), .http(405): .missing
    case .http(400): .refuse(.error, .usage, .list(purpose))
    case .http(406), .http(415), .http(422): .refuse(.error, .unavailable, .list(purpose))
    default: .retry(.list(purpose))
    }
  }

  private static func streamingList(_ failure: ScopeError, _ purpose: Purpose) -> FailureResponse {
    switch failure.kind {
    case .http(410): .listInOnePiece(purpose)
    case .transport, .untrusted, .garbage, .http(401), .http(429), .http(500...), .http(300..<400):
      list(failure, purpose)
    case .http, .stream, .silence: .listWithoutStreaming(purpose)
    }
  }

  private static func watch(_ failure: ScopeError, _ isProven: Bool, _ allowsPolling: Bool) -> FailureResponse
  {
    switch failure.kind {
    case .http(410), .stream(410): .gone
    case .http(403), .http(405): .watchRefused
    case .http(404): .missing
    case .http(401): .retry(.check, .auth)
    case .silence where !isProven && allowsPolling: .pollInstead
    default: .retry(.check)
    }
  }
}
