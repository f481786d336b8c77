// SPDX-License-Identifier: Apache-2.0

import CEL
import Events
import JSON

/// The value of `changes`: a list of maps. The maps are read in place, because making a dictionary takes longer than the
/// rest of a short line. A node is the index of a change. For one thread.
final class ChangeSource: ForeignSource, @unchecked Sendable {
  // Unchecked, like its superclass: only the evaluator that made it uses it.

  private var finder: ChangeFinder
  /// The members of each change by ``names``; nil for one that it does not have.
  private var members: [Value?] = []
  private static let names = ["op", "path", "old", "value"]

  init(ignoring paths: [PathPattern]) {
    finder = ChangeFinder(ignoring: paths)
    super.init()
  }

  /// The changes between two lines, which the two sources read.
  func value(_ old: RawJSON?, _ oldSource: JSONSource, _ line: RawJSON, _ source: JSONSource) -> Value {
    // A local array, because each access to a property of a class is checked at run time.
    var members: [Value?] = []
    swap(&members, &self.members)
    members.removeAll(keepingCapacity: members.count < 1 << 16)
    let changes = old.map { finder.changes(from: $0, to: line) } ?? []
    for change in changes {
      members.append(.string(change.operation.rawValue))
      members.append(.string(change.pointer))
      members.append(change.old.map { oldSource.value($0) })
      members.append(change.value.map { source.value($0) })
    }
    swap(&members, &self.members)
    let list: [Value] = changes.indices.map { .foreign(ForeignValue(source: self, node: UInt64($0))) }
    return .list(ListValue(list))
  }

  private func members(of node: UInt64) -> ArraySlice<Value?> {
    let start = Int(truncatingIfNeeded: node) * Self.names.count
    guard members.indices.contains(start) else { return [] }
    return members[start..<start + Self.names.count]
  }

  override func count(_ node: UInt64) -> Int { members(of: node).count { $0 != nil } }

  override func weight(_ node: UInt64) -> Int {
    members(of: node).reduce(1) { $0 + ($1.map { 1 + Self.weight($0) } ?? 0) }
  }

  private static func weight(_ value: Value) -> Int {
    switch value {
    case .string(let text): 1 + text.utf8.count / 10
    // It is Int.max for a value that is nested too deeply.
    case .foreign(let foreign): min(foreign.source.weight(foreign.node), .max / 4)
    default: 1
    }
  }

  override func member(_ node: UInt64, _ name: FieldName) -> Value? {
    guard let index = Self.names.firstIndex(of: name.string) else { return nil }
    let members = members(of: node)
    return members.isEmpty ? nil : members[members.startIndex + index]
  }

  override func nextEntry(_ cursor: inout ForeignCursor) -> (key: Value, value: Value)? {
    let members = members(of: cursor.node)
    while cursor.position < UInt64(members.count) {
      let index = Int(cursor.position)
      cursor.position += 1
      if let value = members[members.startIndex + index] { return (.string(Self.names[index]), value) }
    }
    return nil
  }
}
