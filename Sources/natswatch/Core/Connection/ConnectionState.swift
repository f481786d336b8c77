// SPDX-License-Identifier: Apache-2.0

import CNATS
import Glibc
import Synchronization

/// The events that libnats' threads report about a connection: its loss, denied permissions, replies. Can be
/// used from any thread.
final class ConnectionState: Sendable {
  /// Why a connection was lost.
  struct Loss: Sendable, Equatable {
    var reason: String
    /// The server ended the connection because the credentials are no longer valid.
    var isAuthentication = false
  }

  /// The result of a request.
  enum Reply: Sendable {
    case payload([UInt8])
    /// The subject has no subscriber (status 503).
    case noResponders
  }

  private struct State {
    var loss: Loss?
    var denials: [String] = []
    /// Requests by token; the value is the eventfd that the requester waits on.
    var waiting: [UInt64: Int32] = [:]
    var replies: [UInt64: Reply] = [:]
    var lastToken: UInt64 = 0
  }

  /// Identifies this object to libnats, whose threads may call back after the connection has been destroyed.
  let identifier: Int
  private let state = Mutex(State())

  private static let all = Mutex<(last: Int, states: [Int: ConnectionState])>((0, [:]))

  init() {
    identifier = Self.all.withLock { all in
      all.last += 1
      return all.last
    }
  }

  /// Makes the object known to callbacks, until ``unregister()``.
  func register() { Self.all.withLock { $0.states[identifier] = self } }
  func unregister() { Self.all.withLock { _ = $0.states.removeValue(forKey: identifier) } }

  /// The object that a callback's closure identifies; nil after the end of the connection.
  static func named(_ closure: UnsafeMutableRawPointer?) -> ConnectionState? {
    let identifier = Int(bitPattern: closure)
    return all.withLock { $0.states[identifier] }
  }

  // MARK: - Loss and refused rights

  var loss: Loss? { state.withLock { $0.loss } }

  /// Records why the connection ended; the first reason counts.
  func lose(_ loss: Loss) {
    state.withLock { state in
      guard state.loss == nil else { return }
      state.loss = loss
      // Wakes every requester.
      for descriptor in state.waiting.values { cnats_signal(descriptor) }
    }
  }

  /// The number of refusals so far: a position for ``denial(after:naming:)``.
  var denialCount: Int { state.withLock { $0.denials.count } }

  func deny(_ text: String) {
    state.withLock { state in
      state.denials.append(text)
      for descriptor in state.waiting.values { cnats_signal(descriptor) }
    }
  }

  /// The server's message if it has denied one of `subjects` since `count`.
  func denial(after count: Int, naming subjects: [String]) -> String? {
    state.withLock { state in
      state.denials.dropFirst(count).first { text in
        subjects.contains { text.lowercased().contains("\"\($0.lowercased())\"") }
      }
    }
  }

  /// The server's message if it has denied an inbox. Of several denials at once, libnats keeps the last
  /// message.
  func inboxDenial(under root: String) -> String? {
    state.withLock { state in
      state.denials.first { $0.lowercased().contains("\"\(root.lowercased()).") }
    }
  }

  /// The server's message if it has denied any subject since `count`, except those that contain one of `exceptions`.
  func denial(after count: Int, except exceptions: [String] = []) -> String? {
    state.withLock { state in
      state.denials.dropFirst(count).first { text in !exceptions.contains(where: text.contains) }
    }
  }

  // MARK: - Requests

  /// Registers a request; its reply signals the eventfd `descriptor`.
  func expectReply(signalling descriptor: Int32) -> UInt64 {
    state.withLock { state in
      state.lastToken += 1
      state.waiting[state.lastToken] = descriptor
      return state.lastToken
    }
  }

  func takeReply(_ token: UInt64) -> Reply? { state.withLock { $0.replies.removeValue(forKey: token) } }

  /// The requester no longer waits: a later reply is dropped.
  func forget(_ token: UInt64) {
    state.withLock { state in
      state.waiting[token] = nil
      state.replies[token] = nil
    }
  }

  /// A reply has arrived. The last token of its subject names the request.
  func reply(_ message: borrowing Message) {
    guard let dot = unsafe message.subjectBytes.lastIndex(of: UInt8(ascii: ".")),
      let token = unsafe UInt64(String(decoding: message.subjectBytes[(dot + 1)...], as: UTF8.self))
    else { return }
    let isRefused = unsafe message.payload.isEmpty && message.header("Status") == "503"
    let reply: Reply = isRefused ? .noResponders : .payload(unsafe Array(message.payload))
    state.withLock { state in
      guard let descriptor = state.waiting[token] else { return }
      state.replies[token] = reply
      cnats_signal(descriptor)
    }
  }
}
