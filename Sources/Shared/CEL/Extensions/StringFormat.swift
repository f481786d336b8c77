// SPDX-License-Identifier: Apache-2.0

/// `string.format(list)` by cel-spec's strings extension: `%s %d %f %e %b %x %X %o` and `%%`.
enum StringFormat {
  /// The maximum number of decimal places in `%.Nf` and `%.Ne`.
  static let precisionLimit = 100
  private static let defaultPrecision = 6
  /// The maximum length of the result, in bytes.
  static let resultLimit = 10 << 20
  private static let nestingLimit = 200

  /// Replaces the clauses of a format by the arguments.
  static func format(
    _ text: String, _ arguments: ListValue, _ dialect: Dialect, _ meter: inout Meter
  ) throws(EvaluationError) -> String {
    try meter.spend(Steps.making(bytes: text.utf8.count) + text.utf8.count / 5)
    let bytes = Array(text.utf8)
    var output: [UInt8] = []
    output.reserveCapacity(bytes.count + 16)
    var index = 0
    var used = 0
    while index < bytes.count {
      guard bytes[index] == UInt8(ascii: "%") else {
        output.append(bytes[index])
        index += 1
        continue
      }
      index += 1
      guard index < bytes.count else { throw .invalidArgument("unexpected end of string") }
      if bytes[index] == UInt8(ascii: "%") {
        output.append(bytes[index])
        index += 1
        continue
      }
      guard used < arguments.count else { throw .invalidArgument("index \(used) out of range") }
      let precision = try precision(bytes, &index)
      guard index < bytes.count else { throw .invalidArgument("unexpected end of string") }
      let before = output.count
      try meter.spend(cost(of: arguments[used], clause: bytes[index], precision))
      if dialect == .kubernetes, "sdfe".utf8.contains(bytes[index]) {
        try KubernetesStringFormat.append(arguments[used], clause: bytes[index], precision, to: &output)
      } else {
        try append(arguments[used], clause: bytes[index], precision, text, index, to: &output)
      }
      try checkSize(output, depth: 0)
      try meter.spend((output.count - before) / 4)
      index += 1
      used += 1
    }
    guard used == arguments.count else {
      throw .invalidArgument(
        "too many arguments supplied to string.format (expected \(used), got \(arguments.count))")
    }
    return String(decoding: output, as: UTF8.self)
  }

  /// Throws an error if the format is malformed or takes another number of arguments.
  static func check(_ text: String, argumentCount: Int?) throws(EvaluationError) {
    let bytes = Array(text.utf8)
    var index = 0
    var used = 0
    while index < bytes.count {
      index += 1
      guard bytes[index - 1] == UInt8(ascii: "%") else { continue }
      guard index < bytes.count else { throw .invalidArgument("unexpected end of string") }
      if bytes[index] == UInt8(ascii: "%") {
        index += 1
        continue
      }
      _ = try precision(bytes, &index)
      guard index < bytes.count else { throw .invalidArgument("unexpected end of string") }
      guard "sdfebxXo".utf8.contains(bytes[index]) else { throw unrecognized(text, index) }
      index += 1
      used += 1
    }
    guard let argumentCount, used != argumentCount else { return }
    throw .invalidArgument("the format takes \(used) argument\(used == 1 ? "" : "s"), not \(argumentCount)")
  }

  private static func unrecognized(_ text: String, _ index: Int) -> EvaluationError {
    let rest = String(decoding: Array(text.utf8)[index...], as: UTF8.self)
    let name = rest.unicodeScalars.first.map { String($0) } ?? ""
    return .invalidArgument(
      "could not parse formatting clause: unrecognized formatting clause \"\(name)\"")
  }

  /// The cost of formatting an argument, in addition to its length. The digits of a double take longer the
  /// further it is from 1.
  private static func cost(of argument: Value, clause: UInt8, _ precision: Int) -> Int {
    switch (clause, argument) {
    case (UInt8(ascii: "f"), .double(let value)), (UInt8(ascii: "e"), .double(let value)):
      let exponent = Int(min(value.isFinite && value != 0 ? value.exponent.magnitude : 0, 1100))
      return 30 + 6 * precision + 5 * exponent
    case (_, .double): return 30
    // A list or map may contain such numbers, or times.
    default: return argument.weight.multipliedSaturated(by: clause == UInt8(ascii: "s") ? 16 : 3)
    }
  }

  /// Reads an optional `.N`.
  private static func precision(_ bytes: [UInt8], _ index: inout Int) throws(EvaluationError) -> Int {
    guard bytes[index] == UInt8(ascii: ".") else { return defaultPrecision }
    let digits = bytes[(index + 1)...].prefix { $0 >= 0x30 && $0 <= 0x39 }
    index = digits.endIndex
    let problem = "could not parse formatting clause: error while parsing precision: "
    guard index < bytes.count else {
      throw .invalidArgument("\(problem)could not find end of precision specifier")
    }
    guard let value = Int(String(decoding: digits, as: UTF8.self)) else {
      throw .invalidArgument("\(problem)'\(String(decoding: digits, as: UTF8.self))' is not a number")
    }
    guard value <= precisionLimit else {
      throw .invalidArgument(
        "\(problem)precision \(value) exceeds maximum allowed precision \(precisionLimit)")
    }
    return value
  }

  private static func append(
    _ argument: Value, clause: UInt8, _ precision: Int, _ text: String, _ index: Int, to output: inout [UInt8]
  ) throws(EvaluationError) {
    switch clause {
    case UInt8(ascii: "s"): try appendText(argument, to: &output, depth: 0)
    case UInt8(ascii: "d"):
      switch argument {
      case .int(let value): output += "\(value)".utf8
      case .uint(let value): output += "\(value)".utf8
      case .double(let value): output += NumberText.shortest(value).utf8
      default: throw mismatch("decimal clause can only be used on ints, uints, and doubles", argument)
      }
    case UInt8(ascii: "f"):
      guard let value = number(argument) else {
        throw mismatch("fixed-point clause can only be used on ints, uints, and doubles", argument)
      }
      output += NumberText.fixed(value, precision: precision).utf8
    case UInt8(ascii: "e"):
      guard let value = number(argument) else {
        throw mismatch("scientific clause can only be used on ints, uints, and doubles", argument)
      }
      output += NumberText.scientific(value, precision: precision).utf8
    case UInt8(ascii: "b"):
      switch argument {
      case .bool(let value): output.append(value ? 0x31 : 0x30)
      case .int(let value): output += String(value, radix: 2).utf8
      case .uint(let value): output += String(value, radix: 2).utf8
      default: throw mismatch("only ints, uints, and bools can be formatted as binary", argument)
      }
    case UInt8(ascii: "o"):
      switch argument {
      case .int(let value): output += String(value, radix: 8).utf8
      case .uint(let value): output += String(value, radix: 8).utf8
      default: throw mismatch("octal clause can only be used on ints and uints", argument)
      }
    case UInt8(ascii: "x"), UInt8(ascii: "X"):
      try appendHexadecimal(argument, uppercase: clause == UInt8(ascii: "X"), to: &output)
    default: throw unrecognized(text, index)
    }
  }

  private static func number(_ argument: Value) -> Double? {
    switch argument {
    case .int(let value): Double(value)
    case .uint(let value): Double(value)
    case .double(let value): value
    default: nil
    }
  }

  private static func appendHexadecimal(
    _ argument: Value, uppercase: Bool, to output: inout [UInt8]
  ) throws(EvaluationError) {
    func append(_ bytes: [UInt8]) {
      let ten: UInt8 = uppercase ? 0x37 : 0x57
      output.reserveCapacity(output.count + 2 * bytes.count)
      for byte in bytes {
        let (high, low) = (byte >> 4, byte & 15)
        output.append(high < 10 ? high + 0x30 : high + ten)
        output.append(low < 10 ? low + 0x30 : low + ten)
      }
    }
    switch argument {
    case .int(let value): output += String(value, radix: 16, uppercase: uppercase).utf8
    case .uint(let value): output += String(value, radix: 16, uppercase: uppercase).utf8
    case .string(let value): append(Array(value.utf8))
    case .bytes(let value): append(value)
    default: throw mismatch("only ints, uints, bytes, and strings can be formatted as hex", argument)
    }
  }

  /// Appends any value as `%s` formats it. Maps are sorted by the text of their keys.
  static func appendText(
    _ value: Value, to output: inout [UInt8], depth: Int
  ) throws(EvaluationError) {
    try checkSize(output, depth: depth)
    switch value.native {
    case .null: output += "null".utf8
    case .bool(let value): output += (value ? "true" : "false").utf8
    case .int(let value): output += "\(value)".utf8
    case .uint(let value): output += "\(value)".utf8
    case .double(let value): output += NumberText.shortest(value).utf8
    case .string(let value): output += value.utf8
    case .bytes(let value): appendReplacingInvalid(value, to: &output)
    case .type(let value): output += value.description.utf8
    case .duration(let value):
      // As in Go's Seconds(): the sum of the whole seconds and the rest, each converted to a double.
      let (seconds, rest) = value.nanoseconds.quotientAndRemainder(dividingBy: 1_000_000_000)
      output += NumberText.shortest(Double(seconds) + Double(rest) / 1e9).utf8
      output.append(UInt8(ascii: "s"))
    case .timestamp(let value): output += utc(value).utf8
    case .list(let list): try append(list, to: &output, depth: depth, appendText)
    case .map(let map): try append(map, colon: ": ", to: &output, depth: depth, appendText)
    case .opaque, .optional, .foreign:
      throw mismatch(
        "string clause can only be used on strings, bools, bytes, ints, doubles, maps, lists, types, durations, and"
          + " timestamps", value)
    }
  }

  static func checkSize(_ output: [UInt8], depth: Int) throws(EvaluationError) {
    guard depth <= nestingLimit, output.count <= resultLimit else {
      throw .invalidArgument("a value is too large for string.format")
    }
  }

  /// RFC 3339 in UTC, whatever offset the timestamp was written with.
  static func utc(_ timestamp: TimestampValue) -> String {
    TimestampValue(seconds: timestamp.seconds, nanoseconds: timestamp.nanoseconds)?.description ?? ""
  }

  /// Appends UTF-8, with one U+FFFD for each run of invalid bytes.
  private static func appendReplacingInvalid(_ bytes: [UInt8], to output: inout [UInt8]) {
    var parser = Unicode.UTF8.ForwardParser()
    var iterator = bytes.makeIterator()
    var isInRun = false
    while true {
      switch parser.parseScalar(from: &iterator) {
      case .valid(let scalar):
        output += scalar
        isInRun = false
      case .error:
        if !isInRun { output += "\u{FFFD}".utf8 }
        isInRun = true
      case .emptyInput: return
      }
    }
  }

  static func mismatch(_ rule: String, _ argument: Value) -> EvaluationError {
    .invalidArgument("error during formatting: \(rule), was given \(argument.typeName)")
  }
}

/// The form of lists and maps that all dialects share. The dialects differ in the form of the elements.
extension StringFormat {
  /// Appends a value that is nested `depth` levels deep.
  typealias Writer = (_ value: Value, _ output: inout [UInt8], _ depth: Int) throws(EvaluationError) -> Void

  /// `[a, b]`
  static func append(
    _ list: ListValue, to output: inout [UInt8], depth: Int, _ write: Writer
  ) throws(EvaluationError) {
    output.append(UInt8(ascii: "["))
    for (index, element) in list.enumerated() {
      if index > 0 { output += ", ".utf8 }
      try write(element, &output, depth + 1)
    }
    output.append(UInt8(ascii: "]"))
  }

  /// `{a: b, c: d}`, sorted by the text of the keys.
  static func append(
    _ map: MapValue, colon: String, to output: inout [UInt8], depth: Int, _ write: Writer
  ) throws(EvaluationError) {
    var entries: [(key: [UInt8], value: Value)] = []
    for entry in map.entries {
      var key: [UInt8] = []
      try write(entry.key, &key, depth + 1)
      entries.append((key, entry.value))
    }
    entries.sort { $0.key.lexicographicallyPrecedes($1.key) }
    output.append(UInt8(ascii: "{"))
    for (index, entry) in entries.enumerated() {
      if index > 0 { output += ", ".utf8 }
      output += entry.key
      output += colon.utf8
      try write(entry.value, &output, depth + 1)
    }
    output.append(UInt8(ascii: "}"))
  }
}
