// SPDX-License-Identifier: Apache-2.0
import Events
import Foundation
import JSON
import Synchronization
import TestSupport
import Testing

@testable import KwatchCore

/// Servers whose responses do not match the request.
@Suite(.timeLimit(.minutes(15))) struct LyingServerTests: FakeServerSuite {
  let directory: TemporaryDirectory

  init() throws { directory = try TemporaryDirectory() }

  private static func list(_ kind: String, _ apiVersion: String, _ items: String, continuation: String = "")
    -> String
  {
    #"{"kind":"\#(kind)","apiVersion":"\#(apiVersion)","metadata":{"resourceVersion":"5","continue":"\#(continuation)"},"items":[\#(items)]}"#
  }

  private static let item =
    #"{"metadata":{"name":"a","namespace":"default","uid":"u-a","resourceVersion":"1"}}"#

  /// Items of a list have no kind, so a Secret would be printed as a ConfigMap.
  @Test(arguments: [("SecretList", "v1"), ("ConfigMapList", "apps/v1")])
  func refusesTheListOfAnotherResource(_ kind: String, _ apiVersion: String) throws {
    let (tool, _) = try start(["configmaps", "--list-only", "--max-retries", "0"]
    ) { _, reply in reply.whole(Self.list(kind, apiVersion, Self.item)) }
    let outcome = try tool.waitForEnd()
    #expect(outcome.status == 69, "\(outcome)")
    #expect(outcome.output.isEmpty)
    #expect(outcome.diagnostics.contains(kind == "SecretList" ? kind : apiVersion), "\(outcome)")
  }

  /// Objects are followed by their names. Several without one would be changes of each other.
  @Test(arguments: ["{}", #"{"metadata":{}}"#, #"{"metadata":{"name":""}}"#, #"{"metadata":null}"#])
  func refusesObjectsWithoutANameInAListOrAWatch(_ object: String) throws {
    let resource = APIResource(group: "", version: "v1", name: "configmaps", kind: "ConfigMap")
    var reader = EventReader(resource, isTable: false)
    let item = Array(object.utf8)
    #expect(throws: JSONError.self) { _ = try reader.item(item.span) }
    let line = Array(#"{"type":"ADDED","object":\#(object)}"#.utf8)
    if case .broken = reader.line(line.span) { return }
    Issue.record("an event of \(object) is taken")
  }

  @Test func refusesAWatchOfAnotherResource() throws {
    let (tool, _) = try start(["configmaps", "--max-retries", "1"]) {
      request, reply in
      guard request.path.contains("watch=true") else {
        return reply.whole(Self.list("ConfigMapList", "v1", Self.item))
      }
      guard !request.path.contains("sendInitialEvents") else { return reply.whole("{}", status: 422) }
      reply.head()
      reply.send(
        #"{"type":"ADDED","object":{"kind":"Secret","apiVersion":"v1","metadata":{"name":"s","namespace":"default","uid":"u","resourceVersion":"6"},"data":{"password":"aHVudGVyMg=="}}}"#
          + "\n")
      reply.hold()
    }
    try tool.waitForDiagnostics("kind Secret", .seconds(60))
    tool.send(SIGTERM)
    let outcome = try tool.waitForEnd()
    #expect(outcome.lines.count == 1 && !outcome.output.contains("aHVudGVyMg"), "\(outcome)")
  }

  /// White space shows that the server is alive, but a list of nothing else would never end.
  @Test func givesUpAListOfWhiteSpaceWithoutEnd() throws {
    let (tool, _) = try start(["configmaps"]) { request, reply in
      guard request.path.contains("watch=true") else {
        return reply.whole(Self.list("ConfigMapList", "v1", Self.item))
      }
      reply.head()
      guard request.path.contains("sendInitialEvents") else { return reply.hold() }
      while reply.raw(Array("1\r\n\n\r\n".utf8)) { usleep(20_000) }
    }
    #expect(try tool.waitForLines(1, .seconds(60)).count == 1)
  }

  /// 70 KB of gzip that expand to 70 MB.
  @Test func refusesADocumentThatExpandsWithoutEnd() throws {
    let server = try FakeAPIServer { _, reply in
      reply.head(200, ["Content-Type": "application/json", "Content-Encoding": "gzip"])
      reply.send(Self.gzip(70 << 20))
      reply.end()
    }
    let outcome = try Tool.run(
      "kwatch", ["configmaps", "--list-only"],
      environment: try server.kubeconfig(in: directory.url, host: "0.0.0.0"))
    #expect(outcome.status == 69, "\(outcome)")
    #expect(outcome.diagnostics.contains("64 MiB"), "\(outcome)")
  }

  /// The same in a list: as one string, which ends at the limit of an item, and as white space.
  @Test func refusesAnItemThatExpandsWithoutEnd() throws {
    let beginning = Array(#"{"kind":"ConfigMapList","items":[{"metadata":{"name":""#.utf8)
    let (tool, _) = try start(["configmaps", "--list-only", "--max-retries", "0"], host: "0.0.0.0") {
      _, reply in
      reply.head(200, ["Content-Type": "application/json", "Content-Encoding": "gzip"])
      reply.send(Self.gzip(70 << 20, after: beginning))
      reply.end()
    }
    let outcome = try tool.waitForEnd(.seconds(120))
    #expect(outcome.status == 69, "\(outcome)")
    #expect(outcome.diagnostics.contains("64 MiB"), "\(outcome)")
  }

  /// So many spaces after a text, compressed.
  private static func gzip(_ count: Int, after text: [UInt8] = []) -> [UInt8] {
    let process = Process()
    process.executableURL = URL(filePath: "/bin/gzip")
    let (input, output) = (Pipe(), Pipe())
    (process.standardInput, process.standardOutput) = (input, output)
    guard (try? process.run()) != nil else { return [] }
    Thread.detachNewThread {
      let bytes = Data(text) + Data(repeating: 0x20, count: count)
      try? input.fileHandleForWriting.write(contentsOf: bytes)
      try? input.fileHandleForWriting.close()
    }
    return Array((try? output.fileHandleForReading.readToEnd()) ?? Data())
  }

  @Test func acceptsAnyListKindOfACustomResource() {
    let widget = APIResource(group: "a.example", version: "v1", name: "widgets", kind: "Widget")
    #expect(widget.listKind.isEmpty)
    #expect(
      APIResource(group: "apps", version: "v1", name: "deployments", kind: "Deployment").listKind
        == "DeploymentList")
  }

  @Test(arguments: [["A", "B", "A"], ["A", "A"], ["A", "B", "C", "B"]])
  func detectsACycleOfPages(_ tokens: [String]) {
    let harness = MachineHarness()
    harness.start()
    harness.opened()
    for token in tokens {
      harness.send(.page(harness.current, ListMeta(resourceVersion: "5", continuation: token)))
    }
    #expect(harness.requests() == ["list"] + tokens.dropLast().map { "list +\($0)" })
    // The machine lists again after a delay.
    harness.wait()
    #expect(harness.requests() == ["list"])
  }

  @Test func givesUpAListOfEmptyPages() {
    let harness = MachineHarness()
    harness.start()
    harness.opened()
    for page in 0..<1000 {
      harness.send(.page(harness.current, ListMeta(resourceVersion: "5", continuation: "t\(page)")))
    }
    #expect(harness.requests().count == 1000)
    #expect(harness.warnings.last?.contains("without an object") == true, "\(harness.warnings)")
    harness.wait()
    #expect(harness.requests() == ["list"])
  }

  /// `"object":null` after a bookmark that is correct.
  @Test func asksRarelyIfEachWatchBreaksAfterItsFirstEvent() {
    let harness = MachineHarness()
    harness.start()
    harness.list(["a": "1"], at: "5")
    _ = harness.requests()
    var requests = 0
    while harness.now < .seconds(60) {
      let sent = harness.requests()
      requests += sent.count
      harness.opened()
      switch sent.last {
      case let last? where last.hasPrefix("watch"):
        harness.bookmark("5")
        harness.fail(.garbage)
      case let last? where last.hasPrefix("list"): harness.list(["a": "1"], at: "5")
      case nil: harness.wait()
      default: harness.send(.page(harness.current, ListMeta(resourceVersion: "5")))
      }
    }
    #expect(requests < 40, "\(requests)")
    #expect((1...5).contains(harness.warnings.count), "\(harness.warnings)")
  }

  /// A watch without a resourceVersion starts with all objects, so deleted objects would stay in the
  /// consumer's picture.
  @Test func listsAgainAfterAMarkerWithoutAVersion() {
    let harness = MachineHarness(ScopeSettings())
    harness.start()
    harness.opened()
    harness.event(.added, "a", "1")
    harness.event(.added, "b", "2")
    harness.bookmark("", ends: true)
    #expect(harness.news() == ["+a@1", "+b@2"])
    #expect(!harness.isConsistent)
    harness.now += .seconds(harness.lastTimeout)
    harness.ended()
    #expect(harness.requests() == ["stream", "stream"])
    harness.opened()
    harness.event(.added, "b", "2")
    harness.bookmark("9", ends: true)
    #expect(harness.news() == ["-a"])
  }
}
