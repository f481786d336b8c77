// SPDX-License-Identifier: Apache-2.0

package import Process

/// A line that could not be published, with `--on-error fail`.
package struct UnpublishedLineError: ToolError {
  var line: UInt64
  var reason: String
  /// The number of messages of later lines that were already sent and are stored.
  var storedAfter = 0
  package var status: ExitStatus { .badInput }
  package var description: String {
    let rest =
      storedAfter == 0 ? "" : ": \(storedAfter) later line\(storedAfter == 1 ? " is" : "s are") stored"
    return "line \(line): \(reason): not published\(rest)"
  }
}

/// Counts and reports the lines that were not published.
struct PublishReport {
  /// The number of lines that are reported one by one; further ones are only counted.
  private static let namedLimit = 10

  private let diagnostics: Diagnostics
  private let endsAtFirst: Bool
  private var skipped: UInt64 = 0
  /// The number of messages whose id the stream already had.
  var duplicates: UInt64 = 0
  var unacknowledged = 0
  private(set) var failure: UnpublishedLineError?

  init(_ diagnostics: Diagnostics, endsAtFirst: Bool) {
    self.diagnostics = diagnostics
    self.endsAtFirst = endsAtFirst
  }

  mutating func skip(line: UInt64, _ reason: String) {
    skipped += 1
    if endsAtFirst {
      failure = failure ?? UnpublishedLineError(line: line, reason: reason)
    } else if skipped <= Self.namedLimit {
      diagnostics.warning("line \(line): \(reason): not published")
    }
  }

  mutating func stored(line: UInt64) {
    if let failed = failure, line > failed.line { failure?.storedAfter += 1 }
  }

  /// Prints the counts.
  ///
  /// - Returns: The exit status.
  /// - Throws: ``UnpublishedLineError``
  func conclude() throws(UnpublishedLineError) -> ExitStatus {
    if duplicates > 0 {
      diagnostics.warning(
        "\(duplicates) line\(duplicates == 1 ? " was a duplicate" : "s were duplicates"): the stream has messages with their ids"
      )
    }
    if unacknowledged > 0 {
      diagnostics.error(
        "\(unacknowledged) message\(unacknowledged == 1 ? " has" : "s have") not been acknowledged")
    }
    if let failure { throw failure }
    if skipped > 0 { diagnostics.warning("\(skipped) line\(skipped == 1 ? " was" : "s were") not published") }
    return skipped > 0 ? .badInput : unacknowledged > 0 ? .unavailable : .ok
  }
}
