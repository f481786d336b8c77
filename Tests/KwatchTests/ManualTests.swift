// SPDX-License-Identifier: Apache-2.0
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(1))) struct ManualTests {
  @Test func manualPageHasExactlyTheFlags() throws {
    #expect(try Manual.differences(of: "kwatch") == [])
  }
}
