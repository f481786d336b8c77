// SPDX-License-Identifier: Apache-2.0
import JSON
import Testing

@testable import KwatchCore

@Suite struct ObjectHeaderTests {
  private func fields(_ json: String, namespaced: Bool = true) throws -> [String] {
    let bytes = Array(json.utf8)
    let header = try ObjectHeader(bytes.span, namespaced: namespaced)
    return [header.namespace, header.name, header.uid, header.resourceVersion].map {
      text(bytes.span.bytes($0))
    }
  }

  @Test func findsTheIdentityWhereverItIs() throws {
    let expected = ["ns", "n", "u", "7"]
    #expect(
      try fields(#"{"kind":"K","metadata":{"name":"n","namespace":"ns","uid":"u","resourceVersion":"7"}}"#)
        == expected)
    #expect(
      try fields(
        #"{"spec":{"metadata":{"name":"x"}},"metadata":{"annotations":{"name":"y","a":"\"uid\":"},"labels":{"uid":"z"},"name":"n","namespace":"ns","resourceVersion":"7","uid":"u"}}"#
      ) == expected)
    // Of repeated keys the first counts. A key with escapes is the same key.
    #expect(
      try fields(
        #"{"metadata":{"n\u0061me":"n","name":"x","namespace":"ns","uid":"u","resourceVersion":"7"}}"#)
        == expected)
  }

  @Test func allowsMissingMembers() throws {
    #expect(try fields(#"{"metadata":{"name":"n"}}"#) == ["", "n", "", ""])
    #expect(try fields("{}") == ["", "", "", ""])
    #expect(try fields(#"{"metadata":null}"#) == ["", "", "", ""])
    #expect(try fields(#"{"metadata":{"name":null,"uid":5}}"#) == ["", "", "", ""])
  }

  @Test func findsTheEndOfInitialEvents() throws {
    let line =
      #"{"kind":"W","metadata":{"annotations":{"k8s.io/initial-events-end":"true"},"resourceVersion":"13445"}}"#
    let bytes = Array(line.utf8)
    #expect(try ObjectHeader(bytes.span, namespaced: true, walkingAll: true).endsInitialEvents)
  }

  @Test func neverTrapsOnACutObject() throws {
    let body = try Wire.body("v1.36/watch-rv")
    let line = Array(body.prefix { $0 != 0x0A })
    for cut in 0..<line.count {
      let bytes = Array(line[..<cut])
      _ = try? ObjectHeader(bytes.span, namespaced: true, walkingAll: true)
      _ = try? WatchLine(bytes.span)
      _ = try? JSONValue(parsing: bytes)
    }
  }

  @Test func refusesADeepObject() {
    let bytes = Array((String(repeating: "[", count: 20_000)).utf8)
    var walker = JSONWalker()
    #expect(throws: JSONError.tooDeep) { try walker.skipValue(bytes.span) }
    #expect(throws: JSONError.tooDeep) { try JSONValue(parsing: bytes) }
  }
}
