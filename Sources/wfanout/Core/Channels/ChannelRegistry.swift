// SPDX-License-Identifier: Apache-2.0
import NIOCore
import Synchronization

/// The connected clients by client id, so that a subscription on one connection reaches the stream on
/// another.
final class ChannelRegistry: Sendable {
  /// The maximum number of channels per client.
  let channelLimit: Int
  /// A connection. It is used on its event loop only.
  struct Entry: @unchecked Sendable {  // `connection` is used on `loop` alone
    let identity: String
    let loop: any EventLoop
    fileprivate let connection: ChannelConnection
    fileprivate var channels: Set<String> = []

    func run(_ body: @escaping @Sendable (ChannelConnection) -> Void) {
      let box = self
      loop.execute { body(box.connection) }
    }
  }

  private let clients = Mutex<[String: Entry]>([:])

  init(channelLimit: Int) { self.channelLimit = channelLimit }

  var count: Int { clients.withLock { $0.count } }

  /// Adds a connection; an older one of the same client gets the event `replaced`.
  ///
  /// - Returns: False if the id is in use by another identity.
  func join(_ connection: ChannelConnection, identity: String) -> Bool {
    let fresh = Entry(identity: identity, loop: connection.client.channel.eventLoop, connection: connection)
    let id = connection.clientID
    let (isOwn, old) = clients.withLock { clients -> (Bool, Entry?) in
      if let known = clients[id], known.identity != identity { return (false, nil) }
      return (true, clients.updateValue(fresh, forKey: id))
    }
    old?.run { $0.replaced() }
    return isOwn
  }

  /// Removes a connection; does nothing if a newer one has replaced it.
  func leave(_ connection: ChannelConnection) {
    clients.withLock { clients in
      if clients[connection.clientID]?.connection === connection { clients[connection.clientID] = nil }
    }
  }

  /// Removes a channel that has ended from the client's count.
  func forget(_ channel: String, of connection: ChannelConnection) {
    clients.withLock { clients in
      guard clients[connection.clientID]?.connection === connection else { return }
      clients[connection.clientID]?.channels.remove(channel)
    }
  }

  enum Lookup {
    case found(Entry)
    case unknown
    case foreign
    case full
  }

  /// Adds a channel to a client's count; a channel that it already has is not counted twice.
  func subscribe(_ id: String, identity: String, channel: String) -> Lookup {
    clients.withLock { clients in
      guard var client = clients[id] else { return .unknown }
      guard client.identity == identity else { return .foreign }
      guard client.channels.contains(channel) || client.channels.count < channelLimit else {
        return .full
      }
      client.channels.insert(channel)
      clients[id] = client
      return .found(client)
    }
  }

  func unsubscribe(_ id: String, identity: String, channel: String) -> Lookup {
    clients.withLock { clients in
      guard var client = clients[id] else { return .unknown }
      guard client.identity == identity else { return .foreign }
      client.channels.remove(channel)
      clients[id] = client
      return .found(client)
    }
  }
}
