// SPDX-License-Identifier: Apache-2.0
import Foundation
import TestSupport
import Testing

@testable import KwatchCore

@Suite struct KnownObjectsTests {
  private func object(
    _ name: String, _ version: String, uid: String? = nil, namespace: String = "ns"
  ) -> ([UInt8], ObjectHeader)? {
    let uid = uid.map { #""uid":"\#($0)","# } ?? ""
    let bytes = Array(
      #"{"metadata":{"name":"\#(name)","namespace":"\#(namespace)",\#(uid)"resourceVersion":"\#(version)"}}"#
        .utf8)
    return (try? ObjectHeader(bytes.span, namespaced: true)).map { (bytes, $0) }
  }

  private static func uid(_ number: Int) -> String {
    let digits = String(number, radix: 16)
    return "00000000-0000-4000-8000-" + String(repeating: "0", count: 12 - digits.count) + digits
  }

  @Test func agreesWithADictionaryOverManyChanges() throws {
    var generator = SystemRandomNumberGenerator()
    var known = KnownObjects()
    var model: [String: String] = [:]
    for step in 0..<20_000 {
      let number = Int.random(in: 0..<500, using: &generator)
      let name = "object-\(number)"
      // Uids in Kubernetes' form, in other forms, and no uid.
      let uid = number.isMultiple(of: 3) ? nil : number.isMultiple(of: 5) ? "odd-\(number)" : Self.uid(number)
      let version = String(repeating: "1", count: Int.random(in: 1...6)) + "\(step % 7)"
      let (bytes, header) = try #require(object(name, version, uid: uid))
      if Int.random(in: 0..<3) == 0 {
        #expect(known.remove(bytes.span, header) == (model.removeValue(forKey: name) != nil))
      } else {
        let expected: KnownObjects.Outcome = model[name].map { $0 == version ? .same : .changed } ?? .new
        #expect(known.upsert(bytes.span, header) == expected)
        model[name] = version
      }
    }
    var seen: [String: String] = [:]
    known.forEach {
      seen[text($0.name)] = text($0.resourceVersion)
      #expect(text($0.namespace) == "ns")
    }
    #expect(seen == model)
    #expect(known.count == model.count)
  }

  @Test func printsAllAgainWhenVersionsAreForgotten() throws {
    var known = KnownObjects()
    let (bytes, header) = try #require(object("a", "17", uid: Self.uid(1)))
    #expect(known.upsert(bytes.span, header) == .new)
    known.forgetVersions()
    #expect(known.upsert(bytes.span, header) == .changed)
    #expect(known.upsert(bytes.span, header) == .same)
  }

  @Test func removesObjectsThatAListDoesNotHave() throws {
    var known = KnownObjects()
    for number in 0..<600 {
      let (bytes, header) = try #require(object("o\(number)", "1", uid: Self.uid(number)))
      _ = known.upsert(bytes.span, header)
    }
    for _ in 0..<600 {
      known.beginRound()
      for number in 0..<500 {
        let (bytes, header) = try #require(object("o\(number)", "1", uid: Self.uid(number)))
        _ = known.see(bytes.span, header)
      }
      if known.count == 600 {
        let gone = known.sweep()
        #expect(Set(gone.map { text($0.uid) }) == Set((500..<600).map { Self.uid($0) }))
      } else {
        #expect(known.sweep().isEmpty)
      }
    }
  }

  @Test func keepsUidsOfAnyForm() throws {
    for uid in [Self.uid(7), "fifteen-letters", "sixteen-letters!", String(repeating: "x", count: 300), ""] {
      var known = KnownObjects()
      let (bytes, header) = try #require(object("a", "17", uid: uid))
      #expect(known.upsert(bytes.span, header) == .new)
      known.beginRound()
      #expect(known.sweep().map { text($0.uid) } == [uid])
    }
  }

  private static func residentBytes() throws -> Int {
    let text = try String(contentsOfFile: "/proc/self/statm", encoding: .utf8)
    return (text.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0) * 4096
  }

  @Test func usesAtMost400BytesPerObject() async {
    guard !isUnderAddressSanitizer else {
      return notTested("the memory of a known object", because: "the address sanitizer allocates more")
    }
    // Runs in a separate process, so that other tests do not change its memory.
    await #expect(processExitsWith: .success) {
      var known = KnownObjects()
      let before = try Self.residentBytes()
      for number in 0..<100_000 {
        let digits = String(number, radix: 16)
        let uid = "00000000-0000-4000-8000-" + String(repeating: "0", count: 12 - digits.count) + digits
        let bytes = Array(
          #"{"metadata":{"name":"a-pod-of-some-deployment-\#(number)-x7k2p","namespace":"a-namespace","uid":"\#(uid)","resourceVersion":"123456789"}}"#
            .utf8)
        _ = known.upsert(bytes.span, try ObjectHeader(bytes.span, namespaced: true))
      }
      let taken = try Self.residentBytes() - before
      print("known objects: \(taken / known.count) bytes each")
      exit(taken / known.count <= 400 ? 0 : 1)
    }
  }

  @Test func noticesChangesWithoutResourceVersions() throws {
    var known = KnownObjects()
    for (json, outcome) in [("1", KnownObjects.Outcome.new), ("1", .same), ("2", .changed)] {
      let bytes = Array(#"{"metadata":{"name":"n"},"usage":\#(json)}"#.utf8)
      let header = try ObjectHeader(bytes.span, namespaced: false)
      #expect(known.upsert(bytes.span, header) == outcome)
    }
  }
}
