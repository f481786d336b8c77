// SPDX-License-Identifier: Apache-2.0
import Events
import JSON

/// A snapshot as Kubernetes clients know it: a List, or one object.
enum KubernetesList {
  /// The List of all objects that the matcher lets through; a watch from its resourceVersion misses nothing.
  static func list(_ snapshot: Snapshot, path: KubernetesPath, matcher: any LineMatcher) -> Answer {
    let batch = SnapshotEncoder.batch(of: snapshot)
    var kind = "List"
    var items: [UInt8] = []
    for index in 0..<batch.count where matcher.matches(batch, index) {
      guard let object = JSONScan.member("object", of: batch.bytes, in: batch.line(index)) else { continue }
      if items.isEmpty,
        let name = SubscriptionMatcher.text(batch.bytes, batch.line(index), ["object", "kind"])
      {
        kind = name + "List"
      }
      if !items.isEmpty { items.append(UInt8(ascii: ",")) }
      items.append(contentsOf: batch.bytes[object])
    }
    let head =
      #"{"kind":\#(JSONText.string(kind)),"apiVersion":\#(JSONText.string(path.apiVersion)),"metadata":{"#
      + #""resourceVersion":"\#(snapshot.id)"},"items":["#
    return Answer(200, type: "application/json", body: Array(head.utf8) + items + Array("]}\n".utf8))
  }

  static func object(_ snapshot: Snapshot, path: KubernetesPath, matcher: any LineMatcher) -> Answer {
    let batch = SnapshotEncoder.batch(of: snapshot)
    for index in 0..<batch.count where matcher.matches(batch, index) {
      guard let object = JSONScan.member("object", of: batch.bytes, in: batch.line(index)) else { continue }
      return Answer(200, type: "application/json", body: Array(batch.bytes[object]) + [UInt8(ascii: "\n")])
    }
    return .failure(
      Status(
        code: 404, reason: "NotFound", message: "\(path.resource) \"\(path.name ?? "")\" not found"))
  }
}
