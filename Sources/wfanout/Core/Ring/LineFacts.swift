// SPDX-License-Identifier: Apache-2.0
import Events

/// The properties of a line that the hub needs, determined once when the line is read.
struct LineFacts: Sendable, Equatable {
  /// The watch event types of the stream contract; any other line is `other`.
  enum Kind: UInt8, Sendable {
    case added, modified, deleted, bookmark, error, status, metrics, other

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

  init() {}

  init(_ bytes: [UInt8], _ line: Range<Int>) {
    var type: Range<Int>?
    var object: Range<Int>?
    var source: Range<Int>?
    JSONScan.members(of: bytes, in: line) { key, value in
      if JSONScan.equals(bytes, key, "type") {
        if type == nil { type = value }
      } else if JSONScan.equals(bytes, key, "object") {
        if object == nil { object = value }
      } else if JSONScan.equals(bytes, key, "source") {
        if source == nil { source = value }
      }
      return true
    }
    guard let type, let object else { return }
    kind = LineFacts.kind(bytes, type)
    if let metadata = JSONScan.member("metadata", of: bytes, in: object),
      let version = JSONScan.member("resourceVersion", of: bytes, in: metadata),
      let text = JSONScan.inside(bytes, version)
    {
      versionHash = LineFacts.hash(bytes[text])
    }
    if let source, let epoch = JSONScan.member("epoch", of: bytes, in: source),
      let sequence = JSONScan.member("sequence", of: bytes, in: source),
      let epochNumber = JSONScan.unsigned(bytes, epoch), let number = JSONScan.unsigned(bytes, sequence)
    {
      sourceID = EventID(epoch: epochNumber, sequence: number)
    }
  }

  /// FNV-1a, 64 bits; never 0.
  static func hash(_ text: some Sequence<UInt8>) -> UInt64 {
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    for byte in text { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
    return hash == 0 ? 1 : hash
  }

  private static func kind(_ bytes: [UInt8], _ value: Range<Int>) -> Kind {
    guard let text = JSONScan.inside(bytes, value) else { return .other }
    if JSONScan.equals(bytes, text, "ADDED") { return .added }
    if JSONScan.equals(bytes, text, "MODIFIED") { return .modified }
    if JSONScan.equals(bytes, text, "DELETED") { return .deleted }
    if JSONScan.equals(bytes, text, "BOOKMARK") { return .bookmark }
    if JSONScan.equals(bytes, text, "ERROR") { return .error }
    if JSONScan.equals(bytes, text, "STATUS") { return .status }
    if JSONScan.equals(bytes, text, "METRICS") { return .metrics }
    return .other
  }
}
