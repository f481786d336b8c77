// SPDX-License-Identifier: Apache-2.0
import JSON

extension [UInt8] {
  /// Calls `body` with the line in this range as JSON, and with the start of the array. ``Batch/padding`` bytes
  /// follow the line.
  func withJSON<Result>(_ line: Range<Int>, _ body: (_ line: RawJSON, _ base: JSONCursor) -> Result) -> Result
  {
    unsafe withUnsafeBufferPointer { bytes in
      guard let base = bytes.baseAddress else { return body(.null, RawJSON.null.start) }
      return body(unsafe RawJSON(line: base + line.lowerBound, count: line.count), unsafe JSONCursor(base))
    }
  }

  func withJSON<Result>(_ line: Range<Int>, _ body: (RawJSON) -> Result) -> Result {
    withJSON(line) { line, _ in body(line) }
  }
}

extension RawJSON {
  /// Appends the members of an object that `isWanted` selects, unchanged, each after a comma.
  ///
  /// - Returns: Whether this is an object that ends.
  @discardableResult
  func appendMembers(to output: inout [UInt8], where isWanted: (_ key: RawJSON) -> Bool) -> Bool {
    guard var members = Members(self) else { return false }
    while let (key, value) = members.next() {
      guard isWanted(key) else { continue }
      output.append(UInt8(ascii: ","))
      key.appendBytes(to: &output)
      output.append(UInt8(ascii: ":"))
      value.appendBytes(to: &output)
    }
    return !members.isBroken
  }

  /// Where the value is in the array that starts at `base`; nil if it does not end.
  func range(from base: JSONCursor) -> Range<Int>? { end.map { (start - base)..<($0 - base) } }

  /// Whether this is a string that reads as `word`.
  func isString(_ word: StaticString) -> Bool {
    guard let plain = unsafe plainString else { return string == "\(word)" }
    return word.withUTF8Buffer { unsafe plain.elementsEqual($0) }
  }

  /// Appends the bytes of the value.
  func appendBytes(to output: inout [UInt8]) {
    if let bytes = unsafe bytes { unsafe output.append(contentsOf: bytes) }
  }
}
