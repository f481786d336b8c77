// SPDX-License-Identifier: Apache-2.0
import Events
import JSON

/// Reads the events of a resource's watches, and the items of its lists: type, identity, and whether they can be used.
struct EventReader {
  /// A line of a watch.
  enum Line {
    case event(WatchLine, ObjectHeader)
    /// With the range of its Status.
    case error(Range<Int>)
    /// An event of a type that no version of the API has.
    case unknown
    /// An object of this kind, which is not the resource's.
    case foreign(String)
    case broken
  }

  private let isNamespaced: Bool
  /// The kind of the resource's objects; empty: any.
  private let kind: String
  private let isTable: Bool
  /// Whether the items of the current list have their own kind and apiVersion.
  private var template: (hasKind: Bool, hasAPIVersion: Bool)?

  init(_ resource: APIResource, isTable: Bool) {
    isNamespaced = resource.isNamespaced
    kind = isTable ? "" : resource.objectKind
    self.isTable = isTable
  }

  func line(_ line: Span<UInt8>) -> Line {
    do throws(JSONError) {
      guard let parsed = try WatchLine(line) else { return .unknown }
      if parsed.type == .error { return .error(try parsed.object(in: line)) }
      let header = try header(line, parsed)
      // Objects are identified by name: two without a name would look like changes of one object.
      guard parsed.type == .bookmark || !header.name.isEmpty else { return .broken }
      guard kind.isEmpty || header.kind.isEmpty || isOwnKind(line.extracting(header.kind)) else {
        return .foreign(line.unescaped(header.kind))
      }
      return .event(parsed, header)
    } catch { return .broken }
  }

  /// The objects of another resource must not be printed as this one's: Secrets, for example, would be shown.
  private func isOwnKind(_ found: Span<UInt8>) -> Bool {
    guard found.count == kind.utf8.count else { return false }
    var index = 0
    for byte in kind.utf8 {
      if byte != found[index] { return false }
      index += 1
    }
    return true
  }

  /// The identity of an event's object. A Table has the identity of its only row.
  private func header(_ line: Span<UInt8>, _ parsed: WatchLine) throws(JSONError) -> ObjectHeader {
    if isTable, parsed.type != .bookmark, let row = try Self.firstRow(line, at: parsed.objectStart) {
      return try ObjectHeader(line, at: row, namespaced: isNamespaced, row: true)
    }
    return try ObjectHeader(
      line, at: parsed.objectStart, namespaced: isNamespaced, walkingAll: parsed.type == .bookmark)
  }

  private static func firstRow(_ line: Span<UInt8>, at start: Int) throws(JSONError) -> Int? {
    var walker = JSONWalker(at: start)
    try walker.enterObject(line)
    while let key = try walker.nextKey(line) {
      guard line.reads(key, as: "rows"), try walker.peek(line) == UInt8(ascii: "[") else {
        try walker.skipValue(line)
        continue
      }
      try walker.enterArray(line)
      return try walker.nextElement(line) ? walker.position : nil
    }
    return nil
  }

  mutating func beginList() { template = nil }

  /// The identity of a list's item. Throws if the item is not an object with a name.
  mutating func item(_ item: Span<UInt8>) throws(JSONError) -> ObjectHeader {
    var header = try ObjectHeader(
      item, namespaced: isNamespaced, row: isTable, walkingAll: template == nil && !isTable)
    guard !header.name.isEmpty else { throw .unexpected(at: 0) }
    // The items of one list are alike: the first, read to its end, shows for all whether these are missing.
    let template = template ?? (header.hasKind, header.hasAPIVersion)
    self.template = template
    header.hasKind = header.hasKind || template.hasKind
    header.hasAPIVersion = header.hasAPIVersion || template.hasAPIVersion
    return header
  }
}
