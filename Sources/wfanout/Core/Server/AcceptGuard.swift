// SPDX-License-Identifier: Apache-2.0
import NIOCore
import Process

/// Pauses accepting while more connections are open than may be, until some of them have been closed, and when the
/// process is out of descriptors; otherwise the kernel would report the waiting connections in a busy loop.
final class AcceptGuard: ChannelDuplexHandler {
  typealias InboundIn = any Channel
  typealias OutboundIn = Never

  private let admission: Admission
  private let diagnostics: Diagnostics
  private var isPaused = false
  private var lastWarning: NIODeadline?

  private static let pause = TimeAmount.milliseconds(500)
  private static let shortPause = TimeAmount.milliseconds(5)
  private static let warningInterval = TimeAmount.seconds(60)

  init(admission: Admission, diagnostics: Diagnostics) {
    self.admission = admission
    self.diagnostics = diagnostics
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    let admission = admission
    admission.connectionOpened()
    unwrapInboundIn(data).closeFuture.whenComplete { _ in admission.connectionClosed() }
    context.fireChannelRead(data)
  }

  func read(context: ChannelHandlerContext) {
    guard !admission.acceptsMore else { return context.read() }
    context.eventLoop.assumeIsolated().scheduleTask(in: AcceptGuard.shortPause) {
      if context.channel.isActive { self.read(context: context) }
    }
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    guard let error = error as? IOError, !isPaused else { return }
    isPaused = true
    let now = NIODeadline.now()
    if lastWarning.map({ now - $0 >= AcceptGuard.warningInterval }) ?? true {
      lastWarning = now
      diagnostics.warning(
        "accept a connection: \(systemMessage(error.errnoCode)); new connections wait. Raise the limit (ulimit -n, LimitNOFILE=) or lower --max-clients"
      )
    }
    let channel = context.channel
    channel.setOption(.autoRead, value: false).whenFailure { _ in }
    context.eventLoop.assumeIsolated().scheduleTask(in: AcceptGuard.pause) {
      self.isPaused = false
      channel.setOption(.autoRead, value: true).whenFailure { _ in }
    }
  }
}
