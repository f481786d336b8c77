// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

/// Numbers are printed and compared as they were written, to the last digit, wherever an expression takes them.
@Suite(.timeLimit(.minutes(10))) struct NumberTests {
  static let big = "12345678901234567890123"
  static let line =
    #"{"b":12345678901234567890123,"c":12345678901234567890124,"p":0.12345678901234567890,"z":1.0,"e":1e2,"m":-0,"#
    + #""o":{"b":12345678901234567890123},"l":[12345678901234567890123,12345678901234567890124,2.50]}"#

  @Test(arguments: [
    ("[b]", "[\(big)]"), (#"{"b":b}"#, #"{"b":\#(big)}"#), (#"{"p":p}"#, #"{"p":0.12345678901234567890}"#),
    (#"{"z":z,"e":e}"#, #"{"z":1.0,"e":1e2}"#), ("[o]", #"[{"b":\#(big)}]"#),
    ("[b,c]", "[\(big),12345678901234567890124]"),
    ("true ? b : c", big), ("z > 0.5 ? [c] : [b]", "[12345678901234567890124]"),
    ("l.filter(x, x > 3.0)[0]", big),
    ("[l[0],l[1],l[2]]", "[\(big),12345678901234567890124,2.50]"), ("self.?b", big),
    ("[z].map(x, x)", "[1.0]"),
    ("l.filter(x, x < 3.0)", "[2.50]"), (#"{"a":[{"b":[e]}]}"#, #"{"a":[{"b":[1e2]}]}"#),
    ("cel.bind(x, p, [x])", "[0.12345678901234567890]"),
    ("optional.of(z)", "1.0"), ("[z + 1.0]", "[2]"),
    ("l.filter(x, x > 3.0)", "[\(big),12345678901234567890124]"),
    ("[c].map(x, x)", "[12345678901234567890124]"),
  ]) func keepTheirText(_ expression: String, _ expected: String) throws {
    #expect(try Stream.filter(["--emit", expression, "true"], [Self.line]).output == expected + "\n")
  }

  @Test(arguments: ["[k]", #"{"k":k}"#, "true ? [k] : []", "k"]) func tellKeysApart(_ expression: String)
    throws
  {
    let lines = ["1", "2", "3"].map { #"{"k":1234567890123456789012\#($0)}"# }
    #expect(try Stream.filter(["--dedupe", expression, "true"], lines + lines).lines == lines)
    #expect(try Stream.filter(["--key", expression, "--throttle", "1h", "true"], lines).lines == lines)
  }
}
