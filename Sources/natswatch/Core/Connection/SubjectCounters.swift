// SPDX-License-Identifier: Apache-2.0

import Metrics

/// Counters with one label, usually the subject, fast for runs of one value. The registry bounds their number.
struct SubjectCounters {
  private let registry: Registry
  private let name: String
  private let label: String
  private let help: String
  private var counters: [String: Counter] = [:]
  private var last: [UInt8] = []
  private var lastCounter: Counter?

  init(_ registry: Registry, name: String, label: String = "subject", help: String) {
    self.registry = registry
    self.name = name
    self.label = label
    self.help = help
  }

  mutating func increment(_ subject: UnsafeBufferPointer<UInt8>) {
    if let lastCounter, unsafe last.elementsEqual(subject) { return lastCounter.increment() }
    last.removeAll(keepingCapacity: true)
    unsafe last.append(contentsOf: subject)
    let text = unsafe String(decoding: subject, as: UTF8.self)
    if let known = counters[text] {
      lastCounter = known
    } else {
      // After its limit the registry returns one counter for all others, so their names are not stored.
      let counter = registry.counter(name, help: help, labels: [(label, text)])
      if counters.count < Registry.seriesLimit { counters[text] = counter }
      lastCounter = counter
    }
    lastCounter?.increment()
  }

  mutating func increment(_ subject: String) {
    var subject = subject
    subject.withUTF8 { unsafe increment($0) }
  }
}
