// SPDX-License-Identifier: Apache-2.0
import JSON

/// How the objects of a snapshot are written.
enum SnapshotLayout: Hashable, Sendable {
  /// As events of a listener.
  case events(WireFormat)
  /// The lines, and a BOOKMARK line that ends them, as a listener of NDJSON gets them.
  case lines
  /// A JSON array of the objects, one a line.
  case array
  /// A Kubernetes List of the objects. A watch from its resourceVersion misses nothing.
  ///
  /// `kind` is that of its objects, where it is known without one.
  case list(apiVersion: String, kind: String?)
  /// The first object alone.
  case object

  private static let plain = WireFormat(shape: .lines, isChunked: false)

  /// - Returns: False for a line that the layout leaves out.
  func append(_ batch: Batch, _ index: Int, isFirst: Bool, id: EventID, to output: inout [UInt8]) -> Bool {
    switch self {
    case .events(let format): format.encode(batch, index, into: &output)
    case .lines: SnapshotLayout.plain.encode(batch, index, into: &output)
    case .array:
      output.append(contentsOf: (isFirst ? "[" : ",\n").utf8)
      output.append(contentsOf: batch.bytes[SnapshotLayout.object(batch, index) ?? batch.line(index)])
    case .list(let apiVersion, _):
      guard let object = SnapshotLayout.object(batch, index) else { return false }
      if isFirst {
        let kind = batch.text(.kind, index)
        SnapshotLayout.appendHead(kind.map { $0 + "List" } ?? "List", apiVersion, id, to: &output)
      } else {
        output.append(UInt8(ascii: ","))
      }
      output.append(contentsOf: batch.bytes[object])
    case .object:
      output.append(contentsOf: batch.bytes[SnapshotLayout.object(batch, index) ?? batch.line(index)])
      output.append(UInt8(ascii: "\n"))
    }
    return true
  }

  /// Appends the end of the document.
  func appendEnd(_ id: EventID, isEmpty: Bool, to output: inout [UInt8]) {
    switch self {
    case .events, .object: break
    case .lines: output.append(contentsOf: SnapshotLayout.plain.encode(.snapshotEnd(id: id)))
    case .array: output.append(contentsOf: (isEmpty ? "[]\n" : "]\n").utf8)
    case .list(let apiVersion, let kind):
      if isEmpty { SnapshotLayout.appendHead((kind ?? "") + "List", apiVersion, id, to: &output) }
      output.append(contentsOf: "]}\n".utf8)
    }
  }

  private static func appendHead(
    _ kind: String, _ apiVersion: String, _ id: EventID, to output: inout [UInt8]
  ) {
    let head =
      #"{"kind":\#(JSONText.string(kind)),"apiVersion":\#(JSONText.string(apiVersion)),"metadata":{"#
      + #""resourceVersion":"\#(id)"},"items":["#
    output.append(contentsOf: head.utf8)
  }

  /// The object of a watch event; nil for a line that is not one.
  private static func object(_ batch: Batch, _ index: Int) -> Range<Int>? {
    batch.kinds[index] == .other ? nil : batch.value(.object, index)
  }
}
