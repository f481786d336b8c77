// SPDX-License-Identifier: Apache-2.0

package import JSON

/// Reduces a line to the paths that expressions read below `old`, as a JSON object. This object is stored for
/// each key.
///
/// The first key of a path is looked up in the line, then in its `object`: `old.object.spec` and `old.spec` both work, as
/// long as an event has no such key of its own.
package struct LineProjection: Sendable {
  private let tree: PathTree
  private static let object = Array("object".utf8)

  /// A projection to these paths; an empty path is the whole line.
  package init(_ paths: Set<[String]>) {
    var tree = PathTree()
    for path in paths.sorted(by: { $0.joined(separator: "\0") < $1.joined(separator: "\0") }) {
      _ = tree.add(path)
    }
    self.tree = tree
  }

  /// Appends the object.
  package func append(_ line: RawJSON, to bytes: inout [UInt8]) {
    if tree.nodes[0].isWanted || line.kind != .object {
      append(line, &bytes)
    } else {
      append(node: 0, &bytes) { line.member($0) ?? line.member(Self.object)?.member($0) }
    }
  }

  private func append(node: Int, _ bytes: inout [UInt8], _ member: ([UInt8]) -> RawJSON?) {
    bytes.append(UInt8(ascii: "{"))
    var isFirst = true
    for child in tree.nodes[node].children {
      guard let value = member(tree.nodes[child].key) else { continue }
      if !isFirst { bytes.append(UInt8(ascii: ",")) }
      isFirst = false
      JSONText.append(string: tree.nodes[child].key, to: &bytes)
      bytes.append(UInt8(ascii: ":"))
      if tree.nodes[child].isWanted || value.kind != .object {
        append(value, &bytes)
      } else {
        append(node: child, &bytes) { value.member($0) }
      }
    }
    bytes.append(UInt8(ascii: "}"))
  }

  private func append(_ value: RawJSON, _ bytes: inout [UInt8]) {
    if let text = unsafe value.bytes { unsafe bytes.append(contentsOf: text) } else { bytes += "null".utf8 }
  }
}
