// SPDX-License-Identifier: Apache-2.0
//
// Times evaluation of each expression over one value in memory: `celbench expressions.txt pod.json`. Prints
// nanoseconds per evaluation (the best of 7 rounds), the result, and the expression, tab-separated.

import CEL
import Foundation

func value(_ json: Any) -> Value {
  switch json {
  case let map as [String: Any]: .map(MapValue(map.map { (.string($0.key), value($0.value)) }))
  case let list as [Any]: .list(list.map(value))
  case let number as NSNumber:
    // Booleans are numbers to Foundation, told apart by their Objective-C type.
    if unsafe String(cString: number.objCType) == "c" {
      .bool(number.boolValue)
    } else if let int = Int64(exactly: number.doubleValue) {
      .int(int)
    } else {
      .double(number.doubleValue)
    }
  case let text as String: .string(text)
  default: .null
  }
}

func seconds() -> Double {
  var now = timespec()
  unsafe clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now)
  return Double(now.tv_sec) + Double(now.tv_nsec) / 1e9
}

let arguments = CommandLine.arguments
let expressions = try String(contentsOfFile: arguments[1], encoding: .utf8).split(separator: "\n")
let pod = try JSONSerialization.jsonObject(with: Data(contentsOf: URL(fileURLWithPath: arguments[2])))
let environment = Environment(variables: [Variable("object", .dyn)], libraries: StandardLibraries.all)
var activation = Activation(environment)
activation["object"] = value(pod)

for expression in expressions {
  let program = try environment.compile(String(expression))
  var best = Double.infinity
  var result = Value.null
  let rounds = 20_000
  for _ in 0..<7 {
    let start = seconds()
    for _ in 0..<rounds { result = try program.evaluate(&activation) }
    best = min(best, (seconds() - start) / Double(rounds))
  }
  print("\(Int(best * 1e9))\t\(result)\t\(expression)")
}
