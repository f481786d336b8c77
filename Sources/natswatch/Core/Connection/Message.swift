// SPDX-License-Identifier: Apache-2.0

/// A message that was received: where it came in, or as libnats handed it over.
struct Message: ~Copyable {
  private enum Source: ~Copyable {
    case wire(WireMessage)
    case library(LibraryMessage)
  }
  private let source: Source

  init(_ message: WireMessage) { source = .wire(message) }
  init(_ message: consuming LibraryMessage) { source = .library(message) }

  /// The bytes of the payload; valid as long as the message.
  var payload: UnsafeBufferPointer<UInt8> {
    switch source {
    case .wire(let message): unsafe message.payload
    case .library(let message): unsafe message.payload
    }
  }

  /// Whether ``JSONCursor/padding`` bytes behind the payload may be read.
  var isPadded: Bool {
    switch source {
    case .wire: true
    case .library: false
    }
  }

  var subjectBytes: UnsafeBufferPointer<UInt8> {
    switch source {
    case .wire(let message): unsafe message.subject
    case .library(let message): unsafe message.subjectBytes
    }
  }

  var replyBytes: UnsafeBufferPointer<UInt8> {
    switch source {
    case .wire(let message): unsafe message.reply
    case .library(let message): unsafe message.replyBytes
    }
  }

  var subject: String { unsafe String(decoding: subjectBytes, as: UTF8.self) }
  var reply: String { unsafe String(decoding: replyBytes, as: UTF8.self) }

  /// The first value of a header.
  func header(_ name: String) -> String? {
    switch source {
    case .wire(let message): message.header(name)
    case .library(let message): message.header(name)
    }
  }

  /// All headers in the order of their names, each with its values.
  var headers: [(name: String, values: [String])] {
    switch source {
    case .wire(let message): message.headers
    case .library(let message): message.headers
    }
  }
}
