// SPDX-License-Identifier: Apache-2.0

package import Events
package import JSON

/// One difference between two JSON values, as an operation of RFC 6902.
package struct Change: Sendable {
  package enum Operation: String, Sendable { case add, remove, replace }

  package var operation: Operation
  /// The keys and indices from the outermost value down.
  package var path: [PathPattern.Step]
  /// The old value; nil for ``Operation/add``.
  package var old: RawJSON?
  /// The new value; nil for ``Operation/remove``.
  package var value: RawJSON?

  /// The path as a JSON pointer (RFC 6901).
  package var pointer: String {
    var bytes: [UInt8] = []
    for step in path {
      bytes.append(UInt8(ascii: "/"))
      switch step {
      case .key(let name):
        for byte in name {
          switch byte {
          case UInt8(ascii: "~"): bytes += "~0".utf8
          case UInt8(ascii: "/"): bytes += "~1".utf8
          default: bytes.append(byte)
          }
        }
      case .index(let index): bytes += "\(index)".utf8
      case .all: bytes.append(UInt8(ascii: "*"))
      }
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}

/// Finds what changed between two objects. Applied in order to the old one, the changes give the new one.
package struct ChangeFinder: Sendable {
  /// The memory of ``Found/pairs``, kept between lines.
  private var pairs: [Pair] = []

  /// Paths that change with every write and carry no information.
  private static let bookkeeping = ["resourceVersion", "managedFields", "generation"].map {
    [PathPattern.Step.key(Array("metadata".utf8)), .key(Array($0.utf8))]
  }

  /// Values that are nested deeper are compared as a whole.
  private static let depthLimit = 200

  /// An array or object with more changes is one change: it bounds the memory of a line.
  private static let sizeLimit = 250_000

  private let ignored: [[PathPattern.Step]]

  /// A finder that ignores these paths, and those that Kubernetes changes with every write.
  package init(ignoring paths: [PathPattern] = []) {
    let object = PathPattern.Step.key(Array("object".utf8))
    ignored =
      Self.bookkeeping
      + paths.map { $0.isAbsolute && $0.steps.first == object ? Array($0.steps.dropFirst()) : $0.steps }
  }

  /// The changes from the object of one line to that of a later one.
  package mutating func changes(from old: RawJSON, to new: RawJSON) -> [Change] {
    var found = Found()
    swap(&found.pairs, &pairs)
    compare(EventHead(old)?.object ?? old, EventHead(new)?.object ?? new, &found)
    swap(&found.pairs, &pairs)
    return found.changes
  }

  /// The changes so far, and the path that is compared.
  private struct Found {
    private(set) var changes: [Change] = []
    private(set) var path: [PathPattern.Step] = []
    /// The members of the objects that are being compared.
    var pairs: [Pair] = []
    /// The memory of ``changes``, in some 16 bytes.
    private(set) var size = 0
    private var pathSize = 0

    mutating func enter(_ step: PathPattern.Step) {
      path.append(step)
      pathSize += step.size
    }

    mutating func leave() {
      if let step = path.popLast() { pathSize -= step.size }
    }

    mutating func append(_ operation: Change.Operation, old: RawJSON?, value: RawJSON?) {
      changes.append(Change(operation: operation, path: path, old: old, value: value))
      size += 5 + pathSize
    }

    /// Forgets the changes after a number of them.
    mutating func cut(to count: Int, size: Int) {
      changes.removeSubrange(count...)
      self.size = size
    }
  }

  private func compare(_ old: RawJSON, _ new: RawJSON, _ found: inout Found) {
    if !old.hasSameBytes(as: new) { compareDifferent(old, new, &found) }
  }

  private func compareDifferent(_ old: RawJSON, _ new: RawJSON, _ found: inout Found) {
    guard !isIgnored(found.path) else { return }
    let (count, size) = (found.changes.count, found.size)
    switch (old.kind, new.kind) {
    case (.object, .object) where found.path.count < Self.depthLimit: compareObjects(old, new, &found)
    case (.array, .array) where found.path.count < Self.depthLimit: compareArrays(old, new, &found)
    case (.string, .string) where old.isEqualString(to: new): return
    default: return found.append(.replace, old: old, value: new)
    }
    guard found.size - size > Self.sizeLimit else { return }
    found.cut(to: count, size: size)
    found.append(.replace, old: old, value: new)
  }

  private func compare(_ step: PathPattern.Step, _ old: RawJSON, _ new: RawJSON, _ found: inout Found) {
    found.enter(step)
    compare(old, new, &found)
    found.leave()
  }

  private func compareObjects(_ old: RawJSON, _ new: RawJSON, _ found: inout Found) {
    let limit = found.size + Self.sizeLimit
    let first = found.pairs.count
    defer { found.pairs.removeLast(found.pairs.count - first) }
    if Pair.append(old, new, to: &found.pairs) {
      for index in first..<found.pairs.count where !found.pairs[index].isSame && found.size <= limit {
        let pair = found.pairs[index]
        found.enter(.key(pair.name))
        compareDifferent(pair.before, pair.after, &found)
        found.leave()
      }
      return
    }
    let (before, after) = (old.namedMembers, new.namedMembers)
    let beforeByName = Dictionary(before, uniquingKeysWith: { first, _ in first })
    let afterByName = Dictionary(after, uniquingKeysWith: { first, _ in first })
    for (name, value) in before where afterByName[name] == nil && found.size <= limit {
      note(.remove, .key(name), old: value, value: nil, &found)
    }
    for (name, value) in after where found.size <= limit {
      guard let previous = beforeByName[name] else {
        note(.add, .key(name), old: nil, value: value, &found)
        continue
      }
      compare(.key(name), previous, value, &found)
    }
  }

  /// Elements are compared by index, after the equal ones at both ends are skipped.
  private func compareArrays(_ old: RawJSON, _ new: RawJSON, _ found: inout Found) {
    let limit = found.size + Self.sizeLimit
    let before = RawJSON.Elements(old).map(Array.init) ?? []
    let after = RawJSON.Elements(new).map(Array.init) ?? []
    let shared = min(before.count, after.count)
    var head = 0
    while head < shared, before[head].hasSameBytes(as: after[head]) { head += 1 }
    var tail = 0
    while tail < shared - head,
      before[before.count - 1 - tail].hasSameBytes(as: after[after.count - 1 - tail])
    { tail += 1 }
    let replaced = head..<(shared - tail)
    for index in replaced where found.size <= limit {
      compare(.index(index), before[index], after[index], &found)
    }
    // From the end on, so that every index is right when the operation is applied.
    for index in (replaced.upperBound..<max(replaced.upperBound, before.count - tail)).reversed()
    where found.size <= limit {
      note(.remove, .index(index), old: before[index], value: nil, &found)
    }
    for index in replaced.upperBound..<max(replaced.upperBound, after.count - tail) where found.size <= limit
    {
      note(.add, .index(index), old: nil, value: after[index], &found)
    }
  }

  private func note(
    _ operation: Change.Operation, _ step: PathPattern.Step, old: RawJSON?, value: RawJSON?,
    _ found: inout Found
  ) {
    found.enter(step)
    if !isIgnored(found.path) { found.append(operation, old: old, value: value) }
    found.leave()
  }

  /// Whether a path is ignored. Paths below an ignored one are never visited.
  private func isIgnored(_ path: [PathPattern.Step]) -> Bool {
    guard !path.isEmpty else { return false }
    return ignored.contains { pattern in
      pattern.count == path.count && zip(pattern, path).allSatisfy { $0 == .all || $0 == $1 }
    }
  }
}

extension PathPattern.Step {
  /// Its memory in a path and in a pointer, in some 16 bytes.
  fileprivate var size: Int {
    if case .key(let name) = self { return 1 + name.count / 8 }
    return 1
  }
}

extension RawJSON {
  /// The members of an object in order, the first of equal names.
  fileprivate var namedMembers: [([UInt8], RawJSON)] {
    guard var walk = Members(self) else { return [] }
    var members: [([UInt8], RawJSON)] = []
    var seen: Set<[UInt8]> = []
    while let (key, value) = walk.next() {
      var name: [UInt8] = []
      key.appendString(to: &name)
      if seen.insert(name).inserted { members.append((name, value)) }
    }
    return members
  }
}

/// Two members of two objects that have the same key.
private struct Pair: Sendable {
  let key: JSONCursor
  let keyCount: Int
  let before: RawJSON
  let after: RawJSON
  /// Whether the bytes of the two values are the same.
  let isSame: Bool

  /// The key's bytes.
  var name: [UInt8] { unsafe Array(UnsafeBufferPointer(start: key.address, count: keyCount)) }

  /// Appends the members of two objects that have the same few keys in the same order, the usual case, without escapes.
  /// False for any others.
  static func append(_ before: RawJSON, _ after: RawJSON, to pairs: inout [Pair]) -> Bool {
    guard var left = RawJSON.Members(before), var right = RawJSON.Members(after) else { return false }
    let first = pairs.count
    while let (_, value) = left.next() {
      let (key, count) = (left.keyStart, left.keyCount)
      guard pairs.count - first < 24, let (_, other) = right.next(), !left.isKeyEscaped,
        count == right.keyCount,
        key.hasBytes(of: right.keyStart, count: count)
      else { return false }
      for index in first..<pairs.count where pairs[index].keyCount == count {
        if pairs[index].key.hasBytes(of: key, count: count) { return false }
      }
      let size = left.position - value.start
      let isSame = size == right.position - other.start && value.start.hasBytes(of: other.start, count: size)
      pairs.append(Pair(key: key, keyCount: count, before: value, after: other, isSame: isSame))
    }
    return right.next() == nil
  }
}
