// SPDX-License-Identifier: Apache-2.0
internal import ArgumentParser
internal import Command

/// The configuration file, the end of the run, and reports.
struct RunOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp("Read settings from this YAML file. Flags take precedence.", valueName: "file"),
    completion: .file())
  var config: String?

  @Option(help: .timeout) var timeout: String?
  @Option(help: .status) var status: String?

  var texts: [(String, String?)] { [("timeout", timeout), ("status", status)] }
}
