// SPDX-License-Identifier: Apache-2.0

/// The id of an event, by which a client resumes: `<epoch>-<sequence>`, both decimal.
///
/// The epoch identifies the numbering: the creation time of a JetStream stream in nanoseconds, or the start
/// time of this process. A sequence alone cannot identify a stream that was deleted and created again.
struct EventID: Hashable, Sendable, CustomStringConvertible {
  var epoch: UInt64
  var sequence: UInt64

  init(epoch: UInt64, sequence: UInt64) {
    self.epoch = epoch
    self.sequence = sequence
  }

  /// Nil if the text is not an id of wfanout's form.
  init?(_ text: some StringProtocol) {
    let parts = text.split(separator: "-", omittingEmptySubsequences: false)
    guard parts.count == 2, parts.allSatisfy({ $0.utf8.allSatisfy(EventID.isDigit) }),
      let epoch = UInt64(parts[0]), let sequence = UInt64(parts[1])
    else { return nil }
    self.init(epoch: epoch, sequence: sequence)
  }

  var description: String { "\(epoch)-\(sequence)" }

  private static func isDigit(_ byte: UInt8) -> Bool {
    byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9")
  }
}
