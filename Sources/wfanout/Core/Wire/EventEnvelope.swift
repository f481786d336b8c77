// SPDX-License-Identifier: Apache-2.0
import JSON

/// The `event` message of the `/ws` protocol.
///
/// A line that has an `event_type` already is such an event: `type` becomes `event`, a missing `event_id` is
/// filled in, all other members stay as they are. An ERROR line, which reports the failure of a source,
/// becomes an `error`. Any other line becomes the `payload` of an event whose type is `RESOURCE_<TYPE>` for a
/// watch event and `MESSAGE` for the rest. An event that cannot be resumed after, such as one of a snapshot,
/// gets no id.
enum EventEnvelope {
  static func encode(_ batch: Batch, _ index: Int) -> [UInt8] {
    if batch.kinds[index] == .error { return failure(batch, index) }
    var output: [UInt8] = []
    output.reserveCapacity(batch.line(index).count + 160)
    output.append(contentsOf: #"{"type":"event""#.utf8)
    guard batch.value(.eventType, index) != nil else {
      appendID(batch, index, as: "event_id", to: &output)
      output.append(contentsOf: #","event_type":""#.utf8)
      output.append(contentsOf: eventType(of: batch, index).utf8)
      output.append(contentsOf: #"","payload":"#.utf8)
      appendPayload(batch, index, to: &output)
      output.append(UInt8(ascii: "}"))
      return output
    }
    batch.withJSON(index) { line in
      let ownID = line.member("event_id")
      if let ownID {
        output.append(contentsOf: #","event_id":"#.utf8)
        ownID.appendBytes(to: &output)
      } else {
        appendID(batch, index, as: "event_id", to: &output)
      }
      line.appendMembers(to: &output) { !$0.isString("type") && !$0.isString("event_id") }
      // The id to resume after is ours, even if the producer numbers its own events.
      if ownID != nil { appendID(batch, index, as: "resume_id", to: &output) }
    }
    output.append(UInt8(ascii: "}"))
    return output
  }

  private static func appendID(_ batch: Batch, _ index: Int, as name: String, to output: inout [UInt8]) {
    guard batch.hasIDs else { return }
    output.append(contentsOf: #","\#(name)":"\#(batch.ids[index])""#.utf8)
  }

  private static func failure(_ batch: Batch, _ index: Int) -> [UInt8] {
    var output = Array(#"{"type":"error","code":"INTERNAL_ERROR","message":"#.utf8)
    batch.withJSON(index) { line in
      if let message = line.member(at: ["object", "message"]) {
        message.appendBytes(to: &output)
      } else {
        output.append(contentsOf: #""the source failed""#.utf8)
      }
    }
    appendID(batch, index, as: "event_id", to: &output)
    output.append(contentsOf: #","payload":"#.utf8)
    appendPayload(batch, index, to: &output)
    output.append(UInt8(ascii: "}"))
    return output
  }

  /// The event type a subscription sees.
  static func eventType(of batch: Batch, _ index: Int) -> String {
    if let type = batch.text(.eventType, index) { return type }
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

  /// A JSON object as it is, any other line as a string.
  private static func appendPayload(_ batch: Batch, _ index: Int, to output: inout [UInt8]) {
    let bytes = batch.bytes[batch.line(index)]
    if batch.withJSON(index, { $0.kind == .object && $0.end != nil }) {
      output.append(contentsOf: bytes)
    } else {
      JSONText.append(string: bytes, to: &output)
    }
  }
}
