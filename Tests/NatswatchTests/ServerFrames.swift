// SPDX-License-Identifier: Apache-2.0

/// Splits the bytes of a NATS server into frames: a whole line, and the payload that follows a message's.
struct ServerFrames {
  private var rest: [UInt8] = []

  /// The frames that these bytes complete.
  mutating func split(_ bytes: [UInt8]) -> [String] {
    rest += bytes
    var frames: [String] = []
    while let frame = next() { frames.append(frame) }
    return frames
  }

  private mutating func next() -> String? {
    guard let end = rest.firstIndex(of: UInt8(ascii: "\n")) else { return nil }
    let words = String(decoding: rest[..<end], as: UTF8.self).split { $0.isWhitespace }
    let isMessage = words.first == "MSG" || words.first == "HMSG"
    let size = end + 1 + (isMessage ? (words.last.flatMap { Int($0) } ?? 0) + 2 : 0)
    guard rest.count >= size else { return nil }
    defer { rest.removeFirst(size) }
    return String(decoding: rest[..<size], as: UTF8.self)
  }
}
