// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import Metrics

struct ExpositionTests {
  func text(_ registry: Registry) -> String { String(decoding: registry.exposition(), as: UTF8.self) }

  @Test func showsEveryKindInOrderOfRegistration() {
    let registry = Registry()
    registry.counter("events_total", help: "Events.", labels: [("type", "ADDED")]).increment(by: 3)
    registry.counter("events_total", help: "Events.", labels: [("type", "DELETED")]).increment()
    registry.gauge("open", help: "Open now.").set(2.5)
    registry.gauge("computed", help: "At scrape time.") { 7 }
    #expect(
      text(registry) == """
        # HELP events_total Events.
        # TYPE events_total counter
        events_total{type="ADDED"} 3
        events_total{type="DELETED"} 1
        # HELP open Open now.
        # TYPE open gauge
        open 2.5
        # HELP computed At scrape time.
        # TYPE computed gauge
        computed 7

        """)
  }

  @Test func histogramBucketsAreCumulative() {
    let registry = Registry()
    let histogram = registry.histogram("wait_seconds", help: "Wait.", bounds: [1, 0.5])
    histogram.observe(0.5)
    histogram.observe(0.75, times: 2)
    histogram.observe(9)
    histogram.observe(.nan)
    #expect(
      text(registry) == """
        # HELP wait_seconds Wait.
        # TYPE wait_seconds histogram
        wait_seconds_bucket{le="0.5"} 1
        wait_seconds_bucket{le="1"} 3
        wait_seconds_bucket{le="+Inf"} 4
        wait_seconds_sum 11
        wait_seconds_count 4

        """)
  }

  @Test func escapesHelpAndLabelValues() {
    let registry = Registry()
    _ = registry.counter("c", help: "a\\b\nc \"d\"", labels: [("l", "a\\b\nc \"d\"")])
    #expect(
      text(registry) == "# HELP c a\\\\b\\nc \"d\"\n# TYPE c counter\nc{l=\"a\\\\b\\nc \\\"d\\\"\"} 0\n")
  }

  @Test func sameNameAndLabelsAreOneMetric() {
    let registry = Registry()
    registry.counter("c", help: "").increment()
    registry.counter("c", help: "").increment()
    #expect(registry.counter("c", help: "").count == 2)
  }

  @Test func aNameHasOneKind() {
    let registry = Registry()
    _ = registry.counter("c", help: "")
    registry.gauge("c", help: "").set(9)
    #expect(text(registry) == "# HELP c \n# TYPE c counter\nc 0\n")
  }

  @Test func labelsFromDataAreBounded() {
    let registry = Registry()
    for index in 0..<10_000 {
      registry.counter("c", help: "", labels: [("type", "t\(index)")]).increment()
    }
    let lines = text(registry).split(separator: "\n")
    #expect(lines.count == 2 + Registry.seriesLimit + 1)
    #expect(lines.contains("c{type=\"other\"} \(10_000 - Registry.seriesLimit)"))
  }

  @Test func writesNumbersAsPrometheusDoes() {
    #expect(Exposition.number(1) == "1")
    #expect(Exposition.number(0.25) == "0.25")
    #expect(Exposition.number(.infinity) == "+Inf")
    #expect(Exposition.number(-.infinity) == "-Inf")
    #expect(Exposition.number(.nan) == "NaN")
  }

  @Test func gaugeAddsFromManyTasks() async {
    let gauge = Gauge()
    let counter = Counter()
    await withTaskGroup(of: Void.self) { group in
      for _ in 0..<8 {
        group.addTask {
          for _ in 0..<1000 {
            gauge.add(1)
            counter.increment()
          }
        }
      }
    }
    #expect(gauge.value == 8000)
    #expect(counter.count == 8000)
  }
}
