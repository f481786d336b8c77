// SPDX-License-Identifier: Apache-2.0
import Watch

/// Each line is a message of a `/ws` client; whatever it says, the answers are JSON objects with a type.
func checkSession(_ input: [UInt8]) {
  var session = SocketSession(
    clientID: "c", needsToken: input.first == UInt8(ascii: "t"), knownTypes: ["A", "B"])
  for message in input.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false) {
    for action in session.receive(Array(message), now: .now) { check(action) }
    precondition(session.subscriptions.count <= 50)
    precondition(session.subscriptions.isEmpty || !session.subscriptions.key.isEmpty)
    _ = session.subscriptions.matches(type: "A", cluster: nil, namespace: "n")
  }
}

private func check(_ action: SocketSession.Action) {
  switch action {
  case .send(let text):
    guard let answer = JSONDocument(Array(text.utf8)), answer["type"]?.string != nil else {
      preconditionFailure("not a message: \(text)")
    }
  case .close(let code, _): precondition(code == 1008)
  case .deliver, .resume, .check: break
  }
}
