// SPDX-License-Identifier: Apache-2.0

import JSON

/// Remembers the text of numbers that were converted to doubles, so that they are printed to the last digit.
/// Not thread-safe.
///
/// Different numbers with the same double are printed in the order in which they were read.
final class NumberTexts {
  private struct Entry {
    var first: RawJSON
    /// Others of the same value, in the order in which they were read.
    var others: [RawJSON] = []
    /// How many were printed.
    var printed = 0
  }

  private var entries: [UInt64: Entry] = [:]

  /// Forgets all numbers.
  func removeAll() { if !entries.isEmpty { entries.removeAll(keepingCapacity: true) } }

  /// Notes how a number is written.
  func note(_ number: Double, _ text: RawJSON) {
    guard let entry = entries[number.bitPattern] else {
      entries[number.bitPattern] = Entry(first: text)
      return
    }
    guard entry.first.start != text.start, !entry.first.hasSameBytes(as: text),
      !entry.others.contains(where: { $0.start == text.start })
    else { return }
    entries[number.bitPattern]?.others.append(text)
  }

  /// How the next number of this value to be printed was written.
  func text(of number: Double) -> RawJSON? {
    guard let entry = entries[number.bitPattern] else { return nil }
    guard !entry.others.isEmpty else { return entry.first }
    entries[number.bitPattern]?.printed += 1
    return entry.printed == 0 ? entry.first : entry.others[min(entry.printed, entry.others.count) - 1]
  }
}
