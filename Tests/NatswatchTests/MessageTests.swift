// SPDX-License-Identifier: Apache-2.0

import CNATS
import Foundation
import Testing

@testable import NatswatchCore

@Suite(.timeLimit(.minutes(1))) struct MessageTests {
  /// libnats frees messages on a thread of its own, which falls behind a fast stream.
  @Test func messagesAreFreedAsFastAsTheyAreHandled() throws {
    let payload = [CChar](repeating: 0x78, count: 3_000)
    let before = try residentBytes()
    var most = before
    for number in 0..<200_000 {
      var created: OpaquePointer?
      unsafe natsMsg_Create(&created, "a.x", nil, payload, Int32(payload.count))
      _ = unsafe Message(owning: try #require(created))
      if number % 10_000 == 0 { most = max(most, try residentBytes()) }
    }
    #expect(most - before < 32 << 20)
  }

  private func residentBytes() throws -> Int {
    let fields = try String(contentsOfFile: "/proc/self/statm", encoding: .utf8).split(separator: " ")
    return try #require(Int(fields[1])) * Int(sysconf(Int32(_SC_PAGESIZE)))
  }
}
