// SPDX-License-Identifier: Apache-2.0

/// Scans lines for the paths of a ``LineTest``. One walk enters only the containers on a path, tests the
/// values that it finds, and stops when a condition is false or every path is decided. For one thread.
/// Allocates nothing per line.
@safe
package final class LineScan {
  /// The result of a scan.
  package enum Outcome: Sendable {
    /// All conditions hold.
    case holds
    /// One condition is false.
    case fails
    /// None is false, but at least one is an error.
    case error
    /// None is false, but comparing bytes does not decide at least one.
    case undecided
    /// The line is not JSON.
    case malformed
  }

  /// The paths and conditions of the scan.
  package let test: LineTest
  private let nodes: UnsafeMutablePointer<LineTest.Node>
  private let comparisons: UnsafeMutablePointer<CompiledComparison>
  private let starts: UnsafeMutablePointer<UnsafePointer<UInt8>>
  private let states: UnsafeMutablePointer<PathState>
  private let nodeCount: Int
  /// Copies of what the test has: reading them there would retain and release it for each line.
  private let nodeOfPath: UnsafeMutablePointer<Int>
  private let wantedCount: Int
  private let isDecidedByWalk: Bool
  private var limit: JSONCursor
  private var pending = 0
  private var hasFailed = false
  private var hasError = false
  private var isUndecided = false

  /// A scan, for any number of lines.
  package init(_ test: LineTest) {
    self.test = test
    self.nodeCount = test.nodeCount
    unsafe self.comparisons = test.comparisons
    let nowhere = unsafe UnsafePointer(test.nodes[0].key)
    self.limit = unsafe JSONCursor(nowhere)
    unsafe self.nodes = test.nodes
    self.wantedCount = test.wantedCount
    self.isDecidedByWalk = test.later.isEmpty
    unsafe self.nodeOfPath = .allocate(capacity: test.nodeOfPath.count)
    for (path, node) in test.nodeOfPath.enumerated() { unsafe nodeOfPath[path] = node }
    unsafe self.starts = .allocate(capacity: nodeCount)
    // Room for ``forgetStates()``.
    unsafe self.states = .allocate(capacity: nodeCount + 8)
    unsafe starts.initialize(repeating: nowhere, count: nodeCount)
    unsafe states.initialize(repeating: .pending, count: nodeCount + 8)
  }

  deinit {
    unsafe nodeOfPath.deallocate()
    unsafe starts.deallocate()
    unsafe states.deallocate()
  }

  /// The value at a path, after a scan.
  package func value(_ path: Int) -> RawJSON {
    unsafe RawJSON(JSONCursor(starts[nodeOfPath[path]]), limit: limit)
  }

  /// The result of the last scan for a path. `.pending` only after a scan that failed early.
  package func state(_ path: Int) -> PathState { unsafe states[nodeOfPath[path]] }

  /// The bytes of the scalar at a path of a line; nil if there is none, and for a string with escapes.
  package func scalar(_ path: Int, in line: RawJSON) -> UnsafeRawBufferPointer? {
    guard scan(line) != .malformed, state(path) == .present else { return nil }
    let start = value(path).start
    guard start.byte == UInt8(ascii: "\"") else { return unsafe otherScalar(path) }
    var isEscaped = false
    guard let quote = (start + 1).stringEnd(limit, escaped: &isEscaped), !isEscaped else { return nil }
    return unsafe UnsafeRawBufferPointer(start: start.address, count: quote + 1 - start)
  }

  private func otherScalar(_ path: Int) -> UnsafeRawBufferPointer? {
    let value = value(path)
    switch value.kind {
    case .null, .bool, .number: return unsafe value.bytes.map { UnsafeRawBufferPointer($0) }
    default: return nil
    }
  }

  /// Eight states at a time, because a call of memset for the usual two takes longer.
  @inline(__always)
  private func forgetStates() {
    var node = 0
    repeat {
      unsafe UnsafeMutableRawPointer(states + node).storeBytes(of: 0, as: UInt64.self)
      node += 8
    } while node < nodeCount
  }

  /// Scans a line's value. `peer` is the line that conditions compare it with.
  package func scan(_ line: RawJSON, peer: RawJSON? = nil) -> Outcome {
    limit = line.limit
    pending = wantedCount
    hasFailed = false
    hasError = false
    forgetStates()
    guard let kind = line.kind else { return .malformed }
    // A scalar on a line of its own is not walked, so it is validated here.
    if kind != .object, kind != .array, line.fault() != nil { return .malformed }
    if enter(0, line.start, kind == .object) == nil, !hasFailed, pending > 0 { return .malformed }
    if hasFailed { return .fails }
    return isDecidedByWalk ? (hasError ? .error : .holds) : evaluateLater(peer)
  }

  /// The conditions that need more than one path, or the peer.
  @inline(never)
  private func evaluateLater(_ peer: RawJSON?) -> Outcome {
    var truth: Truth = hasError ? .error : .yes
    isUndecided = false
    for index in test.later.indices where truth != .no { truth = truth && evaluate(test.later[index], peer) }
    switch truth {
    case .yes: return .holds
    case .no: return .fails
    case .error: return isUndecided ? .undecided : .error
    }
  }

  /// Records a node's value, and enters it if a path does. Returns the byte after it, or nil if the line is
  /// malformed or the scan is over.
  @inline(__always)
  private func enter(_ node: Int, _ start: JSONCursor, _ isObject: Bool) -> JSONCursor? {
    unsafe starts[node] = start.address
    settle(node, .present)
    guard pending > 0, !hasFailed else { return nil }
    guard unsafe nodes[node].childCount > 0 else { return start.pastValue(limit) }
    if isObject { return walk(node, start) }
    settleChildren(node, start.byte == UInt8(ascii: "[") ? .arrayParent : .scalarParent)
    guard pending > 0, !hasFailed else { return nil }
    return start.pastValue(limit)
  }

  /// Walks the object at `start`, in which the node's children are looked for.
  private func walk(_ node: Int, _ start: JSONCursor) -> JSONCursor? {
    let limit = limit
    let first = unsafe nodes[node].firstChild
    let end = unsafe first + nodes[node].childCount
    var missing = end - first
    var position = (start + 1).pastSpace(limit)
    guard position < limit else { return nil }
    if position.byte == UInt8(ascii: "}") {
      settleChildren(node, .missingKey)
      return position + 1
    }
    while true {
      guard position < limit, position.byte == UInt8(ascii: "\"") else { return nil }
      let key = position + 1
      var escaped = false
      guard let quote = key.stringEnd(limit, escaped: &escaped) else { return nil }
      position = quote + 1
      if position.byte != UInt8(ascii: ":") {
        position = position.pastSpace(limit)
        guard position < limit, position.byte == UInt8(ascii: ":") else { return nil }
      }
      position = (position + 1).pastSpace(limit)
      guard position < limit else { return nil }
      let child = escaped ? escapedChild(key, first, end) : child(key, quote - key, first, end)
      if child >= 0 {
        guard let next = enter(child, position, position.byte == UInt8(ascii: "{")) else { return nil }
        position = next
        missing -= 1
        // The first of repeated keys wins, so the rest of this object does not matter.
        if missing == 0 { return position.pastContainer(limit) }
      } else {
        guard let next = position.pastValue(limit) else { return nil }
        position = next
      }
      position = position.pastSpace(limit)
      guard position < limit else { return nil }
      if position.byte == UInt8(ascii: ",") {
        position = (position + 1).pastSpace(limit)
        continue
      }
      guard position.byte == UInt8(ascii: "}") else { return nil }
      settleChildren(node, .missingKey)
      return pending > 0 && !hasFailed ? position + 1 : nil
    }
  }

  /// The child that a key names and that has no value yet, or -1.
  @inline(__always)
  private func child(_ key: JSONCursor, _ count: Int, _ first: Int, _ end: Int) -> Int {
    // The key is followed by its quote and the line's padding, so eight bytes can be read.
    let head = key.head(count: count)
    for node in first..<end where unsafe nodes[node].keyCount == count && nodes[node].head == head {
      if unsafe states[node] == .pending && (count <= 8 || hasKey(node, key, count)) { return node }
    }
    return -1
  }

  @inline(__always)
  private func hasKey(_ node: Int, _ key: JSONCursor, _ count: Int) -> Bool {
    let wanted = unsafe nodes[node].key
    var index = 8
    while index < count, unsafe wanted[index] == key[index] { index += 1 }
    return index == count
  }

  private func escapedChild(_ key: JSONCursor, _ first: Int, _ end: Int) -> Int {
    var bytes: [UInt8] = []
    // From the quote on, as a string value is read.
    RawJSON(key + -1, limit: limit).appendString(to: &bytes)
    for node in first..<end where unsafe states[node] == .pending && nodes[node].keyCount == bytes.count {
      let wanted = unsafe UnsafeBufferPointer(start: nodes[node].key, count: bytes.count)
      if unsafe bytes.elementsEqual(wanted) { return node }
    }
    return -1
  }

  /// Records the state of a node, and runs its tests.
  @inline(__always)
  private func settle(_ node: Int, _ state: PathState) {
    unsafe states[node] = state
    guard unsafe nodes[node].isWanted else { return }
    pending -= 1
    let tests = unsafe nodes[node].firstTest..<(nodes[node].firstTest + nodes[node].testCount)
    for test in tests {
      let value = unsafe RawJSON(JSONCursor(starts[node]), limit: limit)
      switch unsafe comparisons[test].truth(value, state) {
      case .yes: break
      case .no: hasFailed = true
      case .error: hasError = true
      }
    }
  }

  /// A path below the node that was not found does not exist.
  private func settleChildren(_ node: Int, _ state: PathState) {
    let first = unsafe nodes[node].firstChild
    for child in unsafe first..<(first + nodes[node].childCount) where unsafe states[child] == .pending {
      settle(child, state)
      if unsafe nodes[child].childCount > 0 {
        settleChildren(child, .missingParent)
      }
    }
  }

  private func evaluate(_ condition: LineTest.LaterCondition, _ peer: RawJSON?) -> Truth {
    switch condition {
    case .comparison(let node, let comparison):
      let value = unsafe RawJSON(JSONCursor(starts[node]), limit: limit)
      return unsafe comparison.truth(value, states[node])
    case .peerComparison(let node, let comparison):
      let value = unsafe RawJSON(JSONCursor(starts[node]), limit: limit)
      if let truth = unsafe comparison.truth(value, states[node], peer) { return truth }
      // Like an error, it can be absorbed.
      isUndecided = true
      return .error
    case .hasPeer: return Truth(peer != nil)
    case .all(let parts):
      var truth = Truth.yes
      for part in parts where truth != .no { truth = truth && evaluate(part, peer) }
      return truth
    case .any(let parts):
      var truth = Truth.no
      for part in parts where truth != .yes { truth = truth || evaluate(part, peer) }
      return truth
    case .not(let part): return !evaluate(part, peer)
    }
  }
}
