// SPDX-License-Identifier: Apache-2.0

/// Conditions and paths in the form that scanning needs. Immutable; shared by the ``LineScan``s of all
/// threads.
///
/// All conditions have to be true. A condition on one path is tested when the scan finds the path, so that
/// the scan of a line ends with the first false one. Conditions on several paths are tested after the scan.
@safe
package final class LineTest: @unchecked Sendable {
  // Unchecked: only the initialiser writes the memory.

  /// A node of the tree of paths. Siblings are adjacent.
  @safe
  struct Node {
    /// The first eight bytes of the key, the rest of the word zero.
    var head: UInt64
    var key: UnsafePointer<UInt8>
    var keyCount: Int
    var firstChild: Int
    var childCount: Int
    var isWanted: Bool
    /// The tests of this path: a range of `comparisons`.
    var firstTest: Int
    var testCount: Int
  }

  let nodes: UnsafeMutablePointer<Node>
  let nodeCount: Int
  let comparisons: UnsafeMutablePointer<CompiledComparison>
  /// Conditions on several paths or on the peer, for when the scan is over.
  let later: [LaterCondition]
  let wantedCount: Int
  /// The node of each path.
  let nodeOfPath: [Int]
  private let arena = Arena()

  /// A condition on several paths or on the peer.
  indirect enum LaterCondition {
    case comparison(node: Int, CompiledComparison)
    case peerComparison(node: Int, PeerComparison)
    case hasPeer
    case all([LaterCondition])
    case any([LaterCondition])
    case not(LaterCondition)
  }

  /// - Parameters:
  ///   - paths: the paths to find; conditions refer to them by index.
  ///   - conditions: the conditions that have to be true.
  package init(paths: [[String]], conditions: [Condition]) {
    var tree = PathTree()
    let treeNodes = paths.map { tree.add($0) }
    var order = [0]
    var next = 0
    while next < order.count {
      order.append(contentsOf: tree.nodes[order[next]].children)
      next += 1
    }
    var place = [Int](repeating: 0, count: tree.nodes.count)
    for (index, node) in order.enumerated() { place[node] = index }
    self.nodeOfPath = treeNodes.map { place[$0] }

    var single: [Int: [Comparison]] = [:]
    var several: [Condition] = []
    for condition in conditions {
      // Always true, as the filter `true` is: nothing to evaluate after the scan.
      if case .all(let parts) = condition, parts.isEmpty { continue }
      if case .comparison(let comparison) = condition {
        single[nodeOfPath[comparison.path], default: []].append(comparison)
      } else {
        several.append(condition)
      }
    }
    let arena = arena
    let nodeOfPath = nodeOfPath
    self.later = several.map { Self.lay($0, nodeOfPath, arena) }

    var laid: [CompiledComparison] = []
    var nodes: [Node] = []
    for node in order {
      let source = tree.nodes[node]
      let tests = single[nodes.count] ?? []
      unsafe nodes.append(
        Node(
          head: Self.head(source.key), key: arena.copy(source.key), keyCount: source.key.count,
          firstChild: source.children.first.map { place[$0] } ?? 0, childCount: source.children.count,
          isWanted: source.isWanted, firstTest: laid.count, testCount: tests.count))
      laid.append(contentsOf: tests.map(arena.lay))
    }
    unsafe self.nodes = .allocate(capacity: nodes.count)
    unsafe self.nodes.initialize(from: nodes, count: nodes.count)
    self.nodeCount = nodes.count
    unsafe self.comparisons = .allocate(capacity: laid.count)
    unsafe self.comparisons.initialize(from: laid, count: laid.count)
    self.wantedCount = nodes.count { $0.isWanted }
  }

  deinit {
    unsafe nodes.deallocate()
    unsafe comparisons.deallocate()
  }

  private static func lay(_ condition: Condition, _ nodeOfPath: [Int], _ arena: Arena) -> LaterCondition {
    switch condition {
    case .comparison(let comparison):
      .comparison(node: nodeOfPath[comparison.path], arena.lay(comparison))
    case .peerComparison(let comparison):
      .peerComparison(node: nodeOfPath[comparison.path], comparison)
    case .hasPeer: .hasPeer
    case .all(let parts): .all(parts.map { lay($0, nodeOfPath, arena) })
    case .any(let parts): .any(parts.map { lay($0, nodeOfPath, arena) })
    case .not(let part): .not(lay(part, nodeOfPath, arena))
    }
  }

  private static func head(_ key: [UInt8]) -> UInt64 {
    key.prefix(8).enumerated().reduce(0) { $0 | UInt64($1.element) << (8 * UInt64($1.offset)) }
  }
}

/// Memory for literals, freed with its owner.
@safe
final class Arena {
  private var strings: [UnsafeMutablePointer<UInt8>]
  private var operands: [UnsafeMutableBufferPointer<CompiledOperand>]

  init() {
    unsafe strings = []
    unsafe operands = []
  }

  deinit {
    unsafe strings.forEach { unsafe $0.deallocate() }
    unsafe operands.forEach { unsafe $0.deallocate() }
  }

  /// A copy with room after it, so that eight bytes can be read from any place in it.
  func copy(_ bytes: [UInt8]) -> UnsafePointer<UInt8> {
    let copy = UnsafeMutablePointer<UInt8>.allocate(capacity: bytes.count + 16)
    unsafe copy.initialize(repeating: 0, count: bytes.count + 16)
    for (index, byte) in bytes.enumerated() { unsafe copy[index] = byte }
    unsafe strings.append(copy)
    return unsafe UnsafePointer(copy)
  }

  func lay(_ comparison: Comparison) -> CompiledComparison {
    let buffer = UnsafeMutableBufferPointer<CompiledOperand>.allocate(capacity: comparison.operands.count)
    unsafe _ = buffer.initialize(from: comparison.operands.map(lay))
    unsafe operands.append(buffer)
    return unsafe CompiledComparison(
      operation: comparison.operation, resultWhenMissing: comparison.resultWhenMissing, operands: buffer)
  }

  private func lay(_ operand: Comparison.Operand) -> CompiledOperand {
    switch operand {
    case .null: number(.null)
    case .bool(let value): number(value ? .yes : .no)
    case .number(.int(let value)): number(.int, UInt64(bitPattern: value))
    case .number(.uint(let value)): number(.uint, value)
    case .number(.double(let value)): number(.double, 0, value)
    case .string(let bytes):
      unsafe CompiledOperand(
        kind: .string, isPlain: !bytes.contains { $0 < 0x20 || $0 == 0x22 || $0 == 0x5C },
        bytes: UnsafeBufferPointer(start: copy(bytes), count: bytes.count), integer: 0, real: 0)
    }
  }

  private func number(
    _ kind: CompiledOperand.Kind, _ integer: UInt64 = 0, _ real: Double = 0
  ) -> CompiledOperand {
    unsafe CompiledOperand(
      kind: kind, isPlain: false, bytes: UnsafeBufferPointer(start: nil, count: 0), integer: integer,
      real: real)
  }
}
