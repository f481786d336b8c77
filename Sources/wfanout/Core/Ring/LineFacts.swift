// SPDX-License-Identifier: Apache-2.0
import Events

/// The properties of a line that the hub needs. ``LineScanner`` finds them in one walk when the line is read.
struct LineFacts: Sendable {
  /// The watch event types of the stream contract; any other line is `other`.
  enum Kind: UInt8, Sendable {
    case added, modified, deleted, bookmark, error, status, metrics, other

    init(_ type: EventType?) {
      self =
        switch type {
        case .added?: .added
        case .modified?: .modified
        case .deleted?: .deleted
        case .bookmark?: .bookmark
        case .error?: .error
        case .status?: .status
        case .metrics?: .metrics
        case nil: .other
        }
    }

    /// The type of change; nil for lines that are not ADDED, MODIFIED or DELETED.
    var changeType: EventType? {
      switch self {
      case .added: .added
      case .modified: .modified
      case .deleted: .deleted
      case .bookmark, .error, .status, .metrics, .other: nil
      }
    }

    var isOfObject: Bool { changeType != nil }

    /// BOOKMARK, ERROR and STATUS describe the stream, not an object.
    var isControl: Bool { self == .bookmark || self == .error || self == .status }
  }

  var kind: Kind = .other
  /// `source.epoch` and `source.sequence`, if the line has both.
  var sourceID: EventID?
  /// FNV-1a of the text of `object.metadata.resourceVersion`; 0 if there is none.
  var versionHash: UInt64 = 0
  var parts = LineParts()

  /// FNV-1a, 64 bits; never 0.
  static func hash(_ text: some Sequence<UInt8>) -> UInt64 {
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    for byte in text { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
    return hash == 0 ? 1 : hash
  }
}
