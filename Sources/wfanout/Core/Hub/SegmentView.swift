// SPDX-License-Identifier: Apache-2.0
import NIOCore

/// Events of one segment as they are sent over the wire, one after the other in one buffer that all
/// connections share.
struct SegmentView: Sendable {
  let buffer: ByteBuffer
  /// The end of each event of the batch. An event that is left out has no bytes.
  private let ends: [Int]
  /// The number of events that are included.
  let count: Int
  let firstPosition: Int
  var endPosition: Int { firstPosition + ends.count }

  /// All events of the batch.
  init(_ batch: Batch, format: WireFormat) {
    var builder = Builder(batch, format: format)
    while builder.next != nil { builder.add(.line) }
    self = builder.view
  }

  private init(buffer: ByteBuffer, ends: [Int], count: Int, firstPosition: Int) {
    self.buffer = buffer
    self.ends = ends
    self.count = count
    self.firstPosition = firstPosition
  }

  /// The bytes from the event at `position` on; nil when there are none.
  func slice(from position: Int) -> ByteBuffer? {
    let index = position - firstPosition
    let start = index <= 0 ? 0 : ends[index - 1]
    let length = buffer.readableBytes - start
    return length > 0 ? buffer.getSlice(at: start, length: length) : nil
  }

  /// The bytes of the events from one position to before another.
  func slice(from position: Int, to end: Int) -> ByteBuffer? {
    guard end < endPosition else { return slice(from: position) }
    let start = position <= firstPosition ? 0 : ends[position - firstPosition - 1]
    let length = (end <= firstPosition ? 0 : ends[end - firstPosition - 1]) - start
    return length > 0 ? buffer.getSlice(at: start, length: length) : nil
  }

  /// The number of events that are included between two positions.
  func count(from position: Int, to end: Int) -> Int {
    end >= endPosition
      ? count(from: position) : (max(position, firstPosition)..<max(position, end)).count(where: includes)
  }

  func includes(_ position: Int) -> Bool {
    let index = position - firstPosition
    return ends.indices.contains(index) && ends[index] > (index == 0 ? 0 : ends[index - 1])
  }

  /// The number of events that are included from `position` on.
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

  /// Makes a view event by event, so that the work can be interrupted.
  struct Builder {
    private let batch: Batch
    private let format: WireFormat
    private let deflater: Deflater?
    private var bytes: [UInt8] = []
    private var ends: [Int] = []
    private var count = 0

    init(_ batch: Batch, format: WireFormat) {
      self.batch = batch
      self.format = format
      deflater = format.windowBits.map { Deflater(windowBits: $0) }
      ends.reserveCapacity(batch.count)
    }

    /// The index of the event that is added next; nil when all are.
    var next: Int? { ends.count < batch.count ? ends.count : nil }

    mutating func add(_ delivery: Delivery) {
      let index = ends.count
      switch delivery {
      case .nothing: break
      case .line: format.encode(batch, index, with: deflater, into: &bytes)
      case .retyped(let type): format.encode(batch.retyped(index, as: type), 0, with: deflater, into: &bytes)
      }
      if bytes.count > ends.last ?? 0 { count += 1 }
      ends.append(bytes.count)
    }

    var view: SegmentView {
      SegmentView(
        buffer: ByteBuffer(bytes: bytes), ends: ends, count: count, firstPosition: batch.firstPosition)
    }
  }
}
