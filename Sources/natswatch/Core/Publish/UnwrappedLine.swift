// SPDX-License-Identifier: Apache-2.0

import Encoding
import JSON

/// `--unwrap`: restores the message from a line of `natswatch tail`, byte for byte, as `source.payload` says.
///
/// For a line without `source.payload`, such as one of kwatch, the payload is the object.
struct UnwrappedLine {
  private(set) var payload: [UInt8]
  private(set) var headers: [PublishWindow.Header] = []
  /// The message's own `Nats-Msg-Id`, or else its position in the original stream.
  private(set) var identifier: String?
  /// The message's position in the original stream.
  private(set) var origin: TailState?

  /// - Parameters:
  ///   - line: The line, followed by ``JSONCursor/padding`` readable bytes.
  ///   - scanner: The result of scanning the line, which is an event.
  init(_ line: UnsafeBufferPointer<UInt8>, _ scanner: PayloadScanner) {
    payload = unsafe Array(line[scanner.object])
    guard let base = line.baseAddress, !scanner.source.isEmpty else { return }
    let source = unsafe RawJSON(line: base, count: line.count).member("source") ?? .null
    readHeaders(source.member("headers")) { HeaderValue($0) }
    if let others = source.member("headers_base64") {
      readHeaders(others) { Base64.decode($0.utf8).map { HeaderValue($0) } }
      // All in the order of their names again, the values of each in their own.
      headers = headers.enumerated().sorted {
        ($0.element.name, $0.offset) < ($1.element.name, $1.offset)
      }.map(\.element)
    }
    if let stream = source.member("stream")?.string, let epoch = source.member("epoch")?.string,
      let sequence = source.member("sequence")?.text.flatMap({ UInt64($0) })
    {
      origin = TailState(stream: stream, created: epoch, seq: sequence)
      identifier = identifier ?? "\(stream).\(epoch).\(sequence)"
    }
    guard let form = source.member("payload") else { return }
    let name = (form.kind == .object ? form.member("as") : form)?.string
    if let exact = form.member("base64")?.string.flatMap({ Base64.decode($0.utf8) }) {
      payload = exact
      return
    }
    switch name {
    case "value": payload = unsafe Self.data(source: line, "data").map(Self.bytes) ?? payload
    case "text": payload = unsafe Self.data(source: line, "data")?.string.map { Array($0.utf8) } ?? payload
    case "base64":
      payload =
        unsafe Self.data(source: line, "data_base64")?.string.flatMap { Base64.decode($0.utf8) } ?? payload
    case "object": restoreVersion(form, scanner)
    case "event":
      restoreVersion(form, scanner)
      payload = unsafe Self.event(line, scanner, payload, origin: source.member("origin"))
    default: break
    }
  }

  /// A member of the line's object.
  private static func data(source line: UnsafeBufferPointer<UInt8>, _ name: String) -> RawJSON? {
    guard let base = line.baseAddress else { return nil }
    return unsafe RawJSON(line: base, count: line.count).member("object")?.member(name)
  }

  private static func bytes(_ value: RawJSON) -> [UInt8] {
    guard let bytes = unsafe value.bytes else { return [] }
    return unsafe Array(bytes)
  }

  /// Restores the resourceVersion that tail has replaced.
  private mutating func restoreVersion(_ form: RawJSON, _ scanner: PayloadScanner) {
    guard form.kind == .object, let metadata = scanner.metadata, let version = metadata.resourceVersion else {
      return
    }
    let offset = scanner.object.lowerBound
    if let original = form.member("resourceVersion") {
      payload.replaceSubrange(
        version.lowerBound - offset..<version.upperBound - offset, with: Self.bytes(original))
    } else if form.member("inserted")?.string == "resourceVersion" {
      // It is the first member, followed by a comma if there are others.
      let start = metadata.start - offset
      var end = version.upperBound - offset
      if end < payload.count, payload[end] == UInt8(ascii: ",") { end += 1 }
      payload.removeSubrange(start..<end)
    }
  }

  /// Restores an event that was the payload: its type, object, source and further members.
  private static func event(
    _ line: UnsafeBufferPointer<UInt8>, _ scanner: PayloadScanner, _ object: [UInt8], origin: RawJSON?
  ) -> [UInt8] {
    var bytes = Array("{\"type\":\"".utf8)
    unsafe bytes += line[scanner.type]
    bytes += Array("\",\"object\":".utf8) + object
    if let origin { bytes += Array(",\"source\":".utf8) + Self.bytes(origin) }
    for extra in scanner.extras {
      bytes.append(UInt8(ascii: ","))
      unsafe bytes += line[extra]
    }
    return bytes + [UInt8(ascii: "}")]
  }

  /// Headers that start with `Nats-` belong to the server; only the message id is valid for another stream.
  private mutating func readHeaders(_ headers: RawJSON?, _ decode: (String) -> HeaderValue?) {
    guard let headers, var members = RawJSON.Members(headers) else { return }
    while let (key, value) = members.next() {
      guard let name = key.string else { continue }
      if name == "Nats-Msg-Id" { identifier = value.string.flatMap(decode)?.text }
      guard !name.hasPrefix("Nats-") else { continue }
      var texts = [value.string]
      if var elements = RawJSON.Elements(value) {
        texts = []
        while let element = elements.next() { texts.append(element.string) }
      }
      for case let value? in texts.map({ $0.flatMap(decode) }) {
        self.headers.append(PublishWindow.Header(name: name, value: value))
      }
    }
  }
}
