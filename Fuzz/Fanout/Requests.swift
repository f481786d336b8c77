// SPDX-License-Identifier: Apache-2.0
import Events

@testable import WfanoutCore

/// The first line is a target, the others are header fields.
func checkRequest(_ input: [UInt8]) {
  let lines = input.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
    .map { String(decoding: $0, as: UTF8.self) }
  let target = lines.first ?? ""
  let headers = lines.dropFirst().map { line in
    let parts = line.split(separator: ":", maxSplits: 1)
    return (name: parts.first.map(String.init) ?? "", value: parts.count > 1 ? String(parts[1]) : "")
  }
  let request = HTTPRequest(method: "GET", target: target, headers: headers)
  precondition(request.query.count <= target.utf8.count + 1)
  precondition(request.path.utf8.count <= 3 * target.utf8.count + 1)
  let listen = ListenRequest(request)
  if case .after(let text) = listen.start, let id = EventID(text) {
    precondition(EventID("\(id)") == id)
  }
  precondition(listen.filter.isEmpty || !listen.filter.key.isEmpty)
  if let path = KubernetesPath(request.path) {
    precondition(!path.resource.isEmpty && path.namespace != ".." && path.name != "..")
  }
  do throws(HTTPError) { _ = try KubernetesWatchQuery(request) } catch {
    precondition(error.status.code == 400 || error.status.code == 422)
  }
  _ = (
    request.hasHost, request.accepts("application/json"), request.header("connection", contains: "upgrade")
  )
  if let agreed = MessageCompression(accepting: request.list("sec-websocket-extensions")) {
    precondition((9...15).contains(agreed.windowBits) && MessageCompression(accepting: agreed.answer) != nil)
  }
  checkHead(request)
}

/// No part of a request can start a header field in the response.
private func checkHead(_ request: HTTPRequest) {
  let head = ResponseHead.encode(200, [("A", request.path), ("B", request.query.first?.value ?? "")])
  let text = Array(head)
  let breaks = text.indices.filter { text[$0] == UInt8(ascii: "\n") || text[$0] == UInt8(ascii: "\r") }
  precondition(breaks.count == 8, "\(breaks.count) line breaks")
}
