// SPDX-License-Identifier: Apache-2.0

import Metrics
import Synchronization

/// The counts of a run for `--metrics`. The thread that writes lines updates them, and the thread that serves
/// metrics reads them.
final class CountsBoard: Sendable {
  private let counts = Mutex(Counts())

  /// Updates the counts.
  func show(_ counts: Counts) { self.counts.withLock { $0 = counts } }

  /// A registry that shows them.
  func registry() -> Registry {
    let registry = Registry()
    let all: [(name: String, help: String, path: @Sendable (Counts) -> UInt64)] = [
      ("wfilter_lines_total", "Lines read.", { $0.lines }),
      ("wfilter_bytes_total", "Bytes read.", { $0.bytes }),
      ("wfilter_lines_matched_total", "Lines that matched, without control lines.", { $0.matched }),
      ("wfilter_lines_control_total", "BOOKMARK, ERROR and STATUS lines.", { $0.control }),
      ("wfilter_lines_written_total", "Lines written.", { $0.written }),
      ("wfilter_lines_malformed_total", "Lines that are not JSON.", { $0.malformed }),
      ("wfilter_lines_too_long_total", "Lines over the length limit.", { $0.tooLong }),
      ("wfilter_errors_total", "Lines for which an expression has no value.", { $0.errors }),
    ]
    for (name, help, path) in all {
      registry.counter(name, help: help) { Double(path(self.counts.withLock { $0 })) }
    }
    return registry
  }
}
