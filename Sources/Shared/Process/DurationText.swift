// SPDX-License-Identifier: Apache-2.0

/// Durations as people write them on a command line: `200ms`, `10s`, `5m`, `1h30m`, `2d`.
package enum DurationText {
  private static let units: [(suffix: String, nanoseconds: Int64)] = [
    ("d", 86_400_000_000_000), ("h", 3_600_000_000_000), ("ms", 1_000_000), ("m", 60_000_000_000),
    ("s", 1_000_000_000), ("us", 1_000), ("ns", 1),
  ]

  /// The duration, never negative; `nil` unless the text is a sequence of decimal numbers, each with a unit.
  ///
  /// `0` alone is zero. A number may have a fraction, as in Go's time.ParseDuration.
  package static func parse(_ text: String) -> Duration? {
    if text == "0" { return .zero }
    var total: Int64 = 0
    var rest = Substring(text)
    guard !rest.isEmpty else { return nil }
    while !rest.isEmpty {
      let number = rest.prefix { ("0"..."9").contains($0) || $0 == "." }
      rest = rest.dropFirst(number.count)
      let suffix = rest.prefix { ("a"..."z").contains($0) }
      rest = rest.dropFirst(suffix.count)
      guard let unit = units.first(where: { $0.suffix == suffix }),
        let part = nanoseconds(number, unit: unit.nanoseconds)
      else { return nil }
      let (sum, overflow) = total.addingReportingOverflow(part)
      guard !overflow else { return nil }
      total = sum
    }
    return .nanoseconds(total)
  }

  private static func nanoseconds(_ number: Substring, unit: Int64) -> Int64? {
    let parts = number.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
    guard let whole = parts.first, parts.count == 1 || !number.hasSuffix("."), let count = Int64(whole) else {
      return nil
    }
    let (product, overflow) = count.multipliedReportingOverflow(by: unit)
    guard !overflow else { return nil }
    guard parts.count == 2 else { return product }
    guard parts[1].allSatisfy({ ("0"..."9").contains($0) }) else { return nil }
    // No unit is longer than a million seconds, so these digits are enough for a nanosecond.
    let digits = parts[1].prefix(15)
    let scale = digits.reduce(Int128(1)) { power, _ in power * 10 }
    let fraction = Int128(Int64(digits) ?? 0) * Int128(unit) / scale
    let (sum, tooLong) = product.addingReportingOverflow(Int64(fraction))
    return tooLong ? nil : sum
  }

  /// Why ``parse(_:)`` refuses a text, and what is possible.
  package static func fault(of text: String) -> String {
    let form = "write a number with its unit, as 200ms, 10s or 1h30m"
    if text.prefixMatch(of: /-[0-9]/) != nil { return "it cannot be negative; \(form)" }
    let isTooLong = parse(text) == nil && parse(text.replacing(/[0-9]+/, with: "1")) != nil
    return isTooLong ? "at most \(Int64.max / 3_600_000_000_000)h is possible" : form
  }

  /// The shortest text that ``parse(_:)`` reads as the same duration, with a precision of milliseconds.
  package static func print(_ duration: Duration) -> String {
    var milliseconds = duration.milliseconds
    guard milliseconds > 0 else { return "0s" }
    var text = ""
    for (suffix, size) in [("h", Int64(3_600_000)), ("m", 60_000), ("s", 1000), ("ms", 1)]
    where milliseconds >= size {
      text += "\(milliseconds / size)\(suffix)"
      milliseconds %= size
    }
    return text
  }
}
