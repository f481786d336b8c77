// SPDX-License-Identifier: Apache-2.0

/// What a listener asks for: the transport, where to begin, and which events it wants.
struct ListenRequest: Sendable, Equatable {
  /// Where a listener wants to begin.
  package enum Start: Sendable, Equatable {
    case now
    /// Where the listener's position says.
    case here
    /// After the event with this id, given as text.
    case after(String)
    /// At a place that was looked up on this listener's loop.
    case at(StartPoint)
    /// With the latest object of each key, then a mark that they are over.
    case snapshot
    /// The same without the mark.
    case snapshotWithoutEnd
  }

  var start: Start = .now
  var filter: FilterRequest = FilterRequest()
  /// Whether it begins with the objects, or began so before it was cut off: it has a picture that is to be kept right.
  var wantsSnapshot = false

  /// `Last-Event-ID` (which a browser sends by itself when it reconnects) wins over `?lastEventId=`, the page's own.
  init(_ request: Request) {
    wantsSnapshot = request.flag("snapshot")
    if let id = request.header("last-event-id") ?? request.item("lastEventId"), !id.isEmpty {
      start = .after(id)
    } else if wantsSnapshot {
      start = .snapshot
    }
    filter = FilterRequest(request)
  }
}

/// The filters of a listener as its request spells them.
struct FilterRequest: Sendable, Hashable {
  /// A CEL expression.
  var expression: String?
  var fieldSelector: String?
  var labelSelector: String?
  /// Event types, comma-separated.
  var types: String?

  init() {}

  init(_ request: Request) {
    func text(_ name: String) -> String? { request.item(name).flatMap { $0.isEmpty ? nil : $0 } }
    expression = text("filter")
    fieldSelector = text("fieldSelector")
    labelSelector = text("labelSelector")
    types = text("type")
  }

  var isEmpty: Bool { expression == nil && fieldSelector == nil && labelSelector == nil && types == nil }

  /// The same filters, however spelled in a URL, have the same key.
  var key: String {
    [expression, fieldSelector, labelSelector, types].map { $0.map { "\($0.utf8.count):\($0)" } ?? "-" }
      .joined(separator: " ")
  }
}
