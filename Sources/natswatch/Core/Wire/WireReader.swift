// SPDX-License-Identifier: Apache-2.0

import FoundationEssentials
import Glibc
import Process

/// Reads the server's protocol from a socket and sorts messages by subscription.
///
/// libnats reads well, but with an allocation, two locks and a wake-up a message; a tail that is to keep up with the
/// server has no time for that. Not for TLS, whose state libnats keeps to itself. One thread at a time.
struct WireReader {
  /// What the server has said beside messages since this was last looked at.
  struct News {
    var pings = 0
    var errors: [String] = []
    /// Addresses of the cluster's servers, from the last INFO.
    var servers: [String] = []
  }

  static let blockSize = 128 * 1024

  var news = News()
  private var arrived: [Int64: [WireMessage]] = [:]
  private var block = WireBlock(capacity: Self.blockSize)
  /// What has been read and not been parsed.
  private var unparsed = 0..<0
  /// How far the bytes have to reach before it is worth a look.
  private var needed = 1

  /// From now on keeps the messages of a subscription.
  mutating func open(_ subscription: Int64) { arrived[subscription] = [] }

  mutating func close(_ subscription: Int64) { arrived[subscription] = nil }

  /// Exchanges the messages that have arrived for an empty array, whose memory is used again.
  mutating func take(_ subscription: Int64, _ messages: inout [WireMessage]) {
    if let index = arrived.index(forKey: subscription) { swap(&arrived.values[index], &messages) }
  }

  /// Reads what is there, once.
  ///
  /// - Returns: Whether anything came.
  /// - Throws: Why the connection is of no more use.
  mutating func read(from socket: Int32) throws(Loss) -> Bool {
    makeRoom()
    let count = unsafe recv(
      socket, block.bytes + unparsed.upperBound, block.capacity - unparsed.upperBound, Int32(MSG_DONTWAIT))
    guard count > 0 else {
      if count < 0, errno == EAGAIN || errno == EINTR { return false }
      throw Loss(reason: count == 0 ? "the server has closed the connection" : systemMessage(errno))
    }
    unparsed = unparsed.lowerBound..<unparsed.upperBound + count
    try parse()
    return true
  }

  /// Why a connection is of no more use.
  struct Loss: Error {
    var reason: String
  }

  /// Puts what is not parsed to the front: of the same block, when no message points into it any more.
  private mutating func makeRoom() {
    let wanted = needed - unparsed.lowerBound
    // A line that is longer than a block says not how long: doubling finds out.
    let capacity = wanted <= Self.blockSize ? Self.blockSize : max(wanted, 2 * unparsed.count)
    if isKnownUniquelyReferenced(&block), block.capacity >= capacity {
      unsafe memmove(block.bytes, block.bytes + unparsed.lowerBound, unparsed.count)
    } else {
      let next = WireBlock(capacity: capacity)
      unsafe memcpy(next.bytes, block.bytes + unparsed.lowerBound, unparsed.count)
      block = next
    }
    needed -= unparsed.lowerBound
    unparsed = 0..<unparsed.count
  }

  private mutating func parse() throws(Loss) {
    var position = unparsed.lowerBound
    defer { unparsed = position..<unparsed.upperBound }
    guard unparsed.upperBound >= needed else { return }
    let bytes = unsafe block.prefix(unparsed.upperBound)
    while true {
      switch unsafe WireParser.parse(bytes, from: position) {
      case .operation(let operation, let end):
        take(operation)
        position = end
      case .incomplete(let end):
        needed = end
        return
      case .malformed:
        let text = unsafe String(decoding: bytes[position...].prefix(40), as: UTF8.self)
        throw Loss(reason: "the server does not speak the NATS protocol: \(text.debugDescription)")
      }
    }
  }

  private mutating func take(_ operation: WireParser.Operation) {
    switch operation {
    case .message(let layout):
      guard let index = arrived.index(forKey: layout.subscription) else { return }
      arrived.values[index].append(WireMessage(block: block, layout: layout))
    case .ping: news.pings += 1
    case .acknowledgement: break
    case .error(let range): unsafe news.errors.append(String(decoding: block[range], as: UTF8.self))
    case .info(let range):
      struct Info: Decodable { var connect_urls: [String]? }
      let info = unsafe try? JSONDecoder().decode(Info.self, from: Data(block[range]))
      if let servers = info?.connect_urls { news.servers = servers }
    }
  }
}
