// SPDX-License-Identifier: Apache-2.0

import Encoding
import JSON
import Lines

/// Encodes a message as a line: the payload's own bytes in an envelope, written directly into the output
/// buffer. For one thread.
package struct EventEncoder {
  package enum Form: Sendable {
    /// An event is kept, an object is wrapped; the sequence replaces resourceVersion.
    case event
    /// As `event`, but the payload is not changed.
    case verbatim
    /// Payloads only.
    case raw
    /// Headers and source with an empty object, for a consumer without payloads.
    case headersOnly
  }

  package enum InvalidPolicy: String, Sendable, CaseIterable {
    case wrap, skip, fail
  }

  enum Outcome: Equatable {
    /// The line was written.
    case line
    /// The line was written, with a payload that is not JSON as text or Base64.
    case wrapped
    /// The payload is not JSON; no line was written.
    case invalid
  }

  typealias Headers = HeaderBlock.Headers

  let form: Form
  let invalid: InvalidPolicy
  private let copy = PaddedBytes()
  private var scanner = PayloadScanner()
  private var time = RFC3339Writer()
  private var sourcePrefix: [UInt8] = []
  /// The payload is not JSON, but UTF-8.
  private var isText = false

  /// The maximum size of the fixed text and numbers of an envelope.
  private static let envelopeLimit = 512

  init(form: Form = .event, invalid: InvalidPolicy = .wrap) {
    self.form = form
    self.invalid = invalid
  }

  /// Sets the stream that `source` names.
  mutating func setStream(_ stream: String, epoch: String) {
    sourcePrefix = Array(
      ",\"source\":{\"stream\":\(JSONText.string(stream)),\"epoch\":\(JSONText.string(epoch)),\"subject\":"
        .utf8)
  }

  /// Writes a message's line.
  mutating func encode(
    _ message: borrowing Message, _ metadata: DeliveryMetadata, to output: OutputWriter
  ) throws(OutputError) -> Outcome {
    let payload = unsafe copy.copy(message.payload)
    return try unsafe encode(
      payload: payload, subject: message.subjectBytes, headers: message.headers, metadata, to: output)
  }

  /// Writes the line of a message's parts; ``JSONCursor/padding`` bytes after the payload may be read.
  mutating func encode(
    payload: UnsafeBufferPointer<UInt8>, subject: UnsafeBufferPointer<UInt8>, headers: Headers,
    _ metadata: DeliveryMetadata, to output: OutputWriter
  ) throws(OutputError) -> Outcome {
    unsafe scanner.scan(payload)
    let isDeletion = Self.isDeletion(headers)
    let foreign = form == .headersOnly ? nil : unsafe foreign(payload)
    if foreign != nil, invalid != .wrap, !isDeletion { return .invalid }
    let headerText = headers.isEmpty ? [] : Self.json(headers)
    // Room for the exact bytes as Base64.
    let limit =
      payload.count + payload.count / 3 * 4 + (foreign?.count ?? 0) + subject.count * 6 + sourcePrefix.count
      + headerText.count + Self.envelopeLimit
    let sequence = Decimal(metadata.streamSequence)
    var line = unsafe ByteFiller(try output.room(for: limit))
    if form == .raw {
      unsafe appendObject(payload, sequence, foreign, to: &line)
      line.append("\n")
    } else {
      line.append("{\"type\":\"")
      if scanner.kind == .event {
        unsafe appendSlice(payload, scanner.type, to: &line)
      } else {
        line.append(isDeletion ? "DELETED" : "ADDED")
      }
      line.append("\",\"object\":")
      unsafe appendObject(payload, sequence, foreign, to: &line)
      unsafe appendSource(payload, subject, headerText, metadata, sequence, to: &line)
    }
    output.take(line.count)
    return foreign != nil && !payload.isEmpty ? .wrapped : .line
  }

  /// The replacement for a payload that is not JSON: with raw output, text of one line unchanged; otherwise
  /// text as a JSON string, and anything else as Base64.
  private mutating func foreign(_ payload: UnsafeBufferPointer<UInt8>) -> [UInt8]? {
    guard scanner.kind == .notJSON else { return nil }
    if form == .raw, unsafe !payload.contains(0x0A) { return unsafe Array(payload) }
    isText = unsafe String(validating: payload, as: UTF8.self) != nil
    var object = Array((isText ? "{\"data\":" : "{\"data_base64\":\"").utf8)
    if isText {
      unsafe JSONText.append(string: payload, to: &object)
    } else {
      object += Array(Base64.encode(unsafe Array(payload)).utf8) + [UInt8(ascii: "\"")]
    }
    return object + [UInt8(ascii: "}")]
  }

  private func appendObject(
    _ payload: UnsafeBufferPointer<UInt8>, _ sequence: Decimal, _ foreign: [UInt8]?,
    to line: inout ByteFiller
  ) {
    switch (scanner.kind, form) {
    case (_, .headersOnly): line.append("{}")
    case (.notJSON, _): line.append(foreign ?? [])
    case (_, .raw): unsafe appendSlice(payload, 0..<payload.count, to: &line)
    case (.value, _):
      line.append("{\"data\":")
      unsafe appendSlice(payload, scanner.value, to: &line)
      line.append("}")
    case (_, .verbatim): unsafe appendSlice(payload, scanner.object, to: &line)
    case (_, .event): unsafe appendWithVersion(payload, sequence, to: &line)
    }
  }

  /// Appends `source.payload`, from which the payload can be restored byte for byte.
  private func appendPayloadForm(_ payload: UnsafeBufferPointer<UInt8>, to line: inout ByteFiller) {
    let name: StaticString =
      switch scanner.kind {
      case .notJSON: isText ? "\"text\"" : "\"base64\""
      case .value: "\"value\""
      case .object: "\"object\""
      case .event: "\"event\""
      }
    if form == .headersOnly { return line.append("\"none\"") }
    let metadata = form == .event ? scanner.metadata : nil
    guard metadata != nil || !scanner.isExact else { return line.append(name) }
    line.append("{\"as\":")
    line.append(name)
    if !scanner.isExact {
      line.append(",\"base64\":\"")
      line.append(Array(Base64.encode(unsafe Array(payload)).utf8))
      line.append("\"}")
    } else if let version = metadata?.resourceVersion {
      line.append(",\"resourceVersion\":")
      unsafe appendSlice(payload, version, to: &line)
      line.append("}")
    } else {
      line.append(",\"inserted\":\"resourceVersion\"}")
    }
  }

  /// Appends the object's bytes, with the sequence in `metadata.resourceVersion` if there is a metadata
  /// object.
  private func appendWithVersion(
    _ payload: UnsafeBufferPointer<UInt8>, _ sequence: Decimal, to line: inout ByteFiller
  ) {
    let object = scanner.object
    guard let metadata = scanner.metadata else { return unsafe appendSlice(payload, object, to: &line) }
    if let version = metadata.resourceVersion {
      unsafe appendSlice(payload, object.lowerBound..<version.lowerBound, to: &line)
      line.append("\"")
      line.append(sequence)
      line.append("\"")
      unsafe appendSlice(payload, version.upperBound..<object.upperBound, to: &line)
    } else {
      unsafe appendSlice(payload, object.lowerBound..<metadata.start, to: &line)
      line.append("\"resourceVersion\":\"")
      line.append(sequence)
      line.append(metadata.isEmpty ? "\"" : "\",")
      unsafe appendSlice(payload, metadata.start..<object.upperBound, to: &line)
    }
  }

  /// `,"source":{…}}` and the newline, with an event's further members in between.
  private mutating func appendSource(
    _ payload: UnsafeBufferPointer<UInt8>, _ subject: UnsafeBufferPointer<UInt8>, _ headers: [UInt8],
    _ metadata: DeliveryMetadata, _ sequence: Decimal, to line: inout ByteFiller
  ) {
    line.append(sourcePrefix)
    if unsafe Self.needsEscapes(subject) {
      var text: [UInt8] = []
      unsafe JSONText.append(string: String(decoding: subject, as: UTF8.self).utf8, to: &text)
      line.append(text)
    } else {
      line.append("\"")
      unsafe line.append(subject)
      line.append("\"")
    }
    line.append(",\"sequence\":")
    line.append(sequence)
    line.append(",\"time\":\"")
    line.append(time.text(metadata.time))
    line.append("\"")
    line.append(headers)
    if !scanner.source.isEmpty {
      line.append(",\"origin\":")
      unsafe appendSlice(payload, scanner.source, to: &line)
    }
    line.append(",\"pending\":")
    line.append(Decimal(metadata.pending))
    line.append(",\"payload\":")
    unsafe appendPayloadForm(payload, to: &line)
    line.append("}")
    if scanner.kind == .event {
      for extra in scanner.extras {
        line.append(",")
        unsafe appendSlice(payload, extra, to: &line)
      }
    }
    line.append("}\n")
  }

  private static func needsEscapes(_ subject: UnsafeBufferPointer<UInt8>) -> Bool {
    for index in 0..<subject.count {
      let byte = unsafe subject[index]
      let isPlain = byte > 0x20 && byte < 0x7f && byte != UInt8(ascii: "\"") && byte != UInt8(ascii: "\\")
      if !isPlain { return true }
    }
    return false
  }

  /// `,"headers":{…}`, and those whose values are not UTF-8 in `,"headers_base64":{…}`.
  private static func json(_ headers: Headers) -> [UInt8] {
    let isText = headers.map { $0.values.allSatisfy(\.isText) }
    var writer = JSONWriter(after: [UInt8(ascii: ",")])
    for (key, isWanted) in [("headers", true), ("headers_base64", false)] where isText.contains(isWanted) {
      writer.key(key)
      writer.object(zip(headers, isText).filter { $0.1 == isWanted }.map(\.0)) {
        isWanted ? $0.text : Base64.encode($0.bytes)
      }
    }
    return writer.bytes
  }

  /// Whether the message marks the deletion of a key of a key-value bucket, or of the subject's last message
  /// by the server.
  private static func isDeletion(_ headers: Headers) -> Bool {
    headers.contains { header in
      switch header.name {
      case "KV-Operation": header.values.first == "DEL" || header.values.first == "PURGE"
      case "Nats-Marker-Reason": true
      default: false
      }
    }
  }

  /// Appends bytes of the payload; a line break between tokens becomes a space.
  private func appendSlice(
    _ payload: UnsafeBufferPointer<UInt8>, _ range: Range<Int>, to line: inout ByteFiller
  ) {
    let start = line.count
    unsafe line.append(UnsafeBufferPointer(rebasing: payload[range]))
    if scanner.hasLineBreak { line.replaceLineBreaks(from: start) }
  }
}
