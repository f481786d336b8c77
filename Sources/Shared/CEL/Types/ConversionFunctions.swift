// SPDX-License-Identifier: Apache-2.0

/// `int(x)`, `string(x)` and the other conversions, and `type(x)` and `dyn(x)`.
enum ConversionFunctions {
  static func declare(in declarations: inout Declarations) {
    declarations.function("type", .unary("type", .t, returns: .type(.t)) { (value: Value) in value.typeName })
    declarations.function(
      "dyn", .unary("to_dyn", .t, returns: .dyn) { (value: Value) in value }.keepingNumbers())
    declareBool(in: &declarations)
    declareInt(in: &declarations)
    declareUInt(in: &declarations)
    declareDouble(in: &declarations)
    declareString(in: &declarations)
    declareTime(in: &declarations)
  }

  private static func declareBool(in declarations: inout Declarations) {
    declarations.function(
      "bool",
      .unary("bool_to_bool") { (value: Bool) in value },
      .unary("string_to_bool", cost: .constantly(2)) { (text: String) throws(EvaluationError) -> Bool in
        switch text {
        case "1", "t", "T", "true", "TRUE", "True": return true
        case "0", "f", "F", "false", "FALSE", "False": return false
        default: throw failure(text, "bool")
        }
      })
  }

  private static func declareInt(in declarations: inout Declarations) {
    declarations.function(
      "int",
      .unary("int64_to_int64") { (value: Int64) in value },
      .unary("uint64_to_int64") { (value: UInt64) throws(EvaluationError) -> Int64 in
        guard let result = Int64(exactly: value) else {
          throw EvaluationError(.outOfRange, "\(value) is not an int")
        }
        return result
      },
      .unary("double_to_int64") { (value: Double) throws(EvaluationError) -> Int64 in
        // Both limits are excluded, as in cel-go: a double at the limit may be a rounded integer beyond it.
        guard value > -0x1p63, value < 0x1p63 else {
          throw EvaluationError(.outOfRange, "\(value) is not an int")
        }
        return Int64(value)
      },
      .unary("string_to_int64", cost: .linear) { (text: String) throws(EvaluationError) -> Int64 in
        guard let result = Int64(text) else { throw failure(text, "int") }
        return result
      },
      .unary("timestamp_to_int64") { (time: TimestampValue) in time.seconds },
      .unary("duration_to_int64") { (span: DurationValue) in span.nanoseconds })
  }

  private static func declareUInt(in declarations: inout Declarations) {
    declarations.function(
      "uint",
      .unary("uint64_to_uint64") { (value: UInt64) in value },
      .unary("int64_to_uint64") { (value: Int64) throws(EvaluationError) -> UInt64 in
        guard let result = UInt64(exactly: value) else {
          throw EvaluationError(.outOfRange, "\(value) is not a uint")
        }
        return result
      },
      .unary("double_to_uint64") { (value: Double) throws(EvaluationError) -> UInt64 in
        guard value >= 0, value < 0x1p64 else {
          throw EvaluationError(.outOfRange, "\(value) is not a uint")
        }
        return UInt64(value)
      },
      .unary("string_to_uint64", cost: .linear) { (text: String) throws(EvaluationError) -> UInt64 in
        guard text.utf8.first?.isDigit ?? false, let result = UInt64(text) else {
          throw failure(text, "uint")
        }
        return result
      })
  }

  private static func declareDouble(in declarations: inout Declarations) {
    declarations.function(
      "double",
      .unary("double_to_double") { (value: Double) in value },
      .unary("int64_to_double") { (value: Int64) in Double(value) },
      .unary("uint64_to_double") { (value: UInt64) in Double(value) },
      .unary("string_to_double", cost: .custom { 10 + WorkCost.bytes($0[0]) }) {
        (text: String) throws(EvaluationError) -> Double in
        guard let result = DoubleText.parse(text) else { throw failure(text, "double") }
        return result
      })
  }

  private static func declareString(in declarations: inout Declarations) {
    declarations.function(
      "string",
      .unary("string_to_string") { (text: String) in text },
      .unary("bool_to_string") { (value: Bool) in value ? "true" : "false" },
      .unary("int64_to_string", cost: .constantly(2)) { (value: Int64) in String(value) },
      .unary("uint64_to_string", cost: .constantly(2)) { (value: UInt64) in String(value) },
      .unary("double_to_string", cost: .constantly(15)) { (value: Double) in DoubleText.shortest(value) },
      .unary("bytes_to_string", cost: .linear) { (bytes: [UInt8]) throws(EvaluationError) -> String in
        guard let text = String(validating: bytes, as: UTF8.self) else {
          throw EvaluationError(.invalidConversion, "bytes are not valid UTF-8")
        }
        return text
      },
      .unary("timestamp_to_string", cost: .constantly(40)) { (time: TimestampValue) in time.description },
      .unary("duration_to_string", cost: .constantly(25)) { (span: DurationValue) in span.description })
    declarations.function(
      "bytes",
      .unary("bytes_to_bytes") { (bytes: [UInt8]) in bytes },
      .unary("string_to_bytes", cost: .linear) { (text: String) in Array(text.utf8) })
  }

  private static func declareTime(in declarations: inout Declarations) {
    declarations.function(
      "timestamp",
      .unary("timestamp_to_timestamp") { (time: TimestampValue) in time },
      .unary("int64_to_timestamp") { (seconds: Int64) throws(EvaluationError) -> TimestampValue in
        guard let result = TimestampValue(seconds: seconds) else {
          throw EvaluationError(.outOfRange, "timestamp")
        }
        return result
      },
      .unary("string_to_timestamp", cost: .custom { 10 + WorkCost.bytes($0[0]) / 5 }) {
        (text: String) throws(EvaluationError) in
        try TimestampValue.parse(text)
      }.failingEarly())
    declarations.function(
      "duration",
      .unary("duration_to_duration") { (span: DurationValue) in span },
      .unary("int64_to_duration") { (nanoseconds: Int64) in DurationValue(nanoseconds: nanoseconds) },
      .unary("string_to_duration", cost: .custom { 10 + WorkCost.bytes($0[0]) }) {
        (text: String) throws(EvaluationError) in
        try DurationValue.parse(text)
      }.failingEarly())
  }

  private static func failure(_ text: String, _ type: String) -> EvaluationError {
    EvaluationError(.invalidConversion, "'\(text.prefix(64))' is not a valid \(type)")
  }
}
