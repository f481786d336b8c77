// SPDX-License-Identifier: Apache-2.0

import Filter
import JSON

/// The lines that expressions are evaluated over. All have the same keys, so every expression has a value for
/// every line, and each is large in another way.
enum Lines: Int, CaseIterable {
  case small, longText, manyObjects, manyKeys, repeatedKeys, deep, numbers, tiny

  /// The keys of a line: a text, an escaped text, a text that is not ASCII, an object, a number, a list of
  /// objects, an object with many keys, two lists of scalars, a deep
  /// value, and those that macros and bindings declare.
  static let names = ["s", "e", "u", "x", "n", "o", "m", "k", "d", "q"] + ["i", "y", "z", "t", "l", "w"]

  /// The line, and the one before it of the same key.
  var texts: (line: String, old: String) {
    let members = members
    let line = Self.names.map { #""\#($0)":\#(members[$0] ?? "null")"# }
    // The same values in another order, and one of them changed.
    var old = Array(line.reversed())
    old[0] = #""n":8"#
    return ("{\(line.joined(separator: ","))}", "{\(old.joined(separator: ","))}")
  }

  private var members: [String: String] {
    var members = few
    switch self {
    case .small: break
    case .tiny:
      members["s"] = #""a""#
      members["e"] = #""\n""#
      members["o"] = #"[{"a":1}]"#
    case .longText:
      members["s"] = #""\#(String(repeating: "a=b&", count: 60_000))""#
      members["e"] = #""\#(String(repeating: #"\t\u00e9"#, count: 25_000))""#
      members["u"] = #""\#(String(repeating: "é漢a😀", count: 20_000))""#
    case .manyObjects:
      members["o"] = array((0..<2000).map { #"{"a":"\t\u00e9\#($0)","b":[\#($0),{"c":"x"}]}"# })
      members["d"] = array((0..<5000).map { _ in "[1]" })
      members["q"] = array((0..<2000).map { _ in "{}" })
    case .manyKeys:
      members["m"] = object((0..<2000).map { (#"k\u00e9\#($0)"#, "\($0)") })
      members["x"] = object((0..<500).map { ("k\($0)", #"{"a":\#($0),"b":"\#($0)"}"#) })
      members["d"] = object((0..<500).reversed().map { ("k\($0)", #"{"b":"\#($0)","a":\#($0)}"#) })
    case .repeatedKeys:
      members["m"] = object((0..<1500).map { _ in ("a", "1") })
      members["x"] = object((0..<1500).map { ("k\($0 / 2)", "\($0)") })
      members["o"] = array((0..<100).map { number in object((0..<20).map { _ in ("b", "\(number)") }) })
      members["d"] = object((0..<1500).map { ("k\($0 % 750)", "\($0)") })
    case .deep:
      members["d"] = String(repeating: #"{"a":["#, count: 200) + "1" + String(repeating: "]}", count: 200)
      members["x"] = String(repeating: #"{"a":"#, count: 400) + "1" + String(repeating: "}", count: 400)
      members["o"] = array(
        (0..<60).map { String(repeating: "[", count: 100 + $0) + String(repeating: "]", count: 100 + $0) })
    case .numbers:
      members["k"] = array((0..<4000).map { "\($0).\($0)e-3" })
      members["q"] = array((0..<500).map { "9223372036854775\(100 + $0)" })
      members["n"] = "1" + String(repeating: "0", count: 280) + "." + String(repeating: "7", count: 20_000)
      members["o"] = array((0..<300).map { "0." + String(repeating: "3", count: $0) })
    }
    return members
  }

  private var few: [String: String] {
    [
      "s": #""\#(String(repeating: "a=b&", count: 200))""#,
      "e": #""\#(String(repeating: #"\t\u00e9"#, count: 500))""#,
      "u": #""\#(String(repeating: "é漢", count: 100))""#,
      "x": #"{"a":[\#((0..<50).map(String.init).joined(separator: ","))],"b":"b","c":{"d":1.5}}"#,
      "n": "7",
      "o": array((0..<200).map { #"{"a":"\t\u00e9\#($0)","b":[\#($0),{"c":"x"}]}"# }),
      "m": object((0..<100).map { ("k\($0)", #""\#($0)""#) }),
      "k": array((0..<100).map { "\($0)" }),
      "d": #"{"a":{"b":{"c":[[[1]]]}}}"#,
      "q": array((0..<50).map { #""1.\#($0)""# }),
      "i": "3", "y": #"{"a":1}"#, "z": #""z""#, "t": #""é""#, "l": "[1,[2]]", "w": #"{"b":[]}"#,
    ]
  }

  private func array(_ elements: [String]) -> String { "[\(elements.joined(separator: ","))]" }

  private func object(_ members: [(String, String)]) -> String {
    "{\(members.map { #""\#($0)":\#($1)"# }.joined(separator: ","))}"
  }
}

/// A line in memory that can be read past its end.
struct PaddedLine: Sendable {
  private let bytes: [UInt8]

  init(_ text: String) { bytes = Array(text.utf8) + [UInt8](repeating: 0, count: JSONCursor.padding) }

  func withJSON<Result>(_ body: (RawJSON) -> Result) -> Result? {
    unsafe bytes.withUnsafeBufferPointer { buffer in
      guard let base = buffer.baseAddress else { return nil }
      return unsafe body(RawJSON(line: base, count: bytes.count - JSONCursor.padding))
    }
  }
}
