// SPDX-License-Identifier: Apache-2.0
import Events

@testable import WfanoutCore

/// Adds any lines to the ring and encodes them in every wire format; looks up any id.
func checkLines(_ input: [UInt8]) {
  let lines = input.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
  var batch = Batch(firstPosition: 7)
  for line in lines.dropFirst() { batch.append(line) }
  batch.seal(epoch: 5)
  precondition(batch.count <= lines.count)
  for index in 0..<batch.count {
    let line = batch.bytes[batch.line(index)]
    precondition(!line.contains(UInt8(ascii: "\n")) && !line.contains(UInt8(ascii: "\r")))
    precondition(String(decoding: line, as: UTF8.self).utf8.elementsEqual(line))
    checkWire(batch, index)
    guard batch.kinds[index].isOfObject else { continue }
    let told = batch.retyped(index, as: .deleted)
    precondition(told.kinds == [.deleted] && told.ids == [batch.ids[index]])
  }
  let wanted = String(decoding: lines.first ?? [], as: UTF8.self)
  var index = RingIndex()
  index.append(batch)
  let find: (Int) -> Batch? = { $0 >= batch.firstPosition && $0 < batch.endPosition ? batch : nil }
  if let id = EventID(wanted) { check(index.place(of: id, batch: find), batch) }
  check(index.place(ofVersion: wanted, batch: find), batch)
}

private func check(_ point: StartPoint, _ batch: Batch) {
  guard case .position(let position) = point else { return }
  precondition(position >= batch.firstPosition && position <= batch.endPosition)
}

private func checkWire(_ batch: Batch, _ index: Int) {
  let shapes: [WireFormat.Shape] = [
    .eventStream, .lines, .webSocketText, .webSocketEvent, .channelEvent(channel: "c\"\n"),
  ]
  for shape in shapes {
    var plain: [UInt8] = []
    WireFormat(shape: shape, isChunked: false).encode(batch, index, into: &plain)
    var chunked: [UInt8] = []
    WireFormat(shape: shape, isChunked: true).encode(batch, index, into: &chunked)
    precondition(!plain.isEmpty && chunked.count >= plain.count)
    switch shape {
    case .webSocketText, .webSocketEvent: break
    case .lines: precondition(plain.count { $0 == UInt8(ascii: "\n") } == 1)
    default:
      // An event ends with the only empty line in it.
      let end = plain.suffix(2)
      precondition(end.elementsEqual("\n\n".utf8))
      precondition(
        !plain.dropLast(2).split(separator: 10, omittingEmptySubsequences: false).contains { $0.isEmpty })
      let head = String(chunked.count - plain.count, radix: 16)
      precondition(!head.isEmpty && chunked.suffix(2).elementsEqual("\r\n".utf8))
    }
  }
}
