// SPDX-License-Identifier: Apache-2.0

/// A paged list: the requests for its pages, and the rules by which it ends.
struct Listing: Equatable {
  /// The step after a page.
  enum Step: Equatable {
    case next(ScopeRequest)
    case whole(resourceVersion: String)
    /// The server sends the same page again, so the list would never end.
    case repeated
    /// The server sends empty pages only, each with a token for the next.
    case empty
  }

  var transfer: Transfer
  let purpose: ScopeState.Purpose
  /// The state that was requested for the first page.
  let version: ListVersion
  /// Whether it has no pages, because the pages of an earlier list have expired.
  let isUnpaged: Bool
  /// The resourceVersion of the first page; nil until it has arrived.
  private var firstVersion: String?
  /// The continue tokens of the pages so far.
  private var continuations: Set<String> = []
  /// The number of items of this page, and of objects of the pages before it.
  private var items = 0
  private var objectsBefore = 0
  /// The number of pages without an item since the last one with any. A selector may leave pages empty, but not
  /// a thousand in a row.
  private var emptyPages = 0
  private static let emptyPageLimit = 1000

  init(transfer: Transfer, purpose: ScopeState.Purpose, version: ListVersion, isUnpaged: Bool = false) {
    self.transfer = transfer
    self.purpose = purpose
    self.version = version
    self.isUnpaged = isUnpaged
  }

  var isFirstPage: Bool { firstVersion == nil }

  mutating func noteItem(at now: Duration) {
    transfer.lastActivity = now
    items += 1
  }

  /// Ends a page. `objects`: the number of different objects that the list has contained so far.
  mutating func page(_ meta: ListMeta, objects: Int, limit: Int) -> Step {
    // All pages have one resourceVersion. If they do not, the first one misses nothing.
    let version = firstVersion ?? meta.resourceVersion
    firstVersion = version
    guard !meta.continuation.isEmpty else { return .whole(resourceVersion: version) }
    // A new token with the same objects would not end either.
    let isRepeated = items > 0 && objects == objectsBefore
    guard continuations.insert(meta.continuation).inserted, !isRepeated else { return .repeated }
    emptyPages = items > 0 ? 0 : emptyPages + 1
    guard emptyPages < Self.emptyPageLimit else { return .empty }
    (items, objectsBefore) = (0, objects)
    return .next(.list(.mostRecent, continuation: meta.continuation, limit: limit))
  }
}
