// SPDX-License-Identifier: Apache-2.0

import FoundationEssentials
import JSON
import Lines

/// What `--state` keeps of a tail: a sequence means nothing without the stream it is of, and a name does not tell a
/// stream from its successor.
struct TailState: Codable, Equatable, Sendable {
  var stream: String
  /// The stream's ``StreamInfo/epoch``.
  var created: String
  /// Every match up to here has been written and flushed.
  var seq: UInt64

  /// Nil where there is no file yet.
  static func read(_ file: OpenStateFile) throws -> TailState? {
    guard let bytes = try file.read() else { return nil }
    guard let state = try? JSONDecoder().decode(TailState.self, from: Data(bytes)) else {
      throw NATSError(
        .badSettings, "state file '\(file.path)' was not written by natswatch: remove it to start again")
    }
    return state
  }

  func write(_ file: OpenStateFile) throws(StateFileError) {
    try file.write(
      Array(
        "{\"stream\":\(JSONText.string(stream)),\"created\":\(JSONText.string(created)),\"seq\":\(seq)}\n"
          .utf8))
  }
}
