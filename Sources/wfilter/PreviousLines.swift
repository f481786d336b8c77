// SPDX-License-Identifier: Apache-2.0

import Filter
import JSON

/// What `old` sees: of each key's last line the parts that the expressions read.
struct PreviousLines {
  private struct Line {
    var bytes: [UInt8]
    var count: Int
  }

  private var lines: KeyTable<Line>
  private let projection: LineProjection
  /// Whether a key had to be forgotten: its next line has no `old`.
  private(set) var hasForgotten = false

  init(_ paths: Set<[String]>, limit: Int) {
    projection = LineProjection(paths)
    lines = KeyTable(limit: limit)
  }

  /// Reads the previous line of a key; nil when there is none.
  func read<Result>(_ key: KeyHash?, _ body: (RawJSON?) throws -> Result) rethrows -> Result {
    guard let key, let place = lines.place(of: key) else { return try body(nil) }
    let line = lines[place]
    return try unsafe line.bytes.withUnsafeBufferPointer { buffer in
      guard let base = buffer.baseAddress else { return try body(nil) }
      return unsafe try body(RawJSON(line: base, count: line.count))
    }
  }

  /// Remembers a line; a deleted object's is forgotten.
  mutating func remember(_ key: KeyHash, _ line: RawJSON, isDeleted: Bool) {
    let place = lines.place(of: key)
    if isDeleted {
      if let place { lines.remove(place) }
      return
    }
    let (bytes, count) = projection.make(line)
    if let place {
      lines[place] = Line(bytes: bytes, count: count)
      lines.moveToEnd(place)
    } else if lines.append(key, Line(bytes: bytes, count: count)) != nil {
      hasForgotten = true
    }
  }
}
