// SPDX-License-Identifier: Apache-2.0
import JSON
import NIOCore

/// The connection of `GET /api/watch/stream`: one event stream that carries any number of channels.
///
/// Confined to the channel's event loop; other loops reach it through ``ChannelRegistry``.
final class ChannelConnection: Connection {
  let client: Client
  let clientID: String
  private let registry: ChannelRegistry
  private var channels: [String: Listener] = [:]
  /// The tick at which it last had a channel.
  private var lastChannelTick: UInt32

  init(_ client: Client, clientID: String, registry: ChannelRegistry) {
    self.client = client
    self.clientID = clientID
    self.registry = registry
    lastChannelTick = client.loopContext.tick
  }

  /// Ends a stream that has had no channel for a long time: it would receive nothing but heartbeats.
  func tick() {
    if !channels.isEmpty { lastChannelTick = loopContext.tick }
    if loopContext.tick &- lastChannelTick >= loopContext.limits.idleSeconds { finish(reason: .idle) }
  }

  func begin() { say("connected", #"{"clientId":\#(JSONText.string(clientID))}"#) }

  func forEachListener(_ body: (Listener) -> Void) { channels.values.forEach(body) }

  /// Adds a channel; a second subscription to it has no effect. `version` is the last resourceVersion that
  /// the client received, if it resumes.
  func subscribe(_ upstream: Upstream, after version: String?) {
    let name = upstream.channel
    say("subscribed", #"{"channel":\#(JSONText.string(name))}"#)
    guard !client.isGone, channels[name] == nil else { return }
    let stream = upstream.stream
    let hub = stream.hubs[loopContext.index]
    let shape = WireFormat.Shape.channelEvent(channel: name)
    let lane = stream.state.lane(WireFormat(shape: shape, isChunked: client.format.isChunked), nil)
    let listener = Listener(lane: lane, connection: self, position: hub.ring.end)
    channels[name] = listener
    if let resumed = upstream.resumesAfter {
      hub.join(listener, .at(hub.positions.lowerBound == 0 ? .position(0) : hub.place(ofVersion: resumed)))
    } else if let version {
      hub.join(listener, .at(hub.place(ofVersion: version)))
    } else {
      // The first subscriber gets everything from the beginning; a later one gets the current state first.
      hub.join(listener, hub.ring.end == 0 ? .at(.position(0)) : .snapshot)
    }
    if let ending = upstream.ending { sourceEnded(stream, ending) }
  }

  func unsubscribe(_ name: String) {
    guard let listener = channels.removeValue(forKey: name) else { return }
    listener.hub?.remove(listener)
    say("unsubscribed", #"{"channel":\#(JSONText.string(name))}"#)
  }

  func describe(_ report: inout ClientReport) {
    report.clientID = clientID
    report.channels = channels.keys.sorted()
  }

  /// A newer connection of the same client replaces this one.
  func replaced() {
    say("replaced", #"{"clientId":\#(JSONText.string(clientID))}"#)
    finish(reason: .replaced)
  }

  /// True, because the end of one channel does not end the connection; ``sourceEnded(_:_:)`` notifies the
  /// client.
  func continuesElsewhere() -> Bool { true }

  func sourceEnded(_ stream: EventStream, _ ending: UpstreamEnding) {
    guard let listener = channels.removeValue(forKey: stream.name) else { return }
    listener.hub?.remove(listener)
    registry.forget(stream.name, of: self)
    let (code, reason) = ending.meaning
    write(ChannelEvent.error(stream.name, code, reason, ending.message))
  }

  func release() {
    removeListeners()
    channels = [:]
    registry.leave(self)
  }

  private func say(_ event: String, _ json: String) { write(ChannelEvent.encode(event, json)) }

  private func write(_ payload: [UInt8]) { client.wrapAndSend(payload) }
}
