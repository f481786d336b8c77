// SPDX-License-Identifier: Apache-2.0

private let messageLimit = 300

/// The same bytes give the same events and the same violation, however they are cut; and no limit is passed.
func checkFrames(_ input: [UInt8]) {
  let whole = decode([input[...]])
  let cut = input.count / 2
  precondition(whole == decode([input[..<cut], input[cut...]]), "cut at \(cut)")
  precondition(whole == decode(input.indices.map { input[$0...$0] }), "byte by byte")
  for event in whole.events {
    switch event {
    case .text(let bytes):
      precondition(bytes.count <= messageLimit)
      precondition(String(decoding: bytes, as: UTF8.self).utf8.elementsEqual(bytes), "text is not UTF-8")
    case .binary(let bytes): precondition(bytes.count <= messageLimit)
    case .ping(let bytes), .pong(let bytes): precondition(bytes.count <= 125)
    case .close(let code, let reason): precondition(code >= 1000 && code < 5000 && reason.utf8.count <= 123)
    }
  }
  if let violation = whole.violation { precondition([1002, 1007, 1009].contains(violation.code)) }
}

private struct Outcome: Equatable {
  var events: [WebSocketDecoder.Event] = []
  var violation: WebSocketDecoder.Violation?
}

private func decode(_ pieces: [ArraySlice<UInt8>]) -> Outcome {
  var decoder = WebSocketDecoder(messageLimit: messageLimit)
  var outcome = Outcome()
  do throws(WebSocketDecoder.Violation) {
    for piece in pieces {
      try decoder.feed(piece) { _, event throws(WebSocketDecoder.Violation) in outcome.events.append(event) }
    }
  } catch {
    outcome.violation = error
  }
  return outcome
}
