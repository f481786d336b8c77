// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

/// Runs the conformance data of CEL, cel-go and Kubernetes, which is kept outside this repository.
struct ConformanceTests {
  /// Every row of every `.jsonl` file in the folder that the environment variable CEL_CONFORMANCE names. Failures are
  /// printed by file, section and name, then one closing line.
  @Test func agreesWithTheConformanceData() throws {
    guard let folder = ProcessInfo.processInfo.environment["CEL_CONFORMANCE"], !folder.isEmpty else {
      print(
        "*** CEL_CONFORMANCE is not set: CEL and the selectors are NOT tested against the conformance data ***"
      )
      return
    }
    let rows = try ConformanceRow.all(in: folder)
    var passed = 0
    var failed = 0
    var skipped = 0
    for row in rows {
      let outcome = row.fields["expr"] == nil ? SelectorConformance.run(row) : ExpressionConformance.run(row)
      switch outcome {
      case .passed: passed += 1
      case .failed(let reason):
        failed += 1
        print("conformance: FAILED \(row.path): \(reason)")
      case .skipped(let reason):
        skipped += 1
        print("conformance: skipped \(row.path): \(reason)")
      }
    }
    print("conformance: \(passed) passed, \(failed) failed, \(skipped) skipped")
    #expect(failed == 0)
    #expect(passed > 0, "no rows in \(folder)")
  }
}
