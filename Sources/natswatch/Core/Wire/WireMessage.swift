// SPDX-License-Identifier: Apache-2.0

import JSON

/// Bytes as they came from the socket. Messages point into it and keep it.
///
/// `@unchecked Sendable`: what has been read is not changed while a message is left that points to it, and what comes
/// is written behind it.
@safe final class WireBlock: @unchecked Sendable {
  let bytes: UnsafeMutablePointer<UInt8>
  let capacity: Int

  /// - Parameter capacity: In bytes; ``JSONCursor/padding`` more may be read.
  init(capacity: Int) {
    self.capacity = capacity
    unsafe bytes = .allocate(capacity: capacity + JSONCursor.padding)
    unsafe bytes.initialize(repeating: 0, count: capacity + JSONCursor.padding)
  }

  deinit { unsafe bytes.deallocate() }

  /// The first `count` bytes.
  func prefix(_ count: Int) -> UnsafeBufferPointer<UInt8> {
    unsafe UnsafeBufferPointer(start: bytes, count: count)
  }

  subscript(range: Range<Int>) -> UnsafeBufferPointer<UInt8> {
    unsafe UnsafeBufferPointer(start: bytes + range.lowerBound, count: range.count)
  }
}

/// A message where it came in.
struct WireMessage: Sendable {
  let block: WireBlock
  let layout: WireParser.Layout

  var subject: UnsafeBufferPointer<UInt8> { unsafe block[layout.subject] }
  var reply: UnsafeBufferPointer<UInt8> { unsafe block[layout.reply] }
  /// ``JSONCursor/padding`` bytes behind it may be read.
  var payload: UnsafeBufferPointer<UInt8> { unsafe block[layout.payload] }

  /// The server's answer for a subject that nobody listens to (status 503).
  var isNoResponders: Bool { layout.payload.isEmpty && !layout.header.isEmpty && header("Status") == "503" }

  /// The first value of a header; `Status` and `Description` are the first line's.
  func header(_ name: String) -> String? { headers.first { $0.name == name }?.values.first }

  /// All headers in the order of their names, each with its values (NATS ADR-4).
  var headers: [(name: String, values: [String])] {
    guard !layout.header.isEmpty else { return [] }
    let lines = unsafe String(decoding: block[layout.header], as: UTF8.self).split(separator: "\r\n")
    var result: [(name: String, values: [String])] = []
    let status = (lines.first ?? "").split(separator: " ", maxSplits: 2)
    if status.count > 1 { result.append(("Status", [String(status[1])])) }
    if status.count > 2 { result.append(("Description", [String(status[2])])) }
    for line in lines.dropFirst() {
      guard let colon = line.firstIndex(of: ":") else { continue }
      let name = String(line[..<colon])
      let value = String(line[line.index(after: colon)...].drop { $0 == " " })
      if let known = result.firstIndex(where: { $0.name == name }) {
        result[known].values.append(value)
      } else {
        result.append((name, [value]))
      }
    }
    return result.sorted { $0.name < $1.name }
  }
}
