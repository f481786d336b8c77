// SPDX-License-Identifier: Apache-2.0
import NIOCore
import Synchronization

/// Some consecutive lines of a snapshot, encoded for the clients of one wire format.
struct SnapshotPage: Sendable {
  let bytes: ByteBuffer
  /// The index of the line that the next page begins with; the number of lines after the last page.
  let next: Int
  /// The number of objects up to the end of this page.
  let written: Int

  /// The maximum size of a page; a line is never divided.
  static let byteLimit = 128 << 10
}

/// The newest pages of one snapshot, shared by clients with the same filter and layout.
final class SnapshotPages: Sendable {
  struct Key: Hashable, Sendable {
    var layout: SnapshotLayout
    var matcher: String
    var index: Int
  }

  private struct State {
    var pages: [Key: SnapshotPage] = [:]
    var order: [Key] = []
    var bytes = 0
    var isClosed = false
  }

  private let state = Mutex(State())

  private static let byteLimit = 16 << 20

  subscript(key: Key) -> SnapshotPage? { state.withLock { $0.pages[key] } }

  func insert(_ page: SnapshotPage, _ key: Key) {
    state.withLock { state in
      guard !state.isClosed, state.pages.updateValue(page, forKey: key) == nil else { return }
      state.order.append(key)
      state.bytes += page.bytes.readableBytes
      var dropped = 0
      while state.bytes > SnapshotPages.byteLimit, dropped < state.order.count - 1 {
        let oldest = state.pages.removeValue(forKey: state.order[dropped])
        state.bytes -= oldest?.bytes.readableBytes ?? 0
        dropped += 1
      }
      state.order.removeFirst(dropped)
    }
  }

  /// A newer snapshot exists, so no client begins with this one any more.
  func close() {
    state.withLock { state in
      state = State()
      state.isClosed = true
    }
  }
}
