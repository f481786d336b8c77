// SPDX-License-Identifier: Apache-2.0
import Synchronization

/// The metrics of one process, by name, in the order of their registration.
///
/// The same name and labels give the same metric. If a name is used for two kinds of metrics, the second one
/// counts but is not exported, since Prometheus refuses a scrape with two types for one name. A family keeps
/// at most `seriesLimit` sets of labels; further ones are counted under the value `other`, so that labels
/// from data cannot grow without bound.
package final class Registry: Sendable {
  /// A label's name and value; the value may be any text.
  package typealias Label = (name: String, value: String)

  package static let seriesLimit = 200

  enum Value: Sendable {
    case counter(Counter)
    case gauge(Gauge)
    case histogram(Histogram)
    case computed(@Sendable () -> Double)
  }

  struct Series: Sendable {
    var labels: String
    var value: Value
  }

  struct Family: Sendable {
    var name: String
    var help: String
    var type: String
    var series: [Series] = []
    var index: [String: Int] = [:]
  }

  struct State: Sendable {
    var families: [Family] = []
    var index: [String: Int] = [:]
  }

  private let state = Mutex(State())

  package init() {}

  package func counter(_ name: String, help: String, labels: [Label] = []) -> Counter {
    let value = register(name, help, "counter", labels) { .counter(Counter()) }
    guard case .counter(let counter) = value else { return Counter() }
    return counter
  }

  package func gauge(_ name: String, help: String, labels: [Label] = []) -> Gauge {
    let value = register(name, help, "gauge", labels) { .gauge(Gauge()) }
    guard case .gauge(let gauge) = value else { return Gauge() }
    return gauge
  }

  package func histogram(
    _ name: String, help: String, bounds: [Double] = Histogram.latencyBounds
  ) -> Histogram {
    let value = register(name, help, "histogram", []) { .histogram(Histogram(bounds: bounds)) }
    guard case .histogram(let histogram) = value else { return Histogram(bounds: bounds) }
    return histogram
  }

  /// A gauge whose value is asked for at each scrape, on the scraper's thread.
  package func gauge(_ name: String, help: String, value: @escaping @Sendable () -> Double) {
    _ = register(name, help, "gauge", []) { .computed(value) }
  }

  /// A counter kept elsewhere, asked for at each scrape, on the scraper's thread.
  package func counter(_ name: String, help: String, value: @escaping @Sendable () -> Double) {
    _ = register(name, help, "counter", []) { .computed(value) }
  }

  /// All metrics in Prometheus' text format, version 0.0.4.
  package func exposition() -> [UInt8] {
    let families = state.withLock { $0.families }
    var text = Exposition()
    for family in families { text.append(family) }
    return text.bytes
  }

  private func register(
    _ name: String, _ help: String, _ type: String, _ labels: [Label], _ make: () -> Value
  ) -> Value {
    state.withLock { state in
      guard let position = state.index[name] else {
        let value = make()
        let key = Exposition.labels(labels)
        let family = Family(
          name: name, help: help, type: type, series: [Series(labels: key, value: value)], index: [key: 0])
        state.index[name] = state.families.count
        state.families.append(family)
        return value
      }
      guard state.families[position].type == type else { return make() }
      var key = Exposition.labels(labels)
      if state.families[position].index[key] == nil,
        state.families[position].series.count >= Registry.seriesLimit
      {
        key = Exposition.labels(labels.map { ($0.name, "other") })
      }
      if let known = state.families[position].index[key] {
        return state.families[position].series[known].value
      }
      let value = make()
      state.families[position].index[key] = state.families[position].series.count
      state.families[position].series.append(Series(labels: key, value: value))
      return value
    }
  }
}
