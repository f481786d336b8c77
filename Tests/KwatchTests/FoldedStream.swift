// SPDX-License-Identifier: Apache-2.0
import Foundation

/// A consumer that computes the current objects from the lines of a watch, and records repeated lines.
struct FoldedStream {
  /// namespace/name → uid and resourceVersion.
  private(set) var objects: [String: String] = [:]
  private(set) var faults: [String] = []
  private(set) var counts: [String: Int] = [:]
  private(set) var statuses: [[String: Any]] = []

  init(_ lines: [String]) {
    for line in lines { add(line) }
  }

  private mutating func add(_ line: String) {
    guard let value = try? JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any],
      let type = value["type"] as? String, let object = value["object"] as? [String: Any]
    else {
      faults.append("no event: \(line.prefix(100))")
      return
    }
    counts[type, default: 0] += 1
    guard ["ADDED", "MODIFIED", "DELETED"].contains(type) else {
      if type == "STATUS" { statuses.append(object) }
      return
    }
    guard object["kind"] is String, object["apiVersion"] is String, let entry = Self.entry(object) else {
      faults.append("no object: \(line.prefix(100))")
      return
    }
    let cluster = (value["source"] as? [String: Any])?["cluster"] as? String ?? ""
    let key = cluster + "/" + entry.key
    switch type {
    case "DELETED":
      if objects.removeValue(forKey: key) == nil { faults.append("deleted twice: \(entry.key)") }
    default:
      if objects[key] == entry.state { faults.append("told twice: \(type) \(entry.key) \(entry.state)") }
      objects[key] = entry.state
    }
  }

  private static func entry(_ object: [String: Any]) -> (key: String, state: String)? {
    guard let metadata = object["metadata"] as? [String: Any], let name = metadata["name"] as? String,
      let uid = metadata["uid"] as? String, let version = metadata["resourceVersion"] as? String
    else { return nil }
    return ("\(metadata["namespace"] as? String ?? "")/\(name)", "\(uid) \(version)")
  }

  /// The objects in the output of `kubectl get -o json`.
  static func truth(_ json: String, cluster: String = "") throws -> [String: String] {
    let value = try JSONSerialization.jsonObject(with: Data(json.utf8)) as? [String: Any]
    var objects: [String: String] = [:]
    for item in value?["items"] as? [[String: Any]] ?? [] {
      if let entry = entry(item) { objects[cluster + "/" + entry.key] = entry.state }
    }
    return objects
  }
}
