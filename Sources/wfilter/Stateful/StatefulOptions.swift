// SPDX-License-Identifier: Apache-2.0

/// Which of the keyed, stateful steps a line goes through; none by default.
struct StatefulOptions: Sendable {
  /// Most keys that each step remembers (`--keys-limit`).
  var keysLimit = 100_000
  /// Bytes of lines that are held back, and as many again that are remembered as previous lines.
  var byteLimit = 64 << 20
  /// `--track`.
  var tracks = false
  /// The `--window` of `--dedupe`.
  var window: Duration?
  /// `--throttle`; excludes ``debounce``.
  var throttle: Duration?
  /// `--debounce`.
  var debounce: Duration?
  /// `--max-wait`, of ``debounce``.
  var maximumWait = Duration.seconds(2)
  /// `--absent`.
  var silence: Duration?
  /// Whether an expression uses `old`.
  var remembersPrevious = false
  /// `--redact`.
  var redactions: [RedactionPath] = []

  /// Whether there is anything to do.
  var isActive: Bool {
    tracks || window != nil || throttle != nil || debounce != nil || silence != nil || remembersPrevious
      || !redactions.isEmpty
  }
}
