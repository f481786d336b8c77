// SPDX-License-Identifier: Apache-2.0
import NIOCore
import Testing

@testable import WfanoutCore

@Suite struct WindowUpdateBudgetTests {
  private static let preface = Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8)

  private func frame(_ type: UInt8, _ payload: [UInt8]) -> [UInt8] {
    [0, UInt8(payload.count >> 8), UInt8(payload.count & 255), type, 0, 0, 0, 0, 0] + payload
  }

  private var update: [UInt8] { frame(8, [0, 0, 0, 1]) }

  @Test func endsAfterTheLastUpdateOfTheBudget() {
    var budget = WindowUpdateBudget()
    let updates = [[UInt8]](repeating: update, count: WindowUpdateBudget.initial).flatMap { $0 }
    let isWithin = budget.receives(ByteBuffer(bytes: Self.preface + updates))
    let isBeyond = !budget.receives(ByteBuffer(bytes: update))
    #expect(isWithin && isBeyond)
  }

  /// A payload of updates is not read as frames, wherever the bytes are cut.
  @Test(arguments: 1...40) func countsHeadersOnly(_ size: Int) {
    var budget = WindowUpdateBudget()
    let data = frame(0, [[UInt8]](repeating: update, count: 1_500).flatMap { $0 })
    let bytes = Self.preface + data + data + update
    var isWithin = true
    for start in stride(from: 0, to: bytes.count, by: size) {
      isWithin = budget.receives(ByteBuffer(bytes: bytes[start..<min(start + size, bytes.count)])) && isWithin
    }
    #expect(isWithin)
    let rest = [[UInt8]](repeating: update, count: WindowUpdateBudget.initial).flatMap { $0 }
    let isBeyond = !budget.receives(ByteBuffer(bytes: rest))
    #expect(isBeyond, "the one after the data was counted")
  }

  @Test func isEarnedByReceivingData() {
    var budget = WindowUpdateBudget()
    _ = budget.receives(ByteBuffer(bytes: Self.preface))
    for _ in 0..<50_000 {
      budget.sends(16_384)
      let isWithin = budget.receives(ByteBuffer(bytes: update + update + update + update))
      guard isWithin else {
        Issue.record("a client that acknowledges each 4 KiB twice")
        return
      }
    }
  }
}
