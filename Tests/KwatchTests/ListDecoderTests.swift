// SPDX-License-Identifier: Apache-2.0
import Foundation
import JSON
import Testing

@testable import KwatchCore

@Suite struct ListDecoderTests {
  private func items(_ chunks: [[UInt8]]) throws -> (items: [[UInt8]], meta: ListMeta, isComplete: Bool) {
    var decoder = ListDecoder()
    var items: [[UInt8]] = []
    for chunk in chunks {
      try decoder.feed(chunk.span) { item in
        items.append(item.bytes(0..<item.count))
        return true
      }
    }
    return (items, decoder.meta, decoder.isComplete)
  }

  @Test func slicesEveryRecordedListAtEverySplit() throws {
    let names = try Wire.answers("list").filter { !$0.contains("watch") }
    #expect(names.count > 20)
    for name in names {
      let body = try Wire.body(name)
      let whole = try #require(try JSONSerialization.jsonObject(with: Data(body)) as? [String: Any])
      let expected = (whole["items"] ?? whole["rows"]) as? [Any] ?? []
      let metadata = whole["metadata"] as? [String: Any]
      let first = try items([body])
      #expect(first.items.count == expected.count, "\(name)")
      for (item, value) in zip(first.items, expected) {
        #expect(try JSONSerialization.jsonObject(with: Data(item)) as? NSObject == value as? NSObject)
      }
      #expect(first.meta.resourceVersion == metadata?["resourceVersion"] as? String ?? "")
      #expect(first.meta.continuation == metadata?["continue"] as? String ?? "")
      #expect(first.isComplete)
      guard body.count < 2500 || name.hasSuffix("list-table") else { continue }
      try atEverySplit(body) { chunks in
        let split = try items(chunks)
        guard split.items == first.items, split.meta == first.meta, split.isComplete else {
          Issue.record("\(name) at \(chunks.first?.count ?? 0)")
          return
        }
      }
    }
  }

  @Test func readsMembersAfterTheItems() throws {
    // Custom resources have their keys in alphabetical order, so kind and metadata follow the items.
    let list =
      #"{"apiVersion":"e/v1","items":[{"a":"]}\\"},{"b":[{}]}],"kind":"WList","metadata":{"resourceVersion":"7","continue":"c"}}"#
    try atEverySplit(Array(list.utf8)) { chunks in
      let result = try items(chunks)
      #expect(result.items.map(text) == [#"{"a":"]}\\"}"#, #"{"b":[{}]}"#])
      #expect(result.meta.kind == "WList")
      #expect(result.meta.resourceVersion == "7")
      #expect(result.meta.continuation == "c")
    }
  }

  @Test func treatsNullItemsAsNone() throws {
    let result = try items([Array(#"{"kind":"L","items":null,"metadata":{}}"#.utf8)])
    #expect(result.items.isEmpty)
    #expect(result.isComplete)
  }

  @Test func detectsATruncatedList() throws {
    let body = try Wire.body("v1.36/list")
    for cut in stride(from: 1, to: body.count - 1, by: 7) {
      #expect(try !items([Array(body[..<cut])]).isComplete)
    }
  }

  @Test(arguments: ["<html>", "[1]", "{\"items\":[1]}", "{\"items\":[{}{}]}", "{]", "404 page not found"])
  func refusesValuesThatAreNotLists(_ body: String) {
    #expect(throws: ListDecoder.FormatError.self) { try items([Array(body.utf8)]) }
  }
}
