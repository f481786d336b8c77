// SPDX-License-Identifier: Apache-2.0
import CEL

/// A listener's request: the transport, the start position and the filters.
struct ListenRequest: Sendable, Equatable {
  /// The start position of a listener.
  package enum Start: Sendable, Equatable {
    case now
    /// At the listener's own position.
    case here
    /// After the event with this id, given as text.
    case after(String)
    /// At a position that was looked up on this listener's loop.
    case at(StartPoint)
    /// With the latest object of each key, followed by a marker of their end.
    case snapshot
    /// The same without the marker.
    case snapshotWithoutEnd
  }

  var start: Start = .now
  var filter: FilterRequest
  /// Whether the listener began with a snapshot, now or before it resumed, so that its copy of the objects
  /// must be kept correct.
  var wantsSnapshot = false

  /// `Last-Event-ID`, which a browser sends when it reconnects, takes precedence over the page's
  /// `?lastEventId=`. A client that has received no event yet may send an empty one.
  init(_ request: HTTPRequest) {
    wantsSnapshot = request.flag("snapshot")
    let ids = [request.header("last-event-id"), request.item("lastEventId")].compactMap(\.self)
    if let id = ids.first(where: { !$0.isEmpty }) {
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

  init(_ request: HTTPRequest) {
    func text(_ name: String) -> String? { request.item(name).flatMap { $0.isEmpty ? nil : $0 } }
    expression = text("filter")
    fieldSelector = text("fieldSelector")
    labelSelector = text("labelSelector")
    types = text("type")
  }

  var isEmpty: Bool { expression == nil && fieldSelector == nil && labelSelector == nil && types == nil }

  private static let names = ["filter", "fieldSelector", "labelSelector", "type"]

  /// Refuses a request that has one of them twice, of which only the first would be used, or mistypes the name of a
  /// parameter that chooses events. Other names are ignored, as the API server does.
  static func check(_ request: HTTPRequest) throws(HTTPError) {
    for name in names where request.query.count(where: { $0.name == name }) > 1 {
      throw .badRequest("\(name) is given more than once; combine the conditions in one")
    }
    for (name, _) in request.query {
      if let meant = parameter(meantBy: name) {
        throw .badRequest("there is no parameter '\(name)'; did you mean '\(meant)'?")
      }
    }
  }

  /// The parameter of which `name` is a mistyped form, such as `filterr` or `last_event_id`. A short name resembles
  /// too many others, such as `time`.
  static func parameter(meantBy name: String) -> String? {
    let long = names.dropLast() + ["lastEventId", "resourceVersion", "snapshot"]
    guard name != "type", !long.contains(name) else { return nil }
    let letters = name.filter(\.isLetter)
    return letters.lowercased().hasPrefix("type")
      ? "type" : Suggestion.nearest(to: letters, among: Array(long))
  }

  /// A key that is equal for equal filters, however the URL spells them.
  var key: String {
    [expression, fieldSelector, labelSelector, types].map { $0.map { "\($0.utf8.count):\($0)" } ?? "-" }
      .joined(separator: " ")
  }
}
