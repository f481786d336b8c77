// SPDX-License-Identifier: Apache-2.0
import NIOCore

/// Events of one segment as they go over the wire, one after the other in one buffer that all connections share.
struct SegmentView: Sendable {
  let buffer: ByteBuffer
  /// Where each event of the batch ends; one that is left out ends where it begins.
  private let ends: [Int]
  /// How many events are in.
  let count: Int
  private let firstPosition: Int

  init(_ batch: Batch, format: WireFormat, _ delivery: (Int) -> Delivery) {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(batch.bytes.count + batch.count * 64)
    var ends: [Int] = []
    ends.reserveCapacity(batch.count)
    var count = 0
    let deflater = format.windowBits.map { Deflater(windowBits: $0) }
    for index in 0..<batch.count {
      switch delivery(index) {
      case .nothing: break
      case .line: format.encode(batch, index, with: deflater, into: &bytes)
      case .retyped(let type): format.encode(batch.retyped(index, as: type), 0, with: deflater, into: &bytes)
      }
      if bytes.count > ends.last ?? 0 { count += 1 }
      ends.append(bytes.count)
    }
    self.buffer = ByteBuffer(bytes: bytes)
    self.ends = ends
    self.count = count
    self.firstPosition = batch.firstPosition
  }

  /// The bytes from the event at `position` on; nil when there are none.
  func slice(from position: Int) -> ByteBuffer? {
    let index = position - firstPosition
    let start = index <= 0 ? 0 : ends[index - 1]
    let length = buffer.readableBytes - start
    return length > 0 ? buffer.getSlice(at: start, length: length) : nil
  }

  /// How many events are in from `position` on.
  func count(from position: Int) -> Int {
    let index = position - firstPosition
    if index <= 0 { return count }
    var previous = ends[index - 1]
    var counted = 0
    for end in ends[index...] {
      if end > previous { counted += 1 }
      previous = end
    }
    return counted
  }
}
