// SPDX-License-Identifier: Apache-2.0

/// An element of a ring: a run of consecutive events.
protocol RingElement {
  var firstPosition: Int { get }
  var endPosition: Int { get }
  /// The size that is charged against the ring's limit.
  var byteCount: Int { get }
}

/// The newest segments of a stream, up to a number of bytes.
///
/// Positions count events from the start of the stream; `start` is the oldest event in the ring, `end` the
/// next event to come. The newest segment stays whatever its size.
struct Ring<Element: RingElement> {
  let byteLimit: Int
  private var elements: [Element?] = []
  private var head = 0
  private(set) var byteCount = 0
  private(set) var end = 0

  init(byteLimit: Int) { self.byteLimit = byteLimit }

  var count: Int { elements.count - head }

  /// The position of the oldest event in the ring; `end` if the ring is empty.
  var start: Int {
    guard head < elements.count, let first = elements[head] else { return end }
    return first.firstPosition
  }

  /// - Returns: The number of events that were removed at the other end.
  @discardableResult
  mutating func append(_ element: Element) -> Int {
    let before = start
    elements.append(element)
    byteCount += element.byteCount
    end = element.endPosition
    while byteCount > byteLimit, elements.count - head > 1, let oldest = elements[head] {
      byteCount -= oldest.byteCount
      elements[head] = nil
      head += 1
    }
    if head > 64, head * 2 > elements.count {
      elements.removeFirst(head)
      head = 0
    }
    return start - before
  }

  /// The segment that holds the event at `position`; nil if the event is no longer, or not yet, in the ring.
  func element(at position: Int) -> Element? {
    guard position >= start, position < end else { return nil }
    var low = head
    var high = elements.count - 1
    while low < high {
      let middle = (low + high + 1) / 2
      if let element = elements[middle], element.firstPosition <= position {
        low = middle
      } else {
        high = middle - 1
      }
    }
    return elements[low]
  }

  /// From the newest to the oldest.
  func reversedElements() -> some Sequence<Element> {
    elements[head...].reversed().lazy.compactMap { $0 }
  }
}
