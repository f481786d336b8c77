// SPDX-License-Identifier: Apache-2.0
import NIOCore

/// An event loop that polls its sockets between deliveries, however many wait.
///
/// A loop runs tasks until there are none. Deliveries that arrive as fast as they are made would keep it from new
/// connections and requests for as long as that lasts.
final class DeliveryLoop: @unchecked Sendable {  // its state is confined to the loop
  let loop: any EventLoop
  private var used = Duration.zero
  private var isPaused = false
  private var waiting: [@Sendable () -> Void] = []

  private static let turn = Duration.milliseconds(2)
  /// Long enough that the loop runs out of tasks and polls its sockets first.
  private static let pause = TimeAmount.microseconds(100)

  init(_ loop: any EventLoop) { self.loop = loop }

  /// Delivers on the loop, in the order of the calls. Any thread.
  func execute(_ delivery: @escaping @Sendable () -> Void) { loop.execute { self.run(delivery) } }

  private func run(_ delivery: @escaping @Sendable () -> Void) {
    guard !isPaused else { return waiting.append(delivery) }
    let start = ContinuousClock.now
    delivery()
    used += .now - start
    guard used >= DeliveryLoop.turn else { return }
    pause()
  }

  /// Delivers after the sockets have been polled. On the loop.
  func afterPause(_ delivery: @escaping @Sendable () -> Void) {
    waiting.append(delivery)
    pause()
  }

  private func pause() {
    guard !isPaused else { return }
    used = .zero
    isPaused = true
    loop.scheduleTask(in: DeliveryLoop.pause) {
      self.isPaused = false
      let waiting = self.waiting
      self.waiting = []
      waiting.forEach(self.run)
    }
  }
}
