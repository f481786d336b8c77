// SPDX-License-Identifier: Apache-2.0

import Lines

/// `--state`: the position in the original stream up to which every message is stored, in the format of
/// `natswatch tail --state`. A message that was refused for good does not hold it back.
struct PublishPosition {
  private static let interval: Duration = .seconds(1)

  private let file: OpenStateFile
  /// Unacknowledged messages with their numbers in the window, oldest first.
  private var underWay: [(number: UInt64, origin: TailState)] = []
  private var head = 0
  private var reached: TailState?
  private var saved: TailState?
  private var nextSave = Duration.zero

  /// - Throws: `StateFileError` when the file cannot be written, or another process has it.
  init(_ path: String) throws(StateFileError) { file = try OpenStateFile(StateFile(path: path)) }

  mutating func sent(_ number: UInt64, _ origin: TailState) { underWay.append((number, origin)) }

  /// Notes that all messages with numbers below `number` are acknowledged or refused.
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

  /// Writes the position if it has changed, at most once a second.
  ///
  /// - Throws: `StateFileError`
  mutating func save(now: Duration, isLast: Bool = false) throws(StateFileError) {
    guard let reached, reached != saved, isLast || now >= nextSave else { return }
    nextSave = now + Self.interval
    try reached.write(file)
    saved = reached
  }
}
