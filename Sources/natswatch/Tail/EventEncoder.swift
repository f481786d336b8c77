// SPDX-License-Identifier: Apache-2.0

import FoundationEssentials
import Watch

/// Turns a message into a line: the payload's own bytes with an envelope around them.
///
/// Used by one thread; the line's memory is used again for the next one.
struct EventEncoder {
  enum Form: Sendable {
    /// An event is kept, an object wrapped; the sequence is written in as resourceVersion.
    case event
    /// As `event`, but not one byte of the payload is changed.
    case verbatim
    /// Payloads alone.
    case raw
  }

  enum InvalidPolicy: String, Sendable, CaseIterable {
    case wrap, skip, fail
  }

  enum Outcome: Equatable {
    /// ``line`` holds the line.
    case line
    /// The same, but the payload was not JSON and is in it as base 64.
    case wrapped
    /// The payload was not JSON: no line.
    case invalid
  }

  let form: Form
  let invalid: InvalidPolicy
  /// The last line that was made, with its newline.
  private(set) var line: [UInt8] = []
  private var scanner = PayloadScanner()
  private var time = TimestampWriter()
  private var sourcePrefix: [UInt8] = []

  init(form: Form = .event, invalid: InvalidPolicy = .wrap) {
    self.form = form
    self.invalid = invalid
    line.reserveCapacity(4096)
  }

  /// Sets what `source` says of each message.
  mutating func setStream(_ stream: String, epoch: String) {
    sourcePrefix = Array(
      ",\"source\":{\"stream\":\(JSONText.string(stream)),\"epoch\":\(JSONText.string(epoch)),\"subject\":\""
        .utf8)
  }

  /// Makes ``line`` from a message.
  mutating func encode(_ message: borrowing Message, _ metadata: DeliveryMetadata) -> Outcome {
    return unsafe encode(
      payload: message.payload, subject: message.subjectBytes, headers: message.headers, metadata)
  }

  /// Makes ``line`` from a message's parts.
  mutating func encode(
    payload: UnsafeBufferPointer<UInt8>, subject: UnsafeBufferPointer<UInt8>,
    headers: [(name: String, values: [String])], _ metadata: DeliveryMetadata
  ) -> Outcome {
    line.removeAll(keepingCapacity: true)
    unsafe scanner.scan(payload)
    if form == .raw { return unsafe encodeRaw(payload) }
    if scanner.kind == .notJSON, !Self.isDeletion(headers), invalid != .wrap { return .invalid }
    unsafe appendObject(payload, headers, metadata)
    unsafe appendSource(payload, subject, headers, metadata)
    return scanner.kind == .notJSON && !payload.isEmpty ? .wrapped : .line
  }

  private mutating func encodeRaw(_ payload: UnsafeBufferPointer<UInt8>) -> Outcome {
    if scanner.kind == .notJSON {
      // Text of another kind is welcome as long as it stays one line.
      let hasBreak = unsafe payload.contains { $0 == 0x0a }
      if hasBreak, invalid != .wrap { return .invalid }
      if hasBreak {
        append("{\"data_base64\":\"")
        unsafe line.append(contentsOf: Data(payload).base64EncodedString().utf8)
        append("\"}\n")
        return .wrapped
      }
    }
    unsafe appendSlice(payload, 0..<payload.count)
    line.append(0x0a)
    return .line
  }

  /// `{"type":T,"object":O`
  private mutating func appendObject(
    _ payload: UnsafeBufferPointer<UInt8>, _ headers: [(name: String, values: [String])],
    _ metadata: DeliveryMetadata
  ) {
    append("{\"type\":\"")
    if scanner.kind == .event {
      unsafe appendSlice(payload, scanner.type)
    } else {
      append(Self.isDeletion(headers) ? "DELETED" : "ADDED")
    }
    append("\",\"object\":")
    switch scanner.kind {
    case .notJSON:
      append("{\"data_base64\":\"")
      unsafe line.append(contentsOf: Data(payload).base64EncodedString().utf8)
      append("\"}")
    case .value:
      append("{\"data\":")
      unsafe appendSlice(payload, scanner.value)
      append("}")
    case .object, .event:
      unsafe appendWithVersion(payload, metadata.streamSequence)
    }
  }

  /// The object's bytes, with the sequence in `metadata.resourceVersion` where there is a metadata object.
  private mutating func appendWithVersion(_ payload: UnsafeBufferPointer<UInt8>, _ sequence: UInt64) {
    let object = scanner.object
    guard form == .event, let start = scanner.metadataStart else {
      return unsafe appendSlice(payload, object)
    }
    if let version = scanner.resourceVersion {
      unsafe appendSlice(payload, object.lowerBound..<version.lowerBound)
      append("\"")
      append(number: sequence)
      append("\"")
      unsafe appendSlice(payload, version.upperBound..<object.upperBound)
    } else {
      unsafe appendSlice(payload, object.lowerBound..<start)
      append("\"resourceVersion\":\"")
      append(number: sequence)
      append(scanner.metadataIsEmpty ? "\"" : "\",")
      unsafe appendSlice(payload, start..<object.upperBound)
    }
  }

  private mutating func appendSource(
    _ payload: UnsafeBufferPointer<UInt8>, _ subject: UnsafeBufferPointer<UInt8>,
    _ headers: [(name: String, values: [String])], _ metadata: DeliveryMetadata
  ) {
    line.append(contentsOf: sourcePrefix)
    if unsafe subject.contains(where: {
      $0 < 0x21 || $0 == UInt8(ascii: "\"") || $0 == UInt8(ascii: "\\") || $0 > 0x7e
    }) {
      line.removeLast()
      unsafe JSONText.append(string: String(decoding: subject, as: UTF8.self).utf8, to: &line)
    } else {
      unsafe line.append(contentsOf: subject)
      append("\"")
    }
    append(",\"sequence\":")
    append(number: metadata.streamSequence)
    append(",\"time\":\"")
    time.append(metadata.time, to: &line)
    append("\"")
    if !headers.isEmpty { appendHeaders(headers) }
    if !scanner.source.isEmpty {
      append(",\"origin\":")
      unsafe appendSlice(payload, scanner.source)
    }
    append(",\"pending\":")
    append(number: metadata.pending)
    append("}")
    if scanner.kind == .event {
      for extra in scanner.extras {
        append(",")
        unsafe appendSlice(payload, extra)
      }
    }
    append("}\n")
  }

  private mutating func appendHeaders(_ headers: [(name: String, values: [String])]) {
    append(",\"headers\":{")
    for (index, header) in headers.enumerated() {
      if index > 0 { append(",") }
      JSONText.append(string: header.name.utf8, to: &line)
      append(":")
      if header.values.count == 1 {
        JSONText.append(string: header.values[0].utf8, to: &line)
      } else {
        append("[")
        for (index, value) in header.values.enumerated() {
          if index > 0 { append(",") }
          JSONText.append(string: value.utf8, to: &line)
        }
        append("]")
      }
    }
    append("}")
  }

  /// A marker that a key of a key-value bucket is gone, or that the server removed the subject's last message.
  private static func isDeletion(_ headers: [(name: String, values: [String])]) -> Bool {
    headers.contains { header in
      switch header.name {
      case "KV-Operation": header.values.first == "DEL" || header.values.first == "PURGE"
      case "Nats-Marker-Reason": true
      default: false
      }
    }
  }

  private mutating func append(_ text: StaticString) {
    unsafe line.append(contentsOf: UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
  }

  private mutating func append(number: UInt64) {
    var value = number
    var digits = InlineArray<20, UInt8>(repeating: 0)
    var count = 0
    repeat {
      let (quotient, digit) = value.quotientAndRemainder(dividingBy: 10)
      digits[count] = UInt8(truncatingIfNeeded: digit) + 0x30
      value = quotient
      count += 1
    } while value > 0
    for index in (0..<count).reversed() { line.append(digits[index]) }
  }

  /// The payload's bytes; a line break between tokens becomes a space, as a line holds no break.
  private mutating func appendSlice(_ payload: UnsafeBufferPointer<UInt8>, _ range: Range<Int>) {
    let start = line.count
    unsafe line.append(contentsOf: UnsafeBufferPointer(rebasing: payload[range]))
    guard scanner.hasLineBreak, scanner.kind != .notJSON else { return }
    for index in start..<line.count where line[index] == 0x0a || line[index] == 0x0d { line[index] = 0x20 }
  }
}
