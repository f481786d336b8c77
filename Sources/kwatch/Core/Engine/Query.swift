// SPDX-License-Identifier: Apache-2.0
import Encoding

/// The query of a list or a watch, and the percent-encoding of its values.
struct Query {
  var labelSelector = ""
  var fieldSelector = ""
  /// One object only.
  var object: String?
  /// The rows of a Table contain the whole objects.
  var includesObjects = false

  /// A watch of one object is a watch of its collection: a `?watch` on the object itself answers with the object.
  private var fields: String {
    [nameSelector ?? "", fieldSelector].filter { !$0.isEmpty }.joined(separator: ",")
  }

  private var nameSelector: String? {
    guard let object else { return nil }
    // A selector's own separators are escaped in a value.
    return "metadata.name=" + object.map { "\\,=".contains($0) ? "\\\($0)" : String($0) }.joined()
  }

  func text(_ request: ScopeRequest) -> String {
    var items: [(String, String)] = []
    switch request {
    case .list(let version, let continuation, let limit):
      if let limit { items.append(("limit", String(limit))) }
      if !continuation.isEmpty { items.append(("continue", continuation)) }
      items += Self.items(version)
    case .watch(let version, let seconds):
      items = Self.watch(seconds)
      if !version.isEmpty { items.append(("resourceVersion", version)) }
    case .streamingList(let version, let seconds):
      items = Self.watch(seconds) + [("sendInitialEvents", "true")]
      // The API server requires a match. Without a version it is the most recent state.
      items += version == .mostRecent ? [("resourceVersionMatch", "NotOlderThan")] : Self.items(version)
    case .probe(let version):
      items = [("limit", "1")] + Self.items(.notOlderThan(version))
      // With the user's selectors the server would search all objects for one.
      if let nameSelector { items.append(("fieldSelector", nameSelector)) }
      return Self.join(items)
    }
    if includesObjects { items.append(("includeObject", "Object")) }
    if !fields.isEmpty { items.append(("fieldSelector", fields)) }
    if !labelSelector.isEmpty { items.append(("labelSelector", labelSelector)) }
    return Self.join(items)
  }

  private static func watch(_ seconds: Int) -> [(String, String)] {
    [("watch", "true"), ("allowWatchBookmarks", "true"), ("timeoutSeconds", String(seconds))]
  }

  private static func items(_ version: ListVersion) -> [(String, String)] {
    switch version {
    case .mostRecent: []
    case .exactly(let version): [("resourceVersion", version), ("resourceVersionMatch", "Exact")]
    case .notOlderThan(let version): [("resourceVersion", version), ("resourceVersionMatch", "NotOlderThan")]
    }
  }

  private static func join(_ items: [(String, String)]) -> String {
    items.isEmpty ? "" : "?" + items.map { "\($0.0)=\(PercentEncoding.encode($0.1))" }.joined(separator: "&")
  }
}
