// SPDX-License-Identifier: Apache-2.0

import Events
import Testing

@testable import WfilterCore

/// Random lines that are generated twice: once with the values at the path, and once with `"***"` in their
/// place.
struct RedactorModelTests {
  private struct Writer {
    var numbers: SeededNumbers
    var plain = ""
    var hidden = ""

    mutating func chance(_ of: Int) -> Bool { Int.random(in: 0..<of, using: &numbers) == 0 }

    mutating func write(_ text: String) {
      plain += text
      hidden += text
    }

    mutating func space() { if chance(6) { write([" ", "\t", "  "].randomElement(using: &numbers) ?? "") } }

    /// A key, sometimes with an unnecessary escape.
    mutating func key(_ name: String) {
      let escaped =
        chance(4) ? "\\u\(String(format4(name.unicodeScalars.first?.value ?? 0)))\(name.dropFirst())" : name
      write("\"\(escaped)\"")
    }

    private func format4(_ number: UInt32) -> String {
      let digits = String(number, radix: 16)
      return String(repeating: "0", count: 4 - digits.count) + digits
    }

    /// A random value. It is hidden if `path` is empty. If `path` is nil, nothing in it is hidden.
    mutating func value(_ path: ArraySlice<String>?, depth: Int = 0) {
      if let path, path.isEmpty {
        let before = hidden
        value(nil, depth: depth)
        hidden = before + "\"***\""
        return
      }
      switch Int.random(in: 0..<(depth < 4 ? 8 : 4), using: &numbers) {
      case 0:
        write(["1", "-0.5e3", "true", "null", "12345678901234567890"].randomElement(using: &numbers) ?? "")
      case 1...3:
        write(["\"\"", #""S\"},{""#, #""\\""#, #""é\u00e9:[""#].randomElement(using: &numbers) ?? "")
      case 4, 5: members(path, depth)
      default: elements(path, depth)
      }
    }

    private mutating func members(_ path: ArraySlice<String>?, _ depth: Int) {
      write("{")
      for index in 0..<Int.random(in: 0..<5, using: &numbers) {
        if index > 0 { write(",") }
        space()
        let name = ["data", "a", "b", "data2"].randomElement(using: &numbers) ?? ""
        key(name)
        space()
        write(":")
        space()
        let isOnPath = path?.first == "*" || path?.first == name
        value(isOnPath ? path?.dropFirst() : nil, depth: depth + 1)
        space()
      }
      write("}")
    }

    private mutating func elements(_ path: ArraySlice<String>?, _ depth: Int) {
      write("[")
      for index in 0..<Int.random(in: 0..<4, using: &numbers) {
        if index > 0 { write(",") }
        space()
        value(path?.first == "*" ? path?.dropFirst() : nil, depth: depth + 1)
        space()
      }
      write("]")
    }
  }

  @Test(arguments: [["data"], ["data", "*"], ["*", "a"], ["a", "*", "b"], ["data", "data", "*", "*"]])
  func hidesExactlyTheValueAtThePath(_ path: [String]) throws {
    let redactor = LineEditor(hidden: [try PathPattern(path.joined(separator: "."))])
    var changed = 0
    var numbers = SeededNumbers(seed: UInt64(path.count))
    for _ in 0..<4000 {
      var writer = Writer(numbers: SeededNumbers(seed: numbers.next()))
      writer.value(path[...])
      let expected: LineEditor.Outcome =
        writer.plain == writer.hidden ? .unchanged : .changed(Line(writer.hidden))
      let outcome = unsafe Line(writer.plain).withUnsafeBytes { unsafe redactor.redact($0) }
      #expect(outcome == expected, "\(writer.plain)")
      if case .changed = outcome { changed += 1 }
    }
    #expect(changed >= 10)
  }
}
