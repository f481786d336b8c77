// SPDX-License-Identifier: Apache-2.0
internal import Foundation

/// A condition that was not met in time.
package struct NeverCameTrue: Error, CustomStringConvertible {
  package var what: String
  package init(what: String) { self.what = what }
  package var description: String { "never came true: \(what)" }
}

/// Waits for a condition, which is checked every 20 ms. Tests use it instead of sleeping.
package func eventually(
  _ what: String, within deadline: Duration = .seconds(20), _ isTrue: () throws -> Bool
) throws {
  let end = ContinuousClock.now + deadline
  while try !isTrue() {
    guard ContinuousClock.now < end else { throw NeverCameTrue(what: what) }
    Thread.sleep(forTimeInterval: 0.02)
  }
}

/// Prints a line that something was not tested, with the reason.
package func notTested(_ what: String, because reason: String) {
  FileHandle.standardError.write(Data("\n**** NOT TESTED: \(what): \(reason)\n\n".utf8))
}

/// Every way to cut `bytes` in two. A decoder must give the same result for all of them.
package func everySplit<Bytes: Collection>(of bytes: Bytes) -> [(Bytes.SubSequence, Bytes.SubSequence)] {
  bytes.indices.map { (bytes[..<$0], bytes[$0...]) }
}

/// Whether this process runs under the address sanitizer, whose allocations are several times as large.
package var isUnderAddressSanitizer: Bool { unsafe dlsym(nil, "__asan_init") != nil }
