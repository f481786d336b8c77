// SPDX-License-Identifier: Apache-2.0
package import Foundation

/// Runs the built binaries as a user does, with a deadline and a clean environment.
package enum Tool {
  /// The exit status and the output of a process.
  package struct Outcome: Sendable, CustomStringConvertible {
    /// The exit status, or 128 + the signal's number, as in a shell.
    package var status: Int32
    package var output: String
    package var diagnostics: String

    package var lines: [String] { output.split(separator: "\n").map(String.init) }
    package var description: String { "status \(status)\nstdout:\n\(output)\nstderr:\n\(diagnostics)" }
  }

  /// The folder with the binaries of this build, which is that of the test bundle.
  package static let binaries: URL =
    URL(filePath: CommandLine.arguments[0]).resolvingSymlinksInPath().deletingLastPathComponent()

  package static func path(_ name: String) -> String { binaries.appending(path: name).path }

  /// The folder of test servers.
  package static let cacheFolder: String = {
    let environment = ProcessInfo.processInfo.environment
    if let own = environment["WATCHUTILS_CACHE"] { return own }
    let base = environment["XDG_CACHE_HOME"] ?? "\(environment["HOME"] ?? "/root")/.cache"
    return "\(base)/watchutils"
  }()

  /// The environment of a tool: the variables for finding system programs, and the settings of sanitizers and
  /// coverage. Variables that configure our tools are left out.
  package static let baseEnvironment: [String: String] = {
    let inherited = ProcessInfo.processInfo.environment
    let ours = [
      "PATH": "\(binaries.path):" + (inherited["PATH"] ?? "/usr/bin:/bin"),
      "HOME": "/dev/null", "LC_ALL": "C.UTF-8", "TZ": "UTC",
    ]
    let instrumented = ["ASAN_OPTIONS", "TSAN_OPTIONS", "LLVM_PROFILE_FILE"]
    return inherited.filter { instrumented.contains($0.key) }.merging(ours) { $1 }
  }()

  /// Runs a tool to its end.
  ///
  /// - Throws: ``ToolDeadlineExceeded`` when it has not ended in time; it is killed then.
  package static func run(
    _ name: String, _ arguments: [String], stdin: String = "", environment: [String: String] = [:],
    in directory: URL? = nil, deadline: Duration = .seconds(30)
  ) throws -> Outcome {
    let tool = try start(name, arguments, environment: environment, in: directory)
    tool.write(stdin)
    tool.closeInput()
    return try tool.waitForEnd(deadline)
  }

  /// Starts a tool whose stdin stays open until it is closed.
  package static func start(
    _ name: String, _ arguments: [String], environment: [String: String] = [:], in directory: URL? = nil
  ) throws -> RunningTool {
    try RunningTool(
      path(name), arguments, environment: baseEnvironment.merging(environment) { $1 }, in: directory)
  }

  /// Starts a bash(1) command line, such as a pipe, in which the tools are found by name.
  ///
  /// The status is that of the last command that failed (`pipefail`).
  package static func shell(
    _ line: String, environment: [String: String] = [:], in directory: URL? = nil
  ) throws -> RunningTool {
    try RunningTool(
      "/bin/bash", ["-o", "pipefail", "-c", line], environment: baseEnvironment.merging(environment) { $1 },
      in: directory)
  }
}

/// A condition was not met in time.
package struct ToolDeadlineExceeded: Error, CustomStringConvertible {
  package var command: String
  package var waitedFor: String
  package var outcome: Tool.Outcome
  package var description: String { "\(command): waited in vain for \(waitedFor)\n\(outcome)" }
}
