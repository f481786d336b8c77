// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import CEL

@Suite struct ConversionTests {
  static let numbers = [
    Case("int(1.9)", .int(1)), Case("int(-1.9)", .int(-1)),
    Case("int(9223372036854775808.0)", fails: .outOfRange),
    Case("int(-9223372036854775808.0)", fails: .outOfRange), Case("int(0.0/0.0)", fails: .outOfRange),
    Case("int('-5')", .int(-5)), Case("int(' 5')", fails: .invalidConversion),
    Case("int('0x5')", fails: .invalidConversion),
    Case("int(9223372036854775808u)", fails: .outOfRange), Case("uint(-1)", fails: .outOfRange),
    Case("uint(-0.5)", fails: .outOfRange),
    Case("uint(18446744073709551616.0)", fails: .outOfRange), Case("uint('+5')", fails: .invalidConversion),
    Case("uint('5')", .uint(5)),
    Case("double('1e400')", fails: .invalidConversion), Case("double('inf') > 1e308"),
    Case("double('-Infinity') < 0.0"),
    Case("double('NaN') != double('nan')"), Case("double('.5')", .double(0.5)),
    Case("double('5.')", .double(5)),
    Case("double('1_0')", fails: .invalidConversion), Case("double('')", fails: .invalidConversion),
    Case("double('+-1')", fails: .invalidConversion), Case("double('.')", fails: .invalidConversion),
    Case("double('-.e5')", fails: .invalidConversion), Case("double('0x10')", fails: .invalidConversion),
    Case("double('0x1p4')", .double(16)), Case("double('+nan')", fails: .invalidConversion),
    Case("uint('-0')", fails: .invalidConversion),
    Case("bool('t')"), Case("bool('False')", .bool(false)), Case("bool('yes')", fails: .invalidConversion),
    Case("int(timestamp(5))", .int(5)), Case("int(true)", refused: .type),
    Case("int(dyn(true))", fails: .noMatchingOverload),
  ]

  static let texts = [
    Case("string(1.0)", .string("1")), Case("string(123.456)", .string("123.456")),
    Case("string(1e6)", .string("1e+06")),
    Case("string(-0.0)", .string("-0")), Case("string(0.0001)", .string("0.0001")),
    Case("string(0.00001)", .string("1e-05")),
    Case("string(6.02214e23)", .string("6.02214e+23")), Case("string(1.0/0.0)", .string("+Inf")),
    Case("string(0.0/0.0)", .string("NaN")),
    Case("string(b'\\xff')", fails: .invalidConversion), Case("string(b'\\xc3\\xbf')", .string("ÿ")),
    Case("bytes('ÿ')", .bytes([0xC3, 0xBF])),
    Case("string(true)", .string("true")), Case("string([1])", refused: .type),
    Case("type(dyn)", refused: .undeclared),
    Case("type(type(1))", .type(.type)), Case("type(timestamp(0)) == google.protobuf.Timestamp"),
    Case("string(null)", fails: .noMatchingOverload),
  ]

  static let wellKnown = [
    Case("google.protobuf.Int32Value{value: 1}", .int(1)), Case("google.protobuf.Int32Value{}", .int(0)),
    Case("google.protobuf.Int32Value{value: 2147483648}", fails: .outOfRange),
    Case("google.protobuf.UInt32Value{value: 1u}", .uint(1)),
    Case("google.protobuf.FloatValue{value: 0.1} == 0.1", .bool(false)),
    Case("google.protobuf.Value{}", .null),
    Case("google.protobuf.Value{null_value: google.protobuf.NullValue.NULL_VALUE}", .null),
    Case("google.protobuf.Value{number_value: 1.5}", .double(1.5)),
    Case("google.protobuf.Struct{fields: {'a': {'b': 1u}}}.a.b", .double(1)),
    Case(
      "google.protobuf.ListValue{values: [1, b'a', 9007199254740992]}",
      .list([.double(1), .string("YQ=="), .string("9007199254740992")])),
    Case("google.protobuf.Any{}", fails: .invalidConversion),
    Case("google.protobuf.Timestamp{seconds: 5} == timestamp(5)"),
    Case("google.protobuf.Duration{seconds: 1, nanos: 5} == duration('1.000000005s')"),
    Case("google.protobuf.Int32Value{valeu: 1}", refused: .undeclared),
    Case("google.protobuf.Int32Value{value: 'a'}", refused: .type),
    Case("google.protobuf.Int32Valeu{}", refused: .undeclared),
    Case("google.protobuf.StringValue{?value: optional.none()}", .string("")),
    Case("google.protobuf.Int64Value{value: 1}.value", refused: .type),
    Case("google.protobuf.Value{string_value: 'a', bool_value: true}", fails: .invalidArgument),
  ]

  @Test(arguments: numbers + texts + wellKnown) func evaluates(_ row: Case) { #expect(row.fault() == nil) }

  /// A double that is printed and parsed again is the same double.
  @Test func doublesRoundTripThroughText() {
    var generator = SystemRandomNumberGenerator()
    for _ in 0..<20_000 {
      let value = Double(bitPattern: generator.next())
      guard value.isFinite else { continue }
      #expect(DoubleText.parse(DoubleText.shortest(value)) == value, "\(value.bitPattern)")
    }
  }
}
