// SPDX-License-Identifier: Apache-2.0
internal import ArgumentParser
internal import Process

/// A duration flag's value: `200ms`, `10s`, `5m`, `1h30m`.
package struct DurationArgument: ExpressibleByArgument, Sendable {
  package var duration: Duration

  package init(_ duration: Duration) { self.duration = duration }

  package init?(argument: String) {
    guard let duration = DurationText.parse(argument) else { return nil }
    self.duration = duration
  }

  package var defaultValueDescription: String { DurationText.print(duration) }
}
