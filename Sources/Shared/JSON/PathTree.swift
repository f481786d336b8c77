// SPDX-License-Identifier: Apache-2.0

/// The paths of keys that are looked for in a document, merged into a tree.
package struct PathTree: Sendable {
  /// A key, below its parent.
  package struct Node: Sendable {
    package let key: [UInt8]
    package var children: [Int] = []
    /// Whether the value itself is asked for, not only something inside it.
    package var isWanted = false
  }

  /// The document itself first.
  package private(set) var nodes = [Node(key: [])]

  /// A tree without a path.
  package init() {}

  /// Asks for a path, and returns its node; the same for the same path.
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

/// What a line told about a path.
package enum PathState: UInt8, Sendable {
  /// Not come to yet.
  case pending
  case present
  /// The object in which the path ends has no such key.
  case missingKey
  /// The path ends below a value that is not there.
  case missingParent
  /// The path ends directly below a scalar.
  case scalarParent
  /// The path ends directly below an array.
  case arrayParent
}
