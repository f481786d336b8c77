// SPDX-License-Identifier: Apache-2.0
import NIOCore
import NIOPosix
import Synchronization
import TestSupport
import Testing

@testable import WfanoutCore

@Suite(.timeLimit(.minutes(1))) struct DeliveryLoopTests {
  /// Delivers without end: each delivery is due before the last one has been made.
  private final class Source: Sendable {
    let delivery: DeliveryLoop
    let isOver = Atomic<Bool>(false)
    let accepted = Atomic<Int>(0)

    init(_ delivery: DeliveryLoop) { self.delivery = delivery }

    func deliver() {
      let slice = Slice(.milliseconds(3))
      while !slice.isOver {}
      if !isOver.load(ordering: .relaxed) { delivery.execute { self.deliver() } }
    }

    func deliverLater() {
      let slice = Slice(.milliseconds(1))
      while !slice.isOver {}
      if !isOver.load(ordering: .relaxed) { delivery.afterPause { self.deliverLater() } }
    }
  }

  @Test func connectionsAreAcceptedBetweenDeliveries() throws {
    let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    defer { try? group.syncShutdownGracefully() }
    let source = Source(DeliveryLoop(group.next()))
    let server = try ServerBootstrap(group: group)
      .childChannelInitializer { channel in
        source.accepted.wrappingAdd(1, ordering: .relaxed)
        return channel.eventLoop.makeSucceededVoidFuture()
      }
      .bind(host: "127.0.0.1", port: 0).wait()
    source.delivery.execute { source.deliver() }
    source.delivery.execute { source.deliver() }
    source.delivery.execute { source.deliverLater() }
    defer { source.isOver.store(true, ordering: .relaxed) }
    for count in 1...10 {
      let peer = try #require(LoopbackSocket.connect(to: server.localAddress?.port ?? 0))
      defer { peer.close() }
      try eventually("connection \(count)") { source.accepted.load(ordering: .relaxed) >= count }
    }
  }
}
