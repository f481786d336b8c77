// SPDX-License-Identifier: Apache-2.0

import JSON
import Testing

@testable import Events

/// Paths of flags: `--redact`, `--drop`, subjects of natswatch.
@Suite struct PathPatternTests {
  private func text(_ path: String, in line: String, isEvent: Bool) throws -> String? {
    let bytes = Array(line.utf8) + [UInt8](repeating: 0x20, count: JSONCursor.padding)
    let pattern = try PathPattern(path, allowsDashes: true)
    return unsafe bytes.withUnsafeBufferPointer { buffer -> String? in
      guard let base = buffer.baseAddress else { return nil }
      return pattern.text(in: unsafe RawJSON(line: base, count: line.utf8.count), isEvent: isEvent)
        .map { String(decoding: $0, as: UTF8.self) }
    }
  }

  static let event =
    #"{"type":"ADDED","object":{"a":{"b":["x",{"c":1.50}],"d-e":true,"f g":"h\ni","n":null},"type":"own"},"source":{"s":"t"}}"#

  @Test(
    arguments: [
      ("a.b[0]", "x"), ("a.b[1].c", "1.50"), ("a.d-e", "true"), (#"a["f g"]"#, "h\ni"), ("a['f g']", "h\ni"),
      ("type", "ADDED"),
      ("source.s", "t"), ("object.type", "own"), ("self.object.a.b[0]", "x"), ("self.type", "ADDED"),
      (#"["a"].b[0]"#, "x"),
      ("a.n", nil), ("a.b", nil), ("a", nil), ("a.b[7]", nil), ("a.b.c", nil), ("nothing.at.all", nil),
      ("a.*", nil),
    ] as [(String, String?)]) func findsAScalarsText(_ path: String, _ expected: String?) throws
  {
    #expect(try text(path, in: Self.event, isEvent: true) == expected)
  }

  @Test func startsAtAPlainLine() throws {
    #expect(try text("a.b", in: #"{"a":{"b":5},"object":{"a":{"b":6}}}"#, isEvent: false) == "5")
    #expect(try text("object.a.b", in: #"{"a":{"b":5},"object":{"a":{"b":6}}}"#, isEvent: false) == "6")
  }

  @Test(arguments: [
    ("", 1), ("a.", 3), (".a", 1), ("a..b", 3), ("a[", 3), ("a[x]", 3), ("a[1", 4), ("a['b]", 6), ("a b", 2),
    ("1a", 1), ("self", 5),
    ("a-b", 2), (#"a["b\x"]"#, 6), ("a[-1]", 3), ("é", 1),
  ]) func namesThePlaceOfAnInvalidPath(_ path: String, _ column: Int) {
    let error = #expect(throws: PathPattern.SyntaxError.self) { try PathPattern(path) }
    #expect(error?.column == column, "\(String(describing: error))")
    #expect(error?.description.contains("column \(column)") == true)
  }

  @Test func knowsPathsToMany() throws {
    #expect(
      try PathPattern("a.b[0]").isSingle && !PathPattern("a.*").isSingle && !PathPattern("a[*].b").isSingle)
    #expect(try PathPattern(#"a["x\"y\\z"]"#).steps == [.key(Array("a".utf8)), .key(Array(#"x"y\z"#.utf8))])
  }
}

@Suite struct EventTypeTests {
  /// These are the rules of the API server for a watch with a selector.
  @Test(
    arguments: [
      (EventType.added, false, true, EventType.added), (.added, true, true, .modified),
      (.modified, false, true, .added),
      (.modified, true, true, .modified), (.modified, true, false, .deleted), (.modified, false, false, nil),
      (.deleted, true, true, .deleted), (.deleted, true, false, .deleted), (.deleted, false, true, nil),
      (.bookmark, false, true, .bookmark), (.status, true, false, nil),
    ] as [(EventType, Bool, Bool, EventType?)])
  func isDeliveredAsAFilteredWatchDoes(_ type: EventType, _ before: Bool, _ now: Bool, _ expected: EventType?)
  {
    #expect(type.delivered(matchedBefore: before, matchesNow: now) == expected)
  }

  @Test func distinguishesControlLinesFromData() {
    #expect(EventType.allCases.filter(\.isControl) == [.bookmark, .error, .status])
    for left in EventType.allCases {
      for right in EventType.allCases { #expect((left == right) == (left.rawValue == right.rawValue)) }
    }
  }
}
