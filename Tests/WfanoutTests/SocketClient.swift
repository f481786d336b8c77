// SPDX-License-Identifier: Apache-2.0
import Foundation
import JSON
import Testing

@testable import WfanoutCore

/// A small WebSocket client over a plain socket, so that tests see every byte.
final class SocketClient {
  private let descriptor: Int32
  private var buffer: [UInt8] = []
  private(set) var head = ""

  struct Frame: Equatable {
    var opcode: UInt8
    var payload: [UInt8]
    /// Whether the frame was compressed. The payload is decompressed.
    var isCompressed = false
    var text: String { String(decoding: payload, as: UTF8.self) }
    var closeCode: Int { payload.count < 2 ? 1005 : Int(payload[0]) << 8 | Int(payload[1]) }
  }

  struct Failure: Error, CustomStringConvertible { var description: String }

  /// With a nil path, it only opens the connection.
  init(port: Int, path: String?, headers: [String] = []) throws {
    descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = UInt16(port).bigEndian
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    let connected = unsafe withUnsafePointer(to: &address) { pointer in
      unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        unsafe connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    guard connected == 0 else { throw Failure(description: "connect: errno \(errno)") }
    var limit = timeval(tv_sec: 10, tv_usec: 0)
    unsafe setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
    guard let path else { return }
    let fields =
      [
        "Host: 127.0.0.1:\(port)", "Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
      ] + headers
    write(Array("GET \(path) HTTP/1.1\r\n\(fields.joined(separator: "\r\n"))\r\n\r\n".utf8))
    try readHead()
  }

  deinit { close(descriptor) }

  func write(_ bytes: [UInt8]) {
    var sent = 0
    while sent < bytes.count {
      let count = unsafe bytes.withUnsafeBytes {
        unsafe Glibc.send(
          descriptor, $0.baseAddress?.advanced(by: sent), $0.count - sent, Int32(MSG_NOSIGNAL))
      }
      guard count > 0 else { return }
      sent += count
    }
  }

  func say(_ text: String) { write(WebSocketDecoderTests.frame(1, Array(text.utf8))) }

  /// The next bytes; empty at the end of the connection.
  func read() throws -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: 65_536)
    let count = unsafe recv(descriptor, &bytes, bytes.count, 0)
    if count < 0 && errno != ECONNRESET {
      throw Failure(description: "nothing came in 10 s, so far: \(buffer)")
    }
    return Array(bytes[..<max(0, count)])
  }

  func readHead() throws {
    while true {
      if let end = buffer.indices.dropLast(3).first(where: {
        buffer[$0..<($0 + 4)].elementsEqual("\r\n\r\n".utf8)
      }) {
        head = String(decoding: buffer[..<end], as: UTF8.self)
        buffer.removeSubrange(..<(end + 4))
        return
      }
      let bytes = try read()
      if bytes.isEmpty { throw Failure(description: "closed: \(String(decoding: buffer, as: UTF8.self))") }
      buffer += bytes
    }
  }

  /// The next frame; nil when the connection is over.
  func next() throws -> Frame? {
    while true {
      if buffer.count >= 2 {
        let short = Int(buffer[1] & 127)
        let size = short == 126 ? 4 : short == 127 ? 10 : 2
        if buffer.count >= size {
          let length = size == 2 ? short : buffer[2..<size].reduce(0) { $0 << 8 | Int($1) }
          if buffer.count >= size + length {
            defer { buffer.removeSubrange(..<(size + length)) }
            let payload = Array(buffer[size..<(size + length)])
            guard buffer[0] & 0x40 != 0 else { return Frame(opcode: buffer[0] & 15, payload: payload) }
            return Frame(
              opcode: buffer[0] & 15, payload: try Inflater().message(payload, limit: 1 << 20),
              isCompressed: true)
          }
        }
      }
      let bytes = try read()
      if bytes.isEmpty { return nil }
      buffer += bytes
    }
  }

  /// The next text message as JSON.
  func nextMessage() throws -> JSONValue {
    let frame = try #require(try next())
    #expect(frame.opcode == 1)
    return try #require(JSONValue(frame.payload), "\(frame.text)")
  }
}
