// SPDX-License-Identifier: Apache-2.0

import Synchronization
import Testing

@testable import Process
@testable import WfilterCore

@Suite(.timeLimit(.minutes(10))) struct SequencerTests {
  private final class Piece: Sendable {
    let ticket = Atomic<UInt64>(0)
  }

  @Test func aPieceWaitsForThoseBeforeIt() throws {
    let sequencer = Sequencer((0..<3).map { _ in Piece() })
    let pieces = try (0..<3).map { _ in try #require(sequencer.take()) }
    var seen: [Int] = []
    for ticket in [2, 1] {
      #expect(sequencer.finish(pieces[ticket], ticket: UInt64(ticket)) { _ in false })
    }
    let goesOn = sequencer.finish(pieces[0], ticket: 0) { piece in
      seen += pieces.firstIndex { $0 === piece }.map { [$0] } ?? []
      return true
    }
    #expect(goesOn)
    #expect(seen == [0, 1, 2])
  }

  @Test func noPieceIsPassedOnOrTakenAfterTheEnd() throws {
    let sequencer = Sequencer((0..<2).map { _ in Piece() })
    let first = try #require(sequencer.take())
    let second = try #require(sequencer.take())
    #expect(!sequencer.finish(first, ticket: 0) { _ in false })
    #expect(!sequencer.finish(second, ticket: 1) { _ in true })
    #expect(sequencer.take() == nil)
    sequencer.waitForEnd()
  }

  /// More threads than pieces, so that threads must also wait for a piece.
  @Test func severalThreadsKeepTheOrder() {
    let sequencer = Sequencer((0..<4).map { _ in Piece() })
    let nextTicket = Mutex<UInt64>(0)
    let seen = Mutex<[UInt64]>([])
    let last: UInt64 = 20_000
    for _ in 0..<6 {
      startThread {
        while let piece = sequencer.take() {
          let ticket = nextTicket.withLock { next in
            defer { next += 1 }
            return next
          }
          piece.ticket.store(ticket, ordering: .relaxed)
          let goesOn = sequencer.finish(piece, ticket: ticket) { piece in
            let ticket = piece.ticket.load(ordering: .relaxed)
            seen.withLock { $0.append(ticket) }
            return ticket < last
          }
          if !goesOn { return }
        }
      }
    }
    sequencer.waitForEnd()
    #expect(seen.withLock { $0 } == Array(0...last))
  }
}
