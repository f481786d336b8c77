// SPDX-License-Identifier: Apache-2.0
package import ArgumentParser
package import Events
package import Process

/// `--quiet` and `--verbose`, which mean the same in every tool. (wfilter's `-q` is grep's, and silences errors too.)
package struct LogOptions: ParsableArguments {
  @Flag(help: "Log only errors.")
  package var quiet = false

  @Flag(help: "Log more: connections, requests and retries.")
  package var verbose = false

  package init() {}

  package var level: Diagnostics.Level { quiet ? .quiet : verbose ? .verbose : .normal }

  package func validate() throws {
    guard !(quiet && verbose) else { throw ValidationError("--quiet and --verbose cannot be used together") }
  }
}

/// The help of flags that every tool has.
extension ArgumentHelp {
  package static let status = ArgumentHelp(
    "Report health as STATUS lines to inline (stdout), stderr, fd:N or a file.", valueName: "where")
  package static let metrics = ArgumentHelp(
    "Serve Prometheus metrics at this address, such as :9090.", valueName: "address")
  package static let timeout = ArgumentHelp("Exit with status 124 after this time.", valueName: "duration")
}

extension StatusSink.Destination: ExpressibleByArgument {
  package init?(argument: String) { self.init(flag: argument) }
}
