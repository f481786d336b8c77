// SPDX-License-Identifier: Apache-2.0

/// Prometheus' text exposition format, version 0.0.4.
///
/// Source: https://prometheus.io/docs/instrumenting/exposition_formats/ — HELP escapes backslash and newline, label
/// values the quote as well; a histogram's buckets are cumulative and end with `le="+Inf"`.
struct Exposition {
  static let contentType = "text/plain; version=0.0.4; charset=utf-8"

  private(set) var bytes: [UInt8] = []

  mutating func append(_ family: Registry.Family) {
    line("# HELP \(family.name) \(Exposition.escape(family.help, quotes: false))")
    line("# TYPE \(family.name) \(family.type)")
    for series in family.series { append(series, of: family.name) }
  }

  private mutating func append(_ series: Registry.Series, of name: String) {
    let labels = series.labels.isEmpty ? "" : "{\(series.labels)}"
    switch series.value {
    case .counter(let counter): line("\(name)\(labels) \(counter.count)")
    case .gauge(let gauge): line("\(name)\(labels) \(Exposition.number(gauge.value))")
    case .computed(let value): line("\(name)\(labels) \(Exposition.number(value()))")
    case .histogram(let histogram):
      let prefix = series.labels.isEmpty ? "" : series.labels + ","
      var total: UInt64 = 0
      for (index, count) in histogram.counts.enumerated() {
        total &+= count
        let bound = index < histogram.bounds.count ? Exposition.number(histogram.bounds[index]) : "+Inf"
        line("\(name)_bucket{\(prefix)le=\"\(bound)\"} \(total)")
      }
      line("\(name)_sum\(labels) \(Exposition.number(histogram.sum))")
      line("\(name)_count\(labels) \(total)")
    }
  }

  private mutating func line(_ text: String) {
    bytes.append(contentsOf: text.utf8)
    bytes.append(UInt8(ascii: "\n"))
  }

  /// The inside of the braces.
  static func labels(_ labels: [Registry.Label]) -> String {
    labels.map { "\($0.name)=\"\(escape($0.value, quotes: true))\"" }.joined(separator: ",")
  }

  /// Whole numbers without the `.0` that Swift would print; NaN and the infinities as Prometheus spells them.
  static func number(_ value: Double) -> String {
    if value.isNaN { return "NaN" }
    if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
    if let whole = Int64(exactly: value) { return String(whole) }
    return String(value)
  }

  private static func escape(_ text: String, quotes: Bool) -> String {
    var escaped = ""
    for character in text.unicodeScalars {
      switch character {
      case "\\": escaped += "\\\\"
      case "\n": escaped += "\\n"
      case "\"" where quotes: escaped += "\\\""
      default: escaped.unicodeScalars.append(character)
      }
    }
    return escaped
  }
}
