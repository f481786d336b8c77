// SPDX-License-Identifier: Apache-2.0

package import JSON

/// Reduces a line to the paths that expressions read below `old`, as a JSON object. This object is stored for
/// each key.
///
/// The first key of a path is looked up in the line, then in its `object`: `old.object.spec` and `old.spec` both work, as
/// long as an event has no such key of its own.
package struct LineProjection: Sendable {
  private let tree: PathTree

  /// A projection to these paths; an empty path is the whole line.
  package init(_ paths: Set<[String]>) {
    var tree = PathTree()
    for path in paths.sorted(by: { $0.joined(separator: "\0") < $1.joined(separator: "\0") }) {
      _ = tree.add(path)
    }
    self.tree = tree
  }

  /// The object, followed by the padding that reading in place needs. `count` excludes the padding.
  package func make(_ line: RawJSON) -> (bytes: [UInt8], count: Int) {
    var bytes: [UInt8] = []
    // The upper bound of its size, unless a long line is reduced to little.
    bytes.reserveCapacity(min(line.limit - line.start, 4096) + JSONCursor.padding)
    if tree.nodes[0].isWanted || line.kind != .object {
      append(line, &bytes)
    } else {
      let object = line.member("object")
      append(node: 0, &bytes) { line.member($0) ?? object?.member($0) }
    }
    let count = bytes.count
    bytes += repeatElement(0, count: JSONCursor.padding)
    return (bytes, count)
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
