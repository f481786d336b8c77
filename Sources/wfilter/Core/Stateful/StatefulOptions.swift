// SPDX-License-Identifier: Apache-2.0

/// Which of the keyed, stateful steps a line goes through; none by default.
struct StatefulOptions: Sendable {
  /// Most keys that each step remembers (`--keys-limit`).
  var keysLimit = 100_000
  /// Most bytes of lines that are held back.
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
  /// `--redact`.
  var redactions: [RedactionPath] = []
}
