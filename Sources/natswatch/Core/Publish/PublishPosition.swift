// SPDX-License-Identifier: Apache-2.0

import Lines

/// `--state`: the place in the stream of origin up to which every message is stored, as `natswatch tail --state` reads
/// it. A message that was refused for good does not hold it back.
struct PublishPosition {
  private static let interval: Duration = .seconds(1)

  private let file: OpenStateFile
  /// Messages under way with their numbers in the window, oldest first.
  private var underWay: [(number: UInt64, origin: TailState)] = []
  private var head = 0
  private var reached: TailState?
  private var saved: TailState?
  private var nextSave = Duration.zero

  /// - Throws: `StateFileError` when the file cannot be written, or another process has it.
  init(_ path: String) throws(StateFileError) { file = try OpenStateFile(StateFile(path: path)) }

  mutating func sent(_ number: UInt64, _ origin: TailState) { underWay.append((number, origin)) }

  /// All messages with numbers below `number` are done with.
  mutating func advance(to number: UInt64) {
    while head < underWay.count, underWay[head].number < number {
      reached = underWay[head].origin
      head += 1
    }
    if head > 4096 {
      underWay.removeFirst(head)
      head = 0
    }
  }

  /// Writes the place when it has changed, at most once a second.
  ///
  /// - Throws: `StateFileError`
  mutating func save(now: Duration, isLast: Bool = false) throws(StateFileError) {
    guard let reached, reached != saved, isLast || now >= nextSave else { return }
    nextSave = now + Self.interval
    try reached.write(file)
    saved = reached
  }
}
