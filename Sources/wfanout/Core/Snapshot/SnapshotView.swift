// SPDX-License-Identifier: Apache-2.0

/// The part of a snapshot that some filters let through, as an answer.
///
/// `Last-Event-ID` says how far the snapshot goes: sent back in a request to `/events` it gives all that came after.
struct SnapshotView {
  private let batch: Batch
  private let included: [Int]
  private let id: EventID

  init(_ snapshot: Snapshot, matchers: [any LineMatcher]) {
    let batch = SnapshotEncoder.batch(of: snapshot)
    self.batch = batch
    id = snapshot.id
    included = (0..<batch.count).filter { index in matchers.allSatisfy { $0.matches(batch, index) } }
  }

  /// The objects; of a line that is no watch event the line.
  var objects: [[UInt8]] {
    included.map { index in
      let line = batch.line(index)
      let object = batch.kinds[index] == .other ? nil : JSONScan.member("object", of: batch.bytes, in: line)
      return Array(batch.bytes[object ?? line])
    }
  }

  /// A JSON array of the objects, the least recently changed first, one a line.
  var array: Answer {
    answer(Array("[".utf8) + objects.joined(separator: Array(",\n".utf8)) + Array("]\n".utf8))
  }

  /// The lines, and a BOOKMARK line that ends them, as a listener gets them.
  var lines: Answer {
    let format = WireFormat(shape: .lines, isChunked: false)
    var bytes: [UInt8] = []
    for index in included { format.encode(batch, index, into: &bytes) }
    return answer(bytes + format.encode(.snapshotEnd(id: id)), type: "application/x-ndjson")
  }

  func answer(_ body: [UInt8], type: String = "application/json") -> Answer {
    Answer(200, type: type, body: body, headers: SnapshotView.headers(id))
  }

  static func headers(_ id: EventID) -> [(name: String, value: String)] {
    [("Last-Event-ID", "\(id)"), ("ETag", "\"\(id)\""), ("Cache-Control", "no-cache")]
  }
}
