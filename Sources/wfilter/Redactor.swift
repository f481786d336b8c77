// SPDX-License-Identifier: Apache-2.0

import JSON

/// `--redact`: replaces the values at paths by `"[redacted]"`.
///
/// A path is keys with dots between them; `*` is every key, or every element of an array. A repeated key is replaced each
/// time, however it is written.
struct Redactor {
  /// What stands in the place of a value.
  static let replacement = Array(#""[redacted]""#.utf8)

  private let paths: [[[UInt8]]]

  /// Nil, with the path, when one of them has an empty part.
  static func make(_ texts: [String]) -> Result<Redactor, UsageError> {
    var paths: [[[UInt8]]] = []
    for text in texts {
      let keys = text.split(separator: ".", omittingEmptySubsequences: false).map { Array($0.utf8) }
      guard keys.allSatisfy({ !$0.isEmpty }) else {
        return .failure(UsageError(description: "--redact \(text): no path: write keys with dots, * for all"))
      }
      // Names mean what they mean in expressions: `object`, `source` and `self` start at the line.
      paths.append(keys.first == Array("self".utf8) ? Array(keys.dropFirst()) : keys)
    }
    return .success(Redactor(paths: paths))
  }

  private init(paths: [[[UInt8]]]) { self.paths = paths }

  /// Appends the line with what is at the paths replaced; `isEvent`: other names than `object`, `type` and `source` are
  /// keys of the object.
  func append(_ line: RawJSON, isEvent: Bool, to bytes: inout [UInt8]) {
    var ranges: [Range<JSONCursor>] = []
    for path in paths {
      let isAbsolute = !isEvent || path.first.map(Self.roots.contains) ?? true
      find(line, (isAbsolute ? [] : [Self.object])[...] + path[...], &ranges)
    }
    ranges.sort { $0.lowerBound < $1.lowerBound }
    var position = line.start
    for range in ranges where position <= range.lowerBound {
      copy(position..<range.lowerBound, &bytes)
      bytes += Self.replacement
      position = range.upperBound
    }
    copy(position..<line.limit, &bytes)
  }

  private static let object = Array("object".utf8)
  private static let roots: [[UInt8]] = ["object", "type", "source"].map { Array($0.utf8) }
  private static let any = Array("*".utf8)

  private func copy(_ range: Range<JSONCursor>, _ bytes: inout [UInt8]) {
    unsafe bytes.append(
      contentsOf: UnsafeBufferPointer(
        start: range.lowerBound.address, count: range.upperBound - range.lowerBound))
  }

  private func find(_ value: RawJSON, _ path: ArraySlice<[UInt8]>, _ ranges: inout [Range<JSONCursor>]) {
    guard let key = path.first else {
      if let end = value.end { ranges.append(value.start..<end) }
      return
    }
    if var members = RawJSON.Members(value) {
      while let (name, member) = members.next() {
        if key == Self.any || name.isString(key) { find(member, path.dropFirst(), &ranges) }
      }
    } else if key == Self.any, let elements = RawJSON.Elements(value) {
      for element in elements { find(element, path.dropFirst(), &ranges) }
    }
  }
}
