// SPDX-License-Identifier: Apache-2.0

/// Lists and maps as `%s` of all dialects writes them; the dialects differ in what is inside.
extension StringFormat {
  /// Writes a value that lies `depth` deep in others.
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

  /// `{a: b, c: d}`, in the order of the keys' texts.
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
