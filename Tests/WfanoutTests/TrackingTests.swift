// SPDX-License-Identifier: Apache-2.0
import Foundation
import Metrics
import TestSupport
import Testing

@testable import WfanoutCore

/// An object that stops matching a listener's filter is sent as DELETED, and an object that starts matching
/// as ADDED. EndToEnd/TrackTests compares this with the real API server.
@Suite(.timeLimit(.minutes(1))) struct TrackingTests {
  private static func pod(_ name: String, _ type: String, app: String, version: Int) -> String {
    WfanoutTests.pod(name, type: type, version: version)
      .replacingOccurrences(of: #""uid":"#, with: #""labels":{"app":"\#(app)"},"uid":"#)
  }

  private static func told(_ lines: [String]) -> [String] {
    lines.filter { $0.contains(#""kind":"Pod""#) }.map { line in
      let type = line.dropFirst(9).prefix { $0 != "\"" }
      let name = line.components(separatedBy: #""name":""#)[1].prefix { $0 != "\"" }
      return "\(type) \(name)"
    }
  }

  private static let changes = [
    pod("a", "ADDED", app: "x", version: 1), pod("b", "ADDED", app: "y", version: 2),
    pod("a", "MODIFIED", app: "x", version: 3), pod("a", "MODIFIED", app: "y", version: 4),
    pod("b", "MODIFIED", app: "x", version: 5), pod("a", "DELETED", app: "y", version: 6),
    #"{"type":"DELETED","object":{"kind":"Pod","apiVersion":"v1","metadata":{"name":"b","namespace":"default","uid":"uid-b","resourceVersion":"7"}}}"#,
    pod("c", "ADDED", app: "x", version: 8),
  ]
  private static let expected = ["ADDED a", "MODIFIED a", "DELETED a", "ADDED b", "DELETED b", "ADDED c"]

  @Test(arguments: [["--snapshot"], []]) func aWatchWithASelectorEqualsTheAPIServers(arguments: [String])
    throws
  {
    let fanout = try Fanout(arguments)
    let path = "/api/v1/pods?watch=1&labelSelector=app%3Dx"
    let watch = try fanout.listening(path)
    fanout.feed(Self.changes)
    #expect(Self.told(try watch.waitForLines(6)) == Self.expected)
    #expect(watch.lines[2] == Self.changes[3].replacingOccurrences(of: "MODIFIED", with: "DELETED"))
    // A client that resumes at any position gets the same events after it.
    let resumed = try fanout.listening(path + "&resourceVersion=3")
    #expect(try resumed.waitForLines(4) == Array(watch.lines[2...]))
  }

  @Test func aListenersSnapshotStaysCorrect() throws {
    let fanout = try Fanout(["--snapshot"])
    fanout.feed(Self.changes[0])
    let lines = ["-H", "Accept: application/x-ndjson"]
    try eventually("the first is kept") {
      try fanout.curl("/api/v1/pods").output.contains(#""name":"a""#)
    }
    let tracked = try fanout.listening("/events?snapshot=1&labelSelector=app%3Dx", lines)
    let plain = try fanout.listening("/events?labelSelector=app%3Dx", lines)
    fanout.feed(Array(Self.changes[1...]))
    try tracked.wait(for: "the last", .seconds(10)) { $0.soFar.output.contains(#""name":"c""#) }
    #expect(Self.told(tracked.lines) == Self.expected)
    try plain.wait(for: "the last", .seconds(10)) { $0.soFar.output.contains(#""name":"c""#) }
    #expect(Self.told(plain.lines) == ["MODIFIED a", "MODIFIED b", "ADDED c"])
  }

  private static func matcher(_ store: SnapshotStore) throws -> any LineMatcher {
    var request = FilterRequest()
    request.labelSelector = "app=x"
    return try FilterCompiler(costLimit: 100_000).compile(request).tracking(store)
  }

  /// The events that a matcher selects from random changes, requested in any order, fold to the matching
  /// objects.
  @Test(arguments: [1, 2, 3]) func foldsToTheObjectsThatPass(seed: UInt64) throws {
    var generator = RandomInputTests.Generator(state: seed)
    let store = SnapshotStore(epoch: 1, keyLimit: 1000, isFromStart: true)
    let matcher = try Self.matcher(store)
    var truth: [Int: String] = [:]
    var batches: [Batch] = []
    var position = 0
    for version in 1...300 {
      var batch = Batch(firstPosition: position)
      for _ in 0..<5 {
        let number = Int.random(in: 0..<12, using: &generator)
        let isDeletion = truth[number] != nil && Int.random(in: 0..<4, using: &generator) == 0
        let app = ["x", "y"].randomElement(using: &generator) ?? "x"
        let type = isDeletion ? "DELETED" : truth[number] == nil ? "ADDED" : "MODIFIED"
        batch.append(
          Array(
            Self.pod(
              "p\(number)", type, app: truth[number].map { isDeletion ? $0 : app } ?? app, version: version
            ).utf8))
        truth[number] = isDeletion ? nil : app
      }
      batch.seal(epoch: 1)
      batch.previous = store.apply(batch)
      position = batch.endPosition
      batches.append(batch)
    }
    let deliveries = batches.shuffled(using: &generator).map { batch in
      (batch.firstPosition, (0..<batch.count).map { matcher.delivery(of: batch, $0) })
    }
    var folded: Set<String> = []
    for ((_, deliveries), batch) in zip(deliveries.sorted { $0.0 < $1.0 }, batches) {
      for (index, delivery) in deliveries.enumerated() where delivery != .nothing {
        let told =
          if case .retyped(let type) = delivery { batch.retyped(index, as: type) } else { batch }
        let at = told.count == 1 ? 0 : index
        let name = SnapshotKey(told, at)?.name ?? []
        let text = String(decoding: name, as: UTF8.self)
        switch told.kinds[at] {
        case .added: #expect(folded.insert(text).inserted)
        case .modified: #expect(folded.contains(text))
        default: #expect(folded.remove(text) != nil)
        }
        #expect(told.ids[at] == batch.ids[index])
      }
    }
    #expect(folded == Set(truth.filter { $0.value == "x" }.keys.map { "default/p\($0)" }))
  }

  @Test func linesWithoutAPreviousStateAreSentUnchanged() throws {
    let store = SnapshotStore(epoch: 1, keyLimit: 1, isFromStart: true)
    let matcher = try Self.matcher(store)
    var batch = Batch(firstPosition: 0)
    for (name, type) in [("a", "ADDED"), ("b", "ADDED"), ("b", "MODIFIED"), ("a", "MODIFIED")] {
      batch.append(Array(Self.pod(name, type, app: name == "a" ? "y" : "x", version: 1).utf8))
    }
    batch.seal(epoch: 1)
    batch.previous = store.apply(batch)
    #expect(store.refused == 2)
    let deliveries = (0..<4).map { matcher.delivery(of: batch, $0) }
    #expect(deliveries == [.nothing, .line, .line, .nothing])
  }
}
