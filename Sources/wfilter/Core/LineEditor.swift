// SPDX-License-Identifier: Apache-2.0

import Events
import JSON

/// `--redact` and `--drop`: replaces values by `"***"`, or removes them with their keys; every other byte of
/// the line is kept.
///
/// If a key is repeated, all its values are edited, whichever of them a reader would use. Escapes in keys are
/// decoded.
struct LineEditor: Sendable {
  enum Outcome: Equatable {
    /// Nothing to change in this line.
    case unchanged
    case changed(Line)
    /// The line is malformed where values are edited, so it cannot be printed.
    case withheld
  }

  /// The remaining steps of a path, and its index among the paths.
  private struct Rest {
    var steps: ArraySlice<PathPattern.Step>
    var index: Int
    var drops: Bool
  }

  /// Bytes to remove, and whether a placeholder replaces them.
  private struct Edit {
    var range: Range<Int>
    var hides: Bool
  }

  /// A member or an element, with its key.
  private struct Item {
    var start: JSONCursor
    var end: JSONCursor
    var isDropped: Bool
  }

  private let inEvents: [Rest]
  private let inPlainLines: [Rest]

  /// Paths are numbered through `hidden`, then `dropped`.
  init(hidden: [PathPattern], dropped: [PathPattern] = []) {
    let object = PathPattern.Step.key(Array("object".utf8))
    let paths = hidden.map { ($0, false) } + dropped.map { ($0, true) }
    inPlainLines = paths.enumerated().map { Rest(steps: $1.0.steps[...], index: $0, drops: $1.1) }
    inEvents = paths.enumerated().map {
      Rest(steps: $1.0.isAbsolute ? $1.0.steps[...] : [object] + $1.0.steps, index: $0, drops: $1.1)
    }
  }

  /// Edits a line with ``JSONCursor/padding`` readable bytes after it. `found` gets the bit of each path that
  /// has a value.
  func edit(_ line: UnsafeRawBufferPointer, found: inout UInt64) -> Outcome {
    guard let value = unsafe RawJSON(padded: line),
      let base = unsafe line.assumingMemoryBound(to: UInt8.self).baseAddress
    else { return .unchanged }
    var walk = unsafe Walk(first: JSONCursor(base))
    guard walk.find(EventHead(value) == nil ? inPlainLines : inEvents, in: value) else { return .withheld }
    found |= walk.found
    guard !walk.edits.isEmpty else { return .unchanged }
    return .changed(
      Line(capacity: line.count + 5 * walk.edits.count) { bytes in
        var start = 0
        for edit in walk.edits {
          unsafe bytes.append(contentsOf: line[start..<edit.range.lowerBound])
          if edit.hides { bytes.append(contentsOf: #""***""#.utf8) }
          start = edit.range.upperBound
        }
        unsafe bytes.append(contentsOf: line[start...])
      })
  }

  /// Collects the edits of a line, in order.
  private struct Walk {
    let first: JSONCursor
    var edits: [Edit] = []
    var found: UInt64 = 0

    init(first: JSONCursor) { self.first = first }

    /// False if the structure is malformed.
    mutating func find(_ paths: [Rest], in value: RawJSON) -> Bool {
      switch value.kind {
      case .object: findInObject(paths, value)
      case .array: findInArray(paths, value)
      default: true
      }
    }

    private mutating func findInObject(_ paths: [Rest], _ object: RawJSON) -> Bool {
      guard var members = RawJSON.Members(object) else { return false }
      var items: [Item] = []
      // What surrounds a dropped member goes with it.
      let drops = paths.contains(where: \.drops)
      while let (key, value) = members.next() {
        let further = paths.filter { path in
          switch path.steps.first {
          case .all: true
          case .key(let name): members.isKey(name)
          default: false
          }
        }
        if further.isEmpty, !drops { continue }
        guard follow(further, key.start, value, upTo: members.position, &items) else { return false }
      }
      drop(items)
      return !members.isBroken
    }

    private mutating func findInArray(_ paths: [Rest], _ array: RawJSON) -> Bool {
      guard var elements = RawJSON.Elements(array) else { return false }
      var items: [Item] = []
      var index = 0
      while let element = elements.next() {
        let further = paths.filter { $0.steps.first == .all || $0.steps.first == .index(index) }
        guard follow(further, element.start, element, upTo: elements.position, &items) else { return false }
        index += 1
      }
      drop(items)
      return elements.position < array.limit && elements.position.byte == UInt8(ascii: "]")
    }

    /// Continues after the step to `value`, which ends at `end`: the value is dropped, hidden, or entered.
    private mutating func follow(
      _ paths: [Rest], _ start: JSONCursor, _ value: RawJSON, upTo end: JSONCursor, _ items: inout [Item]
    ) -> Bool {
      let ended = paths.filter { $0.steps.count == 1 }
      for path in ended { found |= 1 << UInt64(path.index & 63) }
      let isDropped = ended.contains(where: \.drops)
      items.append(Item(start: start, end: end, isDropped: isDropped))
      if isDropped || paths.isEmpty { return true }
      if !ended.isEmpty {
        edits.append(Edit(range: (value.start - first)..<(end - first), hides: true))
        return true
      }
      let further = paths.map { Rest(steps: $0.steps.dropFirst(), index: $0.index, drops: $0.drops) }
      return find(further, in: value)
    }

    /// Removes members or elements of one container, each with a comma.
    private mutating func drop(_ items: [Item]) {
      guard items.contains(where: \.isDropped) else { return }
      var index = 0
      while index < items.count {
        guard items[index].isDropped else {
          index += 1
          continue
        }
        var end = index
        while end < items.count, items[end].isDropped { end += 1 }
        // Removes up to the next item; for the last items, from the end of the item before, with its comma.
        let start = end == items.count && index > 0 ? items[index - 1].end : items[index].start
        let stop = end < items.count ? items[end].start : items[end - 1].end
        insert(Edit(range: (start - first)..<(stop - first), hides: false))
        index = end
      }
    }

    /// Edits inside the members that stay were found before.
    private mutating func insert(_ edit: Edit) {
      let place = edits.firstIndex { $0.range.lowerBound > edit.range.lowerBound } ?? edits.count
      edits.insert(edit, at: place)
    }
  }
}
