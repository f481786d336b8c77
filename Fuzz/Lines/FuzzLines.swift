// SPDX-License-Identifier: Apache-2.0
//
// libFuzzer's entry for lines of JSON. How to run it: Fuzz/README.md.

import CEL
import CJSON
import Filter
import JSON

/// Expressions that are decided by comparing bytes. Evaluating them as values must give the same result.
private let expressions = [
  "a == 1", #"a != "x""#, #"self.a.b == "x""#, #"a.startsWith("x")"#, #"a.contains("\"")"#,
  "a in [1, 'x', null]", "a > 2.5",
  "has(self.a.b)", "has(self.a) && (self.a == true || object.a < 'm')", #"type == "ADDED" && a["b"] == 1u"#,
  "!a", "a == 9223372036854775808.0 || a >= 18446744073709551615.0", "a < 9223372036854775807 && b > -0.5",
  "self == 'x'",
  #"a in ["x", 9223372036854775807, 1.5] || b in [18446744073709551615u, "\n"]"#,
  #"a.endsWith("é") || b <= "\u00e9""#,
]

// libFuzzer calls its entry on one thread.
nonisolated(unsafe) private let pairs: [(LineEvaluator, LineEvaluator)] = expressions.compactMap { text in
  guard let filter = try? LineFilter(FilterOptions(expression: text)),
    let value = try? LineFilter(value: text)
  else { preconditionFailure("\(text) does not compile") }
  precondition(filter.clauses.allSatisfy(\.isCompared))
  return (LineEvaluator(filter), LineEvaluator(value))
}

// For the same reason.
nonisolated(unsafe) private let check = JSONCheck()

/// Whether the line is JSON when it arrives in three pieces, with the newline after it.
private func isValueInPieces(_ line: [UInt8]) -> Bool {
  let text = line + [0x0A]
  let first = Int(text[0]) % text.count
  let second = first + (text.count - first) / 2
  unsafe check.begin()
  for piece in [0..<first, first..<second, second..<text.count] {
    switch unsafe check.next(Array(text[piece]).span) {
    case .whole(let end):
      return text[(piece.lowerBound + end)...].allSatisfy { [0x20, 0x09, 0x0D, 0x0A].contains($0) }
    case .unfinished: continue
    case .broken: return false
    }
  }
  return false
}

/// The input as one line: all instruction sets, and all ways to evaluate, must agree.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzLines(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  let input = unsafe UnsafeBufferPointer(start: start, count: count)
  guard unsafe !input.contains(0x0A) else { return 0 }
  // Exactly as much readable memory after the line as is required.
  let memory = UnsafeMutablePointer<UInt8>.allocate(capacity: count + JSONCursor.padding)
  unsafe memory.initialize(repeating: 0x22, count: count + JSONCursor.padding)
  for index in 0..<count { unsafe memory[index] = input[index] }
  defer { unsafe memory.deallocate() }
  let line = unsafe RawJSON(line: memory, count: count)

  let quick = line.fault()
  let strict = line.fault(strictly: true)
  precondition(strict != nil || quick == nil)
  let isJSON = strict == nil || strict == .notUTF8
  precondition(
    unsafe isValueInPieces(Array(input)) == isJSON, "pieces disagree with \(String(describing: strict))")
  for name in ["baseline", "avx2", "avx512"] where unsafe json_use_instructions(name) {
    precondition(line.fault() == quick, "\(name) says \(String(describing: line.fault()))")
    if quick == nil, let end = line.end { precondition(end.pastSpace(line.limit) == line.limit, name) }
  }
  for (filter, value) in unsafe pairs {
    let verdict = filter.test(line)
    guard strict == nil else { continue }
    var expected = Verdict.error
    if case .bool(let holds)? = try? value.value(line) { expected = holds ? .match : .noMatch }
    precondition(verdict == expected, "\(filter.filter.options): \(verdict), not \(expected)")
  }
  return 0
}
