// SPDX-License-Identifier: Apache-2.0

import Events
import JSON

/// Hides values: their bytes become `"***"`, every other byte of the line stays.
///
/// Every one of repeated keys is hidden, whichever a reader would take, and an escaped key is the key it stands for.
struct Redactor: Sendable {
  enum Outcome: Equatable {
    /// Nothing to hide in this line.
    case unchanged
    case changed(Line)
    /// The line's structure is broken where values are to be hidden: it cannot be shown.
    case withheld
  }

  /// What is left of a path, and its place among the paths.
  private struct Rest {
    var steps: ArraySlice<RedactionPath.Step>
    var index: Int
  }

  private let inEvents: [Rest]
  private let inPlainLines: [Rest]

  init(_ paths: [RedactionPath]) {
    let object = RedactionPath.Step.key(Array("object".utf8))
    inPlainLines = paths.enumerated().map { Rest(steps: $1.steps[...], index: $0) }
    inEvents = paths.enumerated().map {
      Rest(steps: $1.isAbsolute ? $1.steps[...] : [object] + $1.steps, index: $0)
    }
  }

  /// Hides what is to be hidden in a line with ``JSONCursor/padding`` readable bytes after it. `found` gets a bit for each
  /// path that leads to something, by the path's place.
  func redact(_ line: UnsafeRawBufferPointer, found: inout UInt64) -> Outcome {
    guard let value = unsafe RawJSON(padded: line),
      let base = unsafe line.assumingMemoryBound(to: UInt8.self).baseAddress
    else { return .unchanged }
    let paths = EventHead(value) == nil ? inPlainLines : inEvents
    let first = unsafe JSONCursor(base)
    var hidden: [Range<Int>] = []
    guard Self.find(paths, in: value, from: first, &hidden, &found) else { return .withheld }
    guard !hidden.isEmpty else { return .unchanged }
    return .changed(
      Line(capacity: line.count + 5 * hidden.count) { bytes in
        var start = 0
        for range in hidden {
          unsafe bytes.append(contentsOf: line[start..<range.lowerBound])
          bytes.append(contentsOf: #""***""#.utf8)
          start = range.upperBound
        }
        unsafe bytes.append(contentsOf: line[start...])
      })
  }

  /// Collects the places of all values that the paths lead to, in order; false where the structure is broken.
  private static func find(
    _ paths: [Rest], in value: RawJSON, from first: JSONCursor, _ hidden: inout [Range<Int>],
    _ found: inout UInt64
  ) -> Bool {
    switch value.kind {
    case .object: findInObject(paths, value, first, &hidden, &found)
    case .array: findInArray(paths, value, first, &hidden, &found)
    default: true
    }
  }

  private static func findInObject(
    _ paths: [Rest], _ object: RawJSON, _ first: JSONCursor, _ hidden: inout [Range<Int>],
    _ found: inout UInt64
  ) -> Bool {
    guard var members = RawJSON.Members(object) else { return false }
    while let (key, value) = members.next() {
      let further = paths.filter { path in
        switch path.steps.first {
        case .all: true
        case .key(let name): key.isString(name)
        default: false
        }
      }
      guard follow(further, into: value, upTo: members.position, first, &hidden, &found) else { return false }
    }
    return !members.isBroken
  }

  private static func findInArray(
    _ paths: [Rest], _ array: RawJSON, _ first: JSONCursor, _ hidden: inout [Range<Int>],
    _ found: inout UInt64
  ) -> Bool {
    guard var elements = RawJSON.Elements(array) else { return false }
    var index = 0
    while let element = elements.next() {
      let further = paths.filter { $0.steps.first == .all || $0.steps.first == .index(index) }
      guard follow(further, into: element, upTo: elements.position, first, &hidden, &found) else {
        return false
      }
      index += 1
    }
    return elements.position < array.limit && elements.position.byte == UInt8(ascii: "]")
  }

  /// Goes on behind the step that led to `value`, which ends at `end`: it is hidden, or looked into.
  private static func follow(
    _ paths: [Rest], into value: RawJSON, upTo end: JSONCursor, _ first: JSONCursor,
    _ hidden: inout [Range<Int>], _ found: inout UInt64
  ) -> Bool {
    guard !paths.isEmpty else { return true }
    let ended = paths.filter { $0.steps.count == 1 }
    if !ended.isEmpty {
      for path in ended { found |= 1 << UInt64(path.index & 63) }
      hidden.append((value.start - first)..<(end - first))
      return true
    }
    return find(
      paths.map { Rest(steps: $0.steps.dropFirst(), index: $0.index) }, in: value, from: first, &hidden,
      &found)
  }
}
