// SPDX-License-Identifier: Apache-2.0

import Filter
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

  private typealias Steps = ArraySlice<RedactionPath.Step>
  private let absolute: [Steps]
  private let relative: [Steps]

  init(_ paths: [RedactionPath]) {
    absolute = paths.filter(\.isAbsolute).map { $0.steps[...] }
    relative = paths.filter { !$0.isAbsolute }.map { $0.steps[...] }
  }

  /// Hides what is to be hidden in a line with ``JSONCursor/padding`` readable bytes behind it.
  func redact(_ line: UnsafeRawBufferPointer) -> Outcome {
    guard let value = unsafe RawJSON(padded: line),
      let base = unsafe line.assumingMemoryBound(to: UInt8.self).baseAddress
    else { return .unchanged }
    var paths = absolute
    if EventHead(value) == nil {
      paths += relative
    } else {
      paths += relative.map { [.key(Array("object".utf8))] + $0 }
    }
    let first = unsafe JSONCursor(base)
    var hidden: [Range<Int>] = []
    guard Self.find(paths, in: value, from: first, &hidden) else { return .withheld }
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
    _ paths: [Steps], in value: RawJSON, from first: JSONCursor, _ hidden: inout [Range<Int>]
  ) -> Bool {
    switch value.kind {
    case .object: findInObject(paths, value, first, &hidden)
    case .array: findInArray(paths, value, first, &hidden)
    default: true
    }
  }

  private static func findInObject(
    _ paths: [Steps], _ object: RawJSON, _ first: JSONCursor, _ hidden: inout [Range<Int>]
  ) -> Bool {
    guard var members = RawJSON.Members(object) else { return false }
    while let (key, value) = members.next() {
      let further = paths.filter { path in
        switch path.first {
        case .all: true
        case .key(let name): key.isString(name)
        default: false
        }
      }
      guard follow(further, into: value, upTo: members.position, first, &hidden) else { return false }
    }
    return !members.isBroken
  }

  private static func findInArray(
    _ paths: [Steps], _ array: RawJSON, _ first: JSONCursor, _ hidden: inout [Range<Int>]
  ) -> Bool {
    guard var elements = RawJSON.Elements(array) else { return false }
    var index = 0
    while let element = elements.next() {
      let further = paths.filter { $0.first == .all || $0.first == .index(index) }
      guard follow(further, into: element, upTo: elements.position, first, &hidden) else { return false }
      index += 1
    }
    return elements.position < array.limit && elements.position.byte == UInt8(ascii: "]")
  }

  /// Goes on behind the step that led to `value`, which ends at `end`: it is hidden, or looked into.
  private static func follow(
    _ paths: [Steps], into value: RawJSON, upTo end: JSONCursor, _ first: JSONCursor,
    _ hidden: inout [Range<Int>]
  ) -> Bool {
    guard !paths.isEmpty else { return true }
    if paths.contains(where: { $0.count == 1 }) {
      hidden.append((value.start - first)..<(end - first))
      return true
    }
    return find(paths.map { $0.dropFirst() }, in: value, from: first, &hidden)
  }
}
