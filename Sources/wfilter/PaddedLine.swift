// SPDX-License-Identifier: Apache-2.0

import JSON

/// A line of our own, with the readable bytes behind it that reading in place asks for.
enum PaddedLine {
  /// Calls `body` with the line's value.
  static func read<Result, Failure: Error>(
    _ line: [UInt8], _ body: (RawJSON) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    var padded = line
    padded += repeatElement(0x0A, count: JSONCursor.padding)
    return unsafe try padded.withUnsafeBufferPointer { buffer throws(Failure) in
      guard let base = buffer.baseAddress else { return try body(.null) }
      return unsafe try body(RawJSON(line: base, count: line.count))
    }
  }
}
