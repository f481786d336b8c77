// SPDX-License-Identifier: Apache-2.0
//
// Any bytes as CEL source: compiled checked and unchecked, and evaluated with a small budget. Nothing may crash,
// and nothing may take long.

import CEL

private let variables = [
  Variable("x", .dyn), Variable("s", .string), Variable("items", .list(.int)),
  Variable("m", .map(.string, .dyn)),
]

private let environments: [Environment] = [true, false].map { checks in
  var options = Environment.Options()
  options.checks = checks
  return Environment(
    variables: variables, container: "a.b", libraries: StandardLibraries.all, options: options)
}

private let bindings: [(String, Value)] = [
  (
    "x",
    .map(MapValue([(.string("a"), .list([.int(1), .double(.nan), .null])), (.string("b"), .string("é🐱"))]))
  ),
  ("s", .string("hello\u{0}wörld")), ("items", .list([.int(.min), .int(0), .int(.max)])),
  ("m", .map(MapValue([(.string("k"), .uint(.max)), (.string("t"), .bytes([0xFF, 0]))]))),
]

/// libFuzzer's entry; how to run it: Fuzz/README.md.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzCELSource(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  let source = unsafe String(decoding: UnsafeBufferPointer(start: start, count: count), as: UTF8.self)
  for environment in environments {
    do {
      let program = try environment.compile(source)
      precondition(program.minimumCost >= 0)
      var activation = Activation(environment)
      for (name, value) in bindings { activation[name] = value }
      let result = try program.evaluate(&activation, costLimit: 20_000)
      // A value equals itself, but for NaN in it; only that comparing ends is of interest.
      _ = result == result
      _ = result.copied()
    } catch let error as CompileError {
      precondition(error.line >= 1 && error.column >= 1 && !error.description.isEmpty)
    } catch {
      precondition(!"\(error)".isEmpty)
    }
  }
  return 0
}
