// SPDX-License-Identifier: Apache-2.0
import YAML

/// A path under which the latest objects are read: `/snapshot`, or one of the key `routes`.
package struct SnapshotRoute: Sendable, Equatable {
  var path: String
  /// The filter of the objects.
  var filter = FilterRequest()

  static let all = SnapshotRoute(path: "/snapshot")

  /// Paths that are something else.
  static let taken: Set = ["/events", "/ws", "/ws/echo", "/snapshot", "/metrics", "/healthz"]

  init(path: String) { self.path = path }

  /// One element of `routes`: `path`, and the filters of a listener's query by their names there.
  init(_ node: YAMLNode) throws(Setting.ValueError) {
    let wanted = "a list of mappings with a path, and filter, fieldSelector, labelSelector or type"
    guard case .mapping(let members) = node else { throw Setting.ValueError(wanted) }
    self.init(path: "")
    var seen: Set<String> = []
    for (key, value, line) in members {
      guard seen.insert(key.string ?? "").inserted else {
        throw Setting.ValueError("\(wanted), each once; line \(line) has another '\(key.string ?? "?")'")
      }
      guard let text = value.string, !text.isEmpty else { throw Setting.ValueError("\(wanted), each a text") }
      switch key.string {
      case "path": path = text
      case "filter": filter.expression = text
      case "fieldSelector": filter.fieldSelector = text
      case "labelSelector": filter.labelSelector = text
      case "type": filter.types = text
      default: throw Setting.ValueError("\(wanted); line \(line) has '\(key.string ?? "?")'")
      }
    }
    guard path.hasPrefix("/"), path.utf8.count > 1, !path.hasSuffix("/"), !path.contains("//"),
      path.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "?") })
    else { throw Setting.ValueError("a path such as /api/v1/controllers, not '\(path)'") }
  }
}
