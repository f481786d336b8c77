// SPDX-License-Identifier: Apache-2.0
import Metrics

/// What is counted for one stream.
struct StreamCounters: Sendable {
  let received: Counter
  let delivered: Counter
  let dropped: Counter
  let resets: Counter
}

/// What is counted for the server as a whole.
struct ServerCounters: Sendable {
  let stalled: Counter
  let requests: Counter
  let refused: Counter
}
