// SPDX-License-Identifier: Apache-2.0

import Events
import Testing

@testable import WfilterCore

/// Random streams through tracking and holding back, folded as a reader does.
struct StatefulStageModelTests {
  /// An object at the source.
  private struct Object {
    var version: Int
    var matches: Bool
  }

  /// The state of a reader of the output: the version of each matching object.
  private struct Reader {
    var versions: [String: Int] = [:]
    var faults: [String] = []

    /// Reads `{"type":T,"object":{"key":K,"version":N}}`, or a bookmark, and returns the bookmark's number.
    mutating func read(_ line: String) -> Int? {
      let words = line.split(whereSeparator: { "{}:,\"".contains($0) }).map(String.init)
      guard words.count == 7, let version = Int(words[6]) else {
        faults.append("not understood: \(line)")
        return nil
      }
      let (type, key) = (words[1], words[4])
      switch (type, versions[key]) {
      case ("BOOKMARK", _): return version
      case ("ADDED", nil), ("MODIFIED", _?):
        if let before = versions[key], before >= version { faults.append("\(line) after \(before)") }
        versions[key] = version
      case ("DELETED", _?): versions[key] = nil
      default: faults.append("\(line) while the reader has \(versions[key].map(String.init) ?? "nothing")")
      }
      return nil
    }
  }

  static let options: [@Sendable (inout StateOptions) -> Void] = [
    { _ in }, { $0.throttle = .milliseconds(40) }, { $0.debounce = .milliseconds(30) },
    {
      $0.debounce = .milliseconds(30)
      $0.maximumWait = .milliseconds(50)
      $0.byteLimit = 400
    },
    {
      $0.throttle = .milliseconds(40)
      $0.byteLimit = 400
    },
  ]

  private func line(_ type: EventType, _ key: String, _ version: Int) -> String {
    #"{"type":"\#(type.rawValue)","object":{"key":"\#(key)","version":\#(version)}}"#
  }

  /// The reader never gets a change to an object that it does not have, and it ends with the matching
  /// objects. At a bookmark it has the version of each object at the time of the bookmark, or a later one.
  @Test(arguments: 0..<options.count, [1, 2, 3] as [UInt64])
  func foldsToTheMatchingObjects(_ number: Int, _ seed: UInt64) {
    var numbers = SeededNumbers(seed: seed)
    var stage = StageUnderTest {
      $0.tracks = true
      Self.options[number](&$0)
    }
    var reader = Reader()
    var truth: [String: Object] = [:]
    /// The matching objects at each bookmark, and the time of the newest change before it.
    var snapshots: [Int: (truth: [String: Object], time: Int)] = [:]
    var told = 0
    func read(_ lines: [String]) {
      for line in lines {
        guard let bookmark = reader.read(line), let snapshot = snapshots[bookmark] else { continue }
        told += 1
        for (key, object) in snapshot.truth where object.matches {
          // The object has been deleted or changed since, or is unchanged.
          #expect(truth[key]?.version != object.version || reader.versions[key] == object.version)
        }
        for (key, version) in reader.versions where snapshot.truth[key]?.matches != true {
          #expect(version > snapshot.time, "\(key) was out of the filter at the bookmark")
        }
      }
    }
    for time in 1...3000 {
      let key = "o\(Int.random(in: 0..<12, using: &numbers))"
      let before = truth[key]
      switch Int.random(in: 0..<12, using: &numbers) {
      case 0:
        snapshots[time] = (truth, time)
        read(stage.line(line(.bookmark, "b", time), key: nil, type: .bookmark, at: time))
      case 1 where before != nil:
        truth[key] = nil
        let matched = before?.matches == true
        read(stage.line(line(.deleted, key, time), key: key, matched: matched, type: .deleted, at: time))
      case 2...7:
        let matches = Bool.random(using: &numbers)
        truth[key] = Object(version: time, matches: matches)
        let type: EventType = before == nil ? .added : .modified
        read(stage.line(line(type, key, time), key: key, matched: matches, type: type, at: time))
      default: read(stage.tick(at: time))
      }
    }
    read(stage.end())
    // A DELETED with a body is allowed for an object that the reader does not have only because of the wait.
    #expect(reader.faults.filter { !$0.contains("DELETED") } == [])
    #expect(reader.versions == truth.filter(\.value.matches).mapValues(\.version))
    #expect(told == snapshots.count)
  }
}
