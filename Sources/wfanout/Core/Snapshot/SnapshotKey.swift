// SPDX-License-Identifier: Apache-2.0

/// The key of a watch event's object: its uid, else its namespace and name.
struct SnapshotKey {
  private var uid: Range<Int>?
  private var namespace: Range<Int>?
  private var ownName: Range<Int>?

  /// Nil when the line is not a watch event, or its object has neither uid nor name.
  init?(_ bytes: [UInt8], _ line: Range<Int>) {
    guard let object = JSONScan.member("object", of: bytes, in: line) else { return nil }
    guard let metadata = JSONScan.member("metadata", of: bytes, in: object) else { return nil }
    JSONScan.members(of: bytes, in: metadata) { key, value in
      guard let text = JSONScan.inside(bytes, value), !text.isEmpty else { return true }
      if uid == nil, JSONScan.equals(bytes, key, "uid") { uid = text }
      if namespace == nil, JSONScan.equals(bytes, key, "namespace") { namespace = text }
      if ownName == nil, JSONScan.equals(bytes, key, "name") { ownName = text }
      return true
    }
    if uid == nil && ownName == nil { return nil }
  }

  func bytes(of line: [UInt8]) -> [UInt8] {
    if let uid { return Array(line[uid]) }
    return name(of: line)
  }

  /// `namespace/name`, or the name alone.
  func name(of line: [UInt8]) -> [UInt8] {
    guard let ownName else { return [] }
    guard let namespace else { return Array(line[ownName]) }
    return Array(line[namespace]) + [UInt8(ascii: "/")] + Array(line[ownName])
  }

  /// A watch event retyped as `ADDED`, for new listeners.
  static func added(_ bytes: [UInt8], _ line: Range<Int>) -> [UInt8] {
    guard let object = JSONScan.member("object", of: bytes, in: line) else { return Array(bytes[line]) }
    var added = Array(#"{"type":"ADDED","object":"#.utf8)
    added.reserveCapacity(line.count + 8)
    added.append(contentsOf: bytes[object])
    JSONScan.appendMembers(of: bytes, in: line, to: &added) { key, _ in
      !JSONScan.equals(bytes, key, "type") && !JSONScan.equals(bytes, key, "object")
    }
    added.append(UInt8(ascii: "}"))
    return added
  }
}
