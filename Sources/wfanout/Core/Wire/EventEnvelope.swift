// SPDX-License-Identifier: Apache-2.0
import JSON

/// The `event` message of the `/ws` protocol.
///
/// A line that has an `event_type` already is such an event: `type` becomes `event`, a missing `event_id` is filled in, all
/// other members stay as they are. An ERROR line, with which a source says that it has failed, becomes an `error`. Any other line
/// becomes the `payload` of an event whose type is `RESOURCE_<TYPE>` for a watch event and `MESSAGE` for the
/// rest. An event that cannot be resumed after, such as one of a snapshot, gets no id.
enum EventEnvelope {
  static func encode(_ batch: Batch, _ index: Int) -> [UInt8] {
    if batch.kinds[index] == .error { return failure(batch, index) }
    let line = batch.line(index)
    let bytes = batch.bytes
    var output: [UInt8] = []
    output.reserveCapacity(line.count + 160)
    output.append(contentsOf: #"{"type":"event""#.utf8)
    guard let type = JSONScan.member("event_type", of: bytes, in: line), JSONScan.inside(bytes, type) != nil
    else {
      appendID(batch, index, as: "event_id", to: &output)
      output.append(contentsOf: #","event_type":""#.utf8)
      output.append(contentsOf: eventType(of: batch, index).utf8)
      output.append(contentsOf: #"","payload":"#.utf8)
      appendPayload(bytes, line, into: &output)
      output.append(UInt8(ascii: "}"))
      return output
    }
    let ownID = JSONScan.member("event_id", of: bytes, in: line)
    if let ownID {
      output.append(contentsOf: #","event_id":"#.utf8)
      output.append(contentsOf: bytes[ownID])
    } else {
      appendID(batch, index, as: "event_id", to: &output)
    }
    JSONScan.appendMembers(of: bytes, in: line, to: &output) { key, _ in
      !JSONScan.equals(bytes, key, "type") && !JSONScan.equals(bytes, key, "event_id")
    }
    // The id to resume after is ours, even if the producer numbers its own events.
    if ownID != nil { appendID(batch, index, as: "resume_id", to: &output) }
    output.append(UInt8(ascii: "}"))
    return output
  }

  private static func appendID(_ batch: Batch, _ index: Int, as name: String, to output: inout [UInt8]) {
    guard batch.hasIDs else { return }
    output.append(contentsOf: #","\#(name)":"\#(batch.ids[index])""#.utf8)
  }

  private static func failure(_ batch: Batch, _ index: Int) -> [UInt8] {
    let bytes = batch.bytes
    let message = JSONScan.member("object", of: bytes, in: batch.line(index))
      .flatMap { JSONScan.member("message", of: bytes, in: $0) }.map { bytes[$0] }
    var output = Array(#"{"type":"error","code":"INTERNAL_ERROR","message":"#.utf8)
    output.append(contentsOf: message ?? ArraySlice(#""the source failed""#.utf8))
    appendID(batch, index, as: "event_id", to: &output)
    output.append(contentsOf: #","payload":"#.utf8)
    appendPayload(bytes, batch.line(index), into: &output)
    output.append(UInt8(ascii: "}"))
    return output
  }

  /// The event type a subscription sees.
  static func eventType(of batch: Batch, _ index: Int) -> String {
    let line = batch.line(index)
    if let type = JSONScan.member("event_type", of: batch.bytes, in: line),
      let text = JSONScan.inside(batch.bytes, type)
    {
      return String(decoding: batch.bytes[text], as: UTF8.self)
    }
    switch batch.kinds[index] {
    case .added: return "RESOURCE_ADDED"
    case .modified: return "RESOURCE_MODIFIED"
    case .deleted: return "RESOURCE_DELETED"
    case .bookmark: return "RESOURCE_BOOKMARK"
    case .error: return "RESOURCE_ERROR"
    case .status: return "STATUS"
    case .metrics: return "METRICS"
    case .other: return "MESSAGE"
    }
  }

  /// JSON goes in as it is; what is not a JSON object goes in as a string.
  private static func appendPayload(_ bytes: [UInt8], _ line: Range<Int>, into output: inout [UInt8]) {
    if JSONScan.members(of: bytes, in: line, { _, _ in true }) {
      output.append(contentsOf: bytes[line])
    } else {
      JSONText.append(string: bytes[line], to: &output)
    }
  }
}
