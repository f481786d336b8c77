// SPDX-License-Identifier: Apache-2.0
@testable import WfanoutCore

private let messageLimit = 300

/// The same bytes give the same events and the same violation, wherever they are cut; and no limit is
/// exceeded.
func checkFrames(_ input: [UInt8], inflater: Inflater?) {
  let whole = decode([input[...]], inflater)
  let cut = input.count / 2
  precondition(whole == decode([input[..<cut], input[cut...]], inflater), "cut at \(cut)")
  precondition(whole == decode(input.indices.map { input[$0...$0] }, inflater), "byte by byte")
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
  var violation: WebSocketDecoder.ProtocolError?
}

/// A compressed message is decompressed to the same bytes; the first byte selects the window. Any bytes can
/// be input of the decompressor.
func checkCompression(_ input: [UInt8], inflater: Inflater) {
  var payload: [UInt8] = []
  if Deflater(windowBits: 9 + Int(input.first ?? 0) % 7).append(input, input.indices, to: &payload) {
    precondition(payload.count < input.count)
    precondition((try? inflater.message(payload, limit: input.count)) == input)
    precondition((try? inflater.message(payload, limit: input.count - 1)) == nil)
  } else {
    precondition(payload.isEmpty)
  }
  if let message = try? inflater.message(input, limit: messageLimit) {
    precondition(message.count <= messageLimit)
  }
}

private func decode(_ pieces: [ArraySlice<UInt8>], _ inflater: Inflater?) -> Outcome {
  var decoder = WebSocketDecoder(messageLimit: messageLimit, inflater: inflater)
  var outcome = Outcome()
  do throws(WebSocketDecoder.ProtocolError) {
    for piece in pieces {
      var bytes = piece.makeIterator()
      while let event = try decoder.next(&bytes) { outcome.events.append(event) }
    }
  } catch {
    outcome.violation = error
  }
  return outcome
}
