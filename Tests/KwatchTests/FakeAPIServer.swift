// SPDX-License-Identifier: Apache-2.0
import Foundation
import Glibc
import Synchronization
import TestSupport

/// An HTTP server with responses from the test, for byte streams that a real server does not send on demand.
///
/// Its responses are recordings of real ones (`Fixtures/k8s-wire`), or have the same form. One thread and one
/// request per connection.
final class FakeAPIServer: Sendable {
  struct Request: Sendable {
    var path: String
    var headers: [String: String]
  }

  /// A response in progress. `send` may be called many times.
  struct Answer: Sendable {
    fileprivate let socket: LoopbackSocket

    func head(_ status: Int = 200, _ headers: [String: String] = ["Content-Type": "application/json"]) {
      let fields = headers.map { "\($0.key): \($0.value)\r\n" }.joined()
      raw(
        Array("HTTP/1.1 \(status) X\r\n\(fields)Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n".utf8)
      )
    }

    func send(_ bytes: [UInt8]) {
      guard !bytes.isEmpty else { return }
      raw(Array("\(String(bytes.count, radix: 16))\r\n".utf8) + bytes + [0x0D, 0x0A])
    }

    func send(_ text: String) { send(Array(text.utf8)) }

    /// Ends the chunked body. Without it the response is incomplete.
    func end() { raw(Array("0\r\n\r\n".utf8)) }

    /// Breaks the connection.
    func cut() { socket.shutDown() }

    /// Holds the stream until the client leaves.
    func hold() {
      var byte: UInt8 = 0
      while unsafe read(socket.descriptor, &byte, 1) > 0 {}
    }

    func whole(
      _ text: String, status: Int = 200, _ headers: [String: String] = ["Content-Type": "application/json"]
    ) {
      head(status, headers)
      send(text)
      end()
    }

    /// Bytes with HTTP's own framing; false once the client has left.
    @discardableResult
    func raw(_ bytes: [UInt8]) -> Bool {
      var rest = bytes[...]
      while !rest.isEmpty {
        let count = unsafe rest.withUnsafeBytes {
          unsafe Glibc.send(socket.descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
        }
        guard count > 0 else { return false }
        rest = rest.dropFirst(count)
      }
      return true
    }
  }

  private let listener: LoopbackSocket
  private let log = Mutex<[Request]>([])
  private let answer: @Sendable (Request, Answer) -> Void

  var port: Int { Int(listener.port) }
  var requests: [Request] { log.withLock { $0 } }
  var paths: [String] { requests.map(\.path) }

  init(_ answer: @escaping @Sendable (Request, Answer) -> Void) throws {
    guard let listener = LoopbackSocket.listen() else { throw NeverCameTrue(what: "a free port") }
    self.listener = listener
    self.answer = answer
    Thread.detachNewThread { [self] in
      while let socket = listener.accept() {
        Thread.detachNewThread { [self] in serve(socket) }
      }
    }
  }

  func close() { listener.shutDown() }

  /// A kubeconfig for this server. `user` is in YAML's flow style.
  func kubeconfig(in directory: URL, host: String = "127.0.0.1", user: String = "token: t") throws -> [String:
    String]
  {
    let file = directory.appending(path: UUID().uuidString)
    let text = """
      current-context: fake
      clusters: [{name: fake, cluster: {server: "http://\(host):\(listener.port)"}}]
      users: [{name: fake, user: {\(user)}}]
      contexts: [{name: fake, context: {cluster: fake, user: fake}}]
      """
    try Data(text.utf8).write(to: file)
    return ["KUBECONFIG": file.path]
  }

  private func serve(_ socket: LoopbackSocket) {
    defer { socket.close() }
    var bytes: [UInt8] = []
    var byte: UInt8 = 0
    while !bytes.suffix(4).elementsEqual([0x0D, 0x0A, 0x0D, 0x0A]) {
      guard unsafe read(socket.descriptor, &byte, 1) == 1 else { return }
      bytes.append(byte)
    }
    let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\r\n").map(String.init)
    let path = String(lines.first?.split(separator: " ").dropFirst().first ?? "")
    var headers: [String: String] = [:]
    for line in lines.dropFirst() {
      let parts = line.split(separator: ":", maxSplits: 1).map(String.init)
      if parts.count == 2 { headers[parts[0].lowercased()] = parts[1].trimmingCharacters(in: .whitespaces) }
    }
    let request = Request(path: path, headers: headers)
    log.withLock { $0.append(request) }
    answer(request, Answer(socket: socket))
    // The end must not discard bytes that were sent before it.
    socket.shutDown()
  }

  /// `/api/v1` with the resources that the tests use.
  static let core = """
    {"kind":"APIResourceList","groupVersion":"v1","resources":[
    {"name":"configmaps","singularName":"configmap","namespaced":true,"kind":"ConfigMap","verbs":["list","watch"],"shortNames":["cm"],"categories":["all"]},
    {"name":"pods","singularName":"pod","namespaced":true,"kind":"Pod","verbs":["list","watch"],"shortNames":["po"],"categories":["all"]},
    {"name":"secrets","singularName":"secret","namespaced":true,"kind":"Secret","verbs":["list","watch"],"categories":["all"]},
    {"name":"nodes","singularName":"node","namespaced":false,"kind":"Node","verbs":["list","watch"],"shortNames":["no"]}]}
    """
}
