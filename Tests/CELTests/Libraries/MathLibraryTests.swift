// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import CEL

/// The math, encoders, bindings and blocks extensions, in expressions.
struct MathLibraryTests {
  @Test(
    arguments: [
      "math.least(1) == 1", "math.least(1, 2u) == 1", "math.least(3, 2.5, 4u) == 2.5",
      "math.least([3, 1]) == 1",
      "math.greatest(-1.5, -2) == -1.5", "math.greatest(1, 1.0) == 1", "type(math.greatest(1, 1.0)) == int",
      "math.greatest(dyn([1, 2u])) == 2u",
      "math.greatest(9223372036854775807, 9223372036854775808u) == 9223372036854775808u",
      "math.ceil(-1.5) == -1.0", "math.floor(-1.5) == -2.0", "math.round(-1.5) == -2.0",
      "math.round(2.5) == 3.0",
      "math.trunc(-1.9) == -1.0", "math.abs(-1) == 1", "math.abs(-1.5) == 1.5", "math.abs(1u) == 1u",
      "math.sign(-42) == -1", "math.sign(0u) == 0u", "math.sign(-0.0) == 0.0",
      "math.isNaN(math.sign(0.0/0.0))",
      "math.isInf(-1.0/0.0)", "!math.isInf(0.0/0.0)", "math.isFinite(1.0)", "!math.isFinite(0.0/0.0)",
      "math.isNaN(0.0/0.0)",
      "math.sqrt(81) == 9.0", "math.sqrt(2.25) == 1.5", "math.sqrt(4u) == 2.0", "math.isNaN(math.sqrt(-1))",
      "math.bitAnd(-3, -5) == -7", "math.bitOr(1u, 2u) == 3u", "math.bitXor(3u, 5u) == 6u",
      "math.bitNot(0u) == 18446744073709551615u",
      "math.bitShiftLeft(1, 63) == -9223372036854775808", "math.bitShiftLeft(1u, 64) == 0u",
      "math.bitShiftLeft(1, 9223372036854775807) == 0",
      "math.bitShiftRight(-1, 63) == 1", "math.bitShiftRight(-1024, 3) == 2305843009213693824",
      "math.bitShiftRight(1u, 64) == 0u",
      "base64.encode(b'a') == 'YQ=='", "base64.decode('YQ') == b'a'", "base64.decode('YQ==') == b'a'",
      "base64.decode('') == b''",
      "base64.encodeUrl(b'\\xff\\xff\\xff') == '____'", "base64.decodeUrl('____') == b'\\xff\\xff\\xff'",
      "json.encode({'a': [1, 2.5, null, true, b'a'], 'b<': 'x\\ny'}) == '{\"a\":[1,2.5,null,true,\"YQ==\"],\"b\\\\u003c\":\"x\\\\ny\"}'",
      "json.encode(9007199254740992) == '\"9007199254740992\"'",
      "json.encode(-9007199254740991) == '-9007199254740991'",
      "json.encode(timestamp(0)) == '\"1970-01-01T00:00:00Z\"'", "json.encode({1: true}) == '{\"1\":true}'",
      "cel.bind(x, 2, x * x) == 4", "cel.bind(x, 1, cel.bind(x, x + 1, x)) == 2",
      "cel.block([1, cel.index(0) + 1], cel.index(1) * 10) == 20",
      "[1, 2].map(cel.iterVar(0, 0), cel.iterVar(0, 0) + 1) == [2, 3]",
    ])
  func holds(_ expression: String) {
    #expect(LibraryHarness.isTrue(expression) == true)
  }

  @Test(
    arguments: [
      "math.least() == 0", "math.least('a') == 0", "math.least([]) == 0", "math.least([1, 'a']) == 0",
      "math.least(1, 'a') == 0",
      "math.least(dyn('a')) == 0", "math.least(dyn([])) == 0", "math.least(1, dyn('a')) == 0",
      "math.least(1.0, 0.0/0.0) == 0.0",
      "math.abs(-9223372036854775808) == 0", "math.bitShiftLeft(1, -1) == 0",
      "math.bitShiftRight(1u, -1) == 0u",
      "math.ceil(1) == 1.0", "math.isNaN(1)", "base64.decode('a') == b''", "base64.decode('a===') == b''",
      "base64.decode('!') == b''",
      "base64.decode('_w') == b''", "json.encode(0.0/0.0) == ''", "json.encode(type(1)) == ''",
      "cel.bind(a.b, 1, 2) == 2",
      "cel.block(1, 2) == 2", "cel.index('a') == 1",
    ])
  func fails(_ expression: String) {
    #expect(LibraryHarness.isTrue(expression) == nil)
  }
}
