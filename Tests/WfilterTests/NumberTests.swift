// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

/// Numbers are printed and compared with all the digits of the input, wherever an expression moves them.
@Suite(.timeLimit(.minutes(10))) struct NumberTests {
  static let big = "12345678901234567890123"
  static let three = "12345678901234567890124,12345678901234567890124,12345678901234567890124"
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
    ("l.reverse()", "[2.50,12345678901234567890124,\(big)]"), ("[c, b]", "[12345678901234567890124,\(big)]"),
    ("l.sort()", "[2.50,\(big),12345678901234567890124]"), ("l.distinct()", "[\(big),2.50]"),
    ("l.transformMap(i, v, v)", #"{"0":\#(big),"1":12345678901234567890124,"2":2.50}"#),
    ("[m].map(x, x)", "[-0]"), ("[1].transformMap(i, v, m)", #"{"0":-0}"#), ("optional.of(m)", "-0"),
    ("[dyn(c), optional.ofNonZeroValue(c).value(), math.greatest(c, p)]", "[\(three)]"),
    ("[l.max(), l.min(), math.least([e, z])]", "[\(big),2.50,1.0]"), ("b + 1.0 == b", "true"),
    ("[-z, e * 1.0]", "[-1,100]"),
    ("arg.n", big), ("[arg.l.reverse(), arg.n == b]", "[[\(big),-0,1.50],true]"),
    ("arg.n > 5 ? arg.l[0] : 0", "1.50"),
    ("cel.bind(x, arg, x.l[1])", "-0"), ("type(arg.n) == double && arg.l.exists(x, x == 1.5)", "true"),
  ]) func keepTheirText(_ expression: String, _ expected: String) throws {
    let arguments = ["--argjson", "n=\(Self.big)", "--argjson", "l=[1.50, -0, \(Self.big)]"]
    #expect(
      try Stream.filter(arguments + ["--emit", expression, "true"], [Self.line]).output == expected + "\n")
  }

  @Test(arguments: ["[k]", #"{"k":k}"#, "true ? [k] : []", "k"]) func distinguishKeys(_ expression: String)
    throws
  {
    let lines = ["1", "2", "3"].map { #"{"k":1234567890123456789012\#($0)}"# }
    #expect(try Stream.filter(["--dedupe", expression, "true"], lines + lines).lines == lines)
    #expect(try Stream.filter(["--key", expression, "--throttle", "1h", "true"], lines).lines == lines)
  }
}
