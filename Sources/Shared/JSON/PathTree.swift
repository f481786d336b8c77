// SPDX-License-Identifier: Apache-2.0

/// The paths of keys that are looked for in a document, merged into a tree.
package struct PathTree: Sendable {
  /// A key, below its parent.
  package struct Node: Sendable {
    package let key: [UInt8]
    package var children: [Int] = []
    /// Whether the value itself is requested, not only a value inside it.
    package var isWanted = false
  }

  /// The document itself comes first.
  package private(set) var nodes = [Node(key: [])]

  /// A tree without a path.
  package init() {}

  /// Adds a path, and returns its node: the same one for the same path.
  package mutating func add(_ path: [String]) -> Int {
    var node = 0
    for name in path {
      let key = Array(name.utf8)
      if let child = nodes[node].children.first(where: { nodes[$0].key == key }) {
        node = child
      } else {
        nodes.append(Node(key: key))
        nodes[node].children.append(nodes.count - 1)
        node = nodes.count - 1
      }
    }
    nodes[node].isWanted = true
    return node
  }
}

/// The state of a path after a scan.
package enum PathState: UInt8, Sendable {
  /// Not reached yet. Its raw value is 0: see `LineScan`.
  case pending
  case present
  /// The object in which the path ends has no such key.
  case missingKey
  /// The path ends below a value that does not exist.
  case missingParent
  /// The path ends directly below a scalar.
  case scalarParent
  /// The path ends directly below an array.
  case arrayParent
}
