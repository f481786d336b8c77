// SPDX-License-Identifier: Apache-2.0
import JSON

/// The key of a watch event's object: its uid, else its namespace and name.
struct SnapshotKey {
  let bytes: [UInt8]
  /// `namespace/name`, or the name alone; empty for an object without a name.
  let name: [UInt8]

  /// Nil if the line is not a watch event, or its object has neither uid nor name.
  init?(_ batch: Batch, _ index: Int) {
    guard batch.kinds[index] != .other else { return nil }
    func text(_ part: LineParts.Name) -> [UInt8]? {
      batch.text(part, index).flatMap { $0.isEmpty ? nil : Array($0.utf8) }
    }
    let ownName = text(.name)
    let namespace = ownName == nil ? nil : text(.namespace)
    name = (namespace.map { $0 + [UInt8(ascii: "/")] } ?? []) + (ownName ?? [])
    bytes = text(.uid) ?? name
    if bytes.isEmpty { return nil }
  }

  /// A watch event retyped as `ADDED`, for new listeners.
  static func added(_ batch: Batch, _ index: Int) -> [UInt8] {
    let line = batch.line(index)
    guard let object = batch.value(.object, index) else { return Array(batch.bytes[line]) }
    var added = Array(#"{"type":"ADDED","object":"#.utf8)
    added.reserveCapacity(line.count + 8 + Batch.padding)
    added.append(contentsOf: batch.bytes[object])
    _ = batch.withJSON(index) {
      $0.appendMembers(to: &added) { !$0.isString("type") && !$0.isString("object") }
    }
    added.append(UInt8(ascii: "}"))
    return added
  }
}
