// SPDX-License-Identifier: Apache-2.0

import Encoding
import JSON

@testable import WfanoutCore

/// Each line is a message of a `/ws` client. Every response is a JSON object with a type. An empty line makes
/// the token expire; every token is accepted.
func checkSession(_ input: [UInt8]) {
  var session = SocketSession(
    clientID: "c", needsToken: input.first == UInt8(ascii: "t"), knownTypes: ["A", "B"])
  for message in input.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false) {
    let actions = message.isEmpty ? session.expired() : session.receive(Array(message), now: .now)
    for action in actions { check(action) }
    if case .check = actions.first { session.authenticated().forEach(check) }
    precondition(session.subscriptions.count <= 50)
    precondition(session.subscriptions.subscriptions.allSatisfy { $0.excluded.count <= 1000 })
    precondition(session.subscriptions.isEmpty || !session.subscriptions.key.isEmpty)
    _ = session.subscriptions.matches(RoutingFacts(type: "A", namespace: "n"))
  }
}

private func check(_ action: SocketSession.Action) {
  switch action {
  case .send(let text), .sendPosition(let text):
    guard let answer = JSONValue(Array(text.utf8)), answer["type"]?.string != nil else {
      preconditionFailure("not a message: \(text)")
    }
  case .close(let code, _): precondition(code == 1008)
  case .deliver, .resume, .check: break
  }
}
