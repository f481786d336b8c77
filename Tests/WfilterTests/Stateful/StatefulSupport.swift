import Encoding
import Events
// SPDX-License-Identifier: Apache-2.0
import JSON

@testable import WfilterCore

/// The moment that is this number of milliseconds after a fixed one, on both clocks.
func at(_ milliseconds: Int) -> Moment {
  Moment(
    instant: origin + Interval(.milliseconds(milliseconds)),
    wall: Timestamp(nanoseconds: 1_800_000_000_000_000_000 + Int64(milliseconds) * 1_000_000))
}

private let origin = Instant.now

extension Throttle {
  /// Takes a line as the stage does: one that passes follows those that are released.
  mutating func line(_ line: HeldLine, now: Instant, into released: inout [HeldLine]) {
    let passes = unsafe line.line.withUnsafeBytes {
      self.passes(unsafe line.arriving($0), now: now, into: &released)
    }
    if passes { released.append(line) }
  }
}

extension Debouncer {
  mutating func line(_ line: HeldLine, now: Instant, into released: inout [HeldLine]) {
    let passes = unsafe line.line.withUnsafeBytes {
      self.passes(unsafe line.arriving($0), now: now, into: &released)
    }
    if passes { released.append(line) }
  }
}

extension HeldLine {
  fileprivate func arriving(_ bytes: UnsafeRawBufferPointer) -> ArrivingLine {
    unsafe ArrivingLine(key: key, bytes: bytes, matched: matched, type: type)
  }
}

extension KeyHash {
  init(_ text: String) { self.init(Array(text.utf8)) }
}

extension Line {
  init(_ text: String) { self.init(text.utf8) }
  var text: String { String(decoding: bytes, as: UTF8.self) }
}

/// A `SplitMix64`: the same numbers for the same seed on every machine.
struct SeededNumbers: RandomNumberGenerator {
  private var state: UInt64
  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
  }
}

/// A stage with lines of text as input and output.
struct StageUnderTest: ~Copyable {
  var stage: StatefulStage
  /// The stage's output other than lines.
  var notices: [StatefulStage.Output] = []

  init(_ change: (inout StateOptions) -> Void) {
    var options = StateOptions()
    change(&options)
    stage = StatefulStage(options)
  }

  mutating func line(
    _ text: String, key: String?, matched: Bool = true, value: String? = nil, type: EventType? = nil,
    at milliseconds: Int = 0
  ) -> [String] {
    var outputs: [StatefulStage.Output] = []
    let line = Line(text)
    let place = unsafe line.withUnsafeBytes {
      unsafe stage.line(
        $0, key: key.map { KeyHash($0) }, keyText: Array((key ?? "").utf8), matched: matched,
        value: value.map { KeyHash($0) }, type: type,
        now: at(milliseconds), into: &outputs)
    }
    return texts(outputs, given: text, after: place)
  }

  /// An event of an object named after its key.
  mutating func event(_ type: EventType, key: String, matched: Bool, at milliseconds: Int = 0) -> [String] {
    line(WfilterTests.event(type, key), key: key, matched: matched, type: type, at: milliseconds)
  }

  mutating func tick(at milliseconds: Int) -> [String] {
    var outputs: [StatefulStage.Output] = []
    stage.tick(now: at(milliseconds), into: &outputs)
    return texts(outputs)
  }

  mutating func end() -> [String] {
    var outputs: [StatefulStage.Output] = []
    stage.end(into: &outputs)
    return texts(outputs)
  }

  private mutating func texts(
    _ outputs: [StatefulStage.Output], given: String = "", after place: Int? = nil
  ) -> [String] {
    var texts: [String] = place == 0 ? [given] : []
    for (index, output) in outputs.enumerated() {
      switch output {
      case .data(let line), .control(let line): texts.append(line.text)
      case .status, .keysLimitReached: notices.append(output)
      }
      if place == index + 1 { texts.append(given) }
    }
    return texts
  }
}

extension LineEditor {
  func redact(_ line: UnsafeRawBufferPointer) -> Outcome {
    var found: UInt64 = 0
    return unsafe edit(line, found: &found)
  }
}

/// An event whose object has a body.
func event(_ type: EventType, _ name: String) -> String {
  #"{"type":"\#(type.rawValue)","object":{"metadata":{"name":"\#(name)"},"spec":{}}}"#
}
