// SPDX-License-Identifier: Apache-2.0
//
// libFuzzer's entry for what a NATS server sends to natswatch. How to run it: Fuzz/README.md.
@testable import NatswatchCore

/// Parses the input operation by operation. Each must lie within what was read and beyond the last one, be the same
/// when nothing follows it, and be incomplete when its last byte is missing.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzNATSWire(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  let block = WireBlock(capacity: max(count, 1))
  if let start = unsafe start { unsafe block.bytes.update(from: start, count: count) }
  var position = 0
  while true {
    switch unsafe WireParser.parse(block.prefix(count), from: position) {
    case .operation(let operation, let end):
      precondition(end > position && end <= count)
      precondition(
        unsafe WireParser.parse(block.prefix(end), from: position) == .operation(operation, end: end))
      guard case .incomplete(let missing) = unsafe WireParser.parse(block.prefix(end - 1), from: position)
      else {
        preconditionFailure("complete without its last byte")
      }
      precondition(missing == end)
      take(operation, block, position..<end)
      position = end
    case .incomplete(let end):
      precondition(end > count)
      return 0
    case .malformed: return 0
    }
  }
}

private func take(_ operation: WireParser.Operation, _ block: WireBlock, _ whole: Range<Int>) {
  func check(_ range: Range<Int>) {
    precondition(
      range.isEmpty || range.lowerBound >= whole.lowerBound && range.upperBound <= whole.upperBound)
  }
  switch operation {
  case .message(let layout):
    for range in [layout.subject, layout.reply, layout.header, layout.payload] { check(range) }
    precondition(!layout.subject.isEmpty)
    let message = WireMessage(block: block, layout: layout)
    precondition(message.headers.allSatisfy { !$0.values.isEmpty })
    _ = message.isNoResponders
  case .info(let range), .error(let range): check(range)
  case .ping, .acknowledgement: break
  }
}
