// SPDX-License-Identifier: Apache-2.0

import Foundation
import JSON
import TestSupport
import Testing

@testable import NatswatchCore

/// A real server, the test's own connection to it, and helper functions for streams.
struct Bed {
  let server: NATSServer
  let jetStream: JetStream
  var environment: [String: String] { ["NATS_URL": server.url] }

  /// Starts a server for one test.
  init(_ version: NATSServer.Version) throws {
    server = try NATSServer.start(version)
    jetStream = try Self.connect(server.url)
  }

  /// Uses a server that requires a user and a password.
  init(_ server: NATSServer, user: String, password: String) throws {
    self.server = server
    var settings = ConnectionSettings()
    settings.servers = [server.url]
    settings.user = user
    settings.password = password
    jetStream = JetStream(connection: try Connection(settings), shutdown: nil)
  }

  private init(server: NATSServer, jetStream: JetStream) {
    self.server = server
    self.jetStream = jetStream
  }

  /// The same server over a new connection, after it was restarted.
  func reconnected() throws -> Bed { Bed(server: server, jetStream: try Self.connect(server.url)) }

  static func connect(_ url: String) throws -> JetStream {
    var settings = ConnectionSettings()
    settings.servers = url.split(separator: ",").map(String.init)
    return JetStream(connection: try Connection(settings), shutdown: nil)
  }

  /// Creates a stream. `more` is the rest of its configuration, such as `,"max_msgs":10`.
  func createStream(_ name: String = "S", _ subjects: [String] = ["a.>"], more: String = "") throws {
    try createStreamEventually(jetStream, name, subjects, more: more)
  }

  /// Publishes messages `{"n":from}` … `{"n":to}` in order, and waits until they are stored.
  func publish(_ range: ClosedRange<Int>, to subject: String = "a.x", stream: String = "S", padding: Int = 0)
    throws
  {
    let before = try jetStream.streamInfo(stream).state.last_seq
    let pad = String(repeating: "x", count: padding)
    for number in range {
      #expect(jetStream.connection.publish(Array("{\"n\":\(number),\"pad\":\"\(pad)\"}".utf8), to: subject))
      guard number % 5000 == 0 else { continue }
      // New servers drop messages that exceed the stream's queue if the publisher does not wait for
      // acknowledgements.
      jetStream.connection.flush(milliseconds: 5_000)
      let sent = UInt64(number - range.lowerBound + 1)
      try eventually("\(sent) messages are stored", within: .seconds(60)) {
        try jetStream.streamInfo(stream).state.last_seq >= before + sent
      }
    }
    jetStream.connection.flush(milliseconds: 5_000)
    try eventually("\(range.count) messages are stored", within: .seconds(60)) {
      try jetStream.streamInfo(stream).state.last_seq >= before + UInt64(range.count)
    }
  }

  /// The response of `$JS.API.<subject>`.
  func ask(_ subject: String, _ body: String = "") throws -> JSONValue {
    try jetStream.request(subject, Array(body.utf8), as: JSONValue.self)
  }

  func info(_ stream: String = "S") throws -> StreamInfo { try jetStream.streamInfo(stream) }

  func purge(_ stream: String = "S", _ body: String = "") throws {
    #expect(try ask("STREAM.PURGE.\(stream)", body)["success"] == .bool(true))
  }

  func delete(_ stream: String = "S") throws {
    #expect(try ask("STREAM.DELETE.\(stream)")["success"] == .bool(true))
  }

  func removeMessage(_ sequence: UInt64, of stream: String = "S") throws {
    #expect(try ask("STREAM.MSG.DELETE.\(stream)", "{\"seq\":\(sequence)}")["success"] == .bool(true))
  }

  func consumers(of stream: String = "S") throws -> [String] {
    try ask("CONSUMER.NAMES.\(stream)")["consumers"]?.strings ?? []
  }

  /// All messages of a stream.
  func stored(in stream: String) throws -> [Delivery] {
    let count = Int(try info(stream).state.messages)
    let inbox = try jetStream.connection.subscribe(isLiteral: true, drivesLoop: true)
    let consumer = try EphemeralConsumer.create(
      .init(stream: stream, filters: []), .all, to: inbox.inbox, on: jetStream)
    defer { jetStream.deleteConsumer(consumer.info.name, of: stream) }
    var messages: [Delivery] = []
    let clock = ContinuousClock()
    var deadline = clock.now + .seconds(10)
    while messages.count < count {
      // A wait can end early without a message: the time of the whole silence counts.
      guard case .message(let message) = inbox.next(milliseconds: 500) else {
        guard inbox.connection.loss == nil, clock.now < deadline else {
          throw NATSError(.unavailable, "\(stream): \(messages.count) of \(count) messages came")
        }
        continue
      }
      deadline = clock.now + .seconds(10)
      if let delivery = Delivery(message) {
        messages.append(delivery)
      } else if unsafe !message.replyBytes.isEmpty {
        // Flow control.
        jetStream.connection.publish(to: message.reply)
      }
    }
    return messages
  }

  func run(
    _ arguments: [String], stdin: String = "", environment more: [String: String] = [:],
    deadline: Duration = .seconds(40)
  ) throws -> Tool.Outcome {
    try Tool.run(
      "natswatch", arguments, stdin: stdin, environment: environment.merging(more) { $1 }, deadline: deadline)
  }

  func start(_ arguments: [String], environment more: [String: String] = [:]) throws -> RunningTool {
    try Tool.start("natswatch", arguments, environment: environment.merging(more) { $1 })
  }

  /// Starts a tail, and returns when its consumer exists.
  func startTail(_ arguments: [String], stream: String = "S") throws -> RunningTool {
    let before = try consumers(of: stream).count
    let tool = try start(["tail"] + arguments)
    try eventually("the tail has its consumer") { try consumers(of: stream).count > before }
    return tool
  }
}

func createStreamEventually(
  _ jetStream: JetStream, _ name: String, _ subjects: [String], more: String = ""
) throws {
  let list = subjects.map { "\"\($0)\"" }.joined(separator: ",")
  // A server that has just started, and a cluster without a leader, need some time to answer.
  try eventually("the stream \(name) is made", within: .seconds(40)) {
    do throws(NATSError) {
      try jetStream.createStream(Array("{\"name\":\"\(name)\",\"subjects\":[\(list)]\(more)}".utf8))
      return true
    } catch {
      guard error.isTransient || error.code == .refused, error.serverCode != 10052 else { throw error }
      return false
    }
  }
}

/// The sequences in lines of natswatch, in their order. It uses the C library's searches, because tests are
/// not optimised.
func sequences(in text: some StringProtocol) -> [UInt64] {
  let marker = ",\"sequence\":"
  var numbers: [UInt64] = []
  var bytes = String(text).utf8CString
  unsafe bytes.withUnsafeMutableBufferPointer { buffer in
    var line = buffer.baseAddress
    while let start = unsafe line {
      let end = unsafe strchr(start, 0x0a)
      unsafe end?.pointee = 0
      // The last one: a payload may have `sequence`, too.
      var last: UnsafeMutablePointer<CChar>?
      var found = unsafe strstr(start, marker)
      while let here = unsafe found {
        unsafe last = here + marker.utf8.count
        unsafe found = unsafe strstr(here + 1, marker)
      }
      if let last = unsafe last { unsafe numbers.append(strtoull(last, nil, 10)) }
      unsafe line = end.map { unsafe $0 + 1 }
    }
  }
  return numbers
}
