// SPDX-License-Identifier: Apache-2.0
import Glibc
import Lines
import Process

/// One run of an exec credential plugin, as client-go does it: stderr is ours, so that its prompts are seen, and stdin
/// is the terminal if it may ask there.
enum ExecPluginRun {
  private static let outputLimit = 4 << 20

  static func credential(
    _ plugin: Kubeconfig.ExecPlugin, info: String, isInteractive: Bool
  ) -> Result<ExecCredential, ConfigError> {
    let what = "exec plugin '\(plugin.command)'"
    var variables = plugin.environment
    variables["KUBERNETES_EXEC_INFO"] = info
    do throws(ConfigError) {
      let output = try run(plugin, variables, isInteractive, what)
      return .success(try ExecCredential(output, apiVersion: plugin.apiVersion, from: what))
    } catch {
      return .failure(error)
    }
  }

  private static func run(
    _ plugin: Kubeconfig.ExecPlugin, _ variables: [String: String], _ isInteractive: Bool, _ what: String
  ) throws(ConfigError) -> [UInt8] {
    var configuration = ChildProcess.Configuration([plugin.command] + plugin.arguments)
    let inherited = ProcessEnvironment.all.filter { variables[String($0.prefix { $0 != "=" })] == nil }
    configuration.environment = inherited + variables.map { "\($0.key)=\($0.value)" }
    // An agent that a plugin has started is for all who ask it.
    configuration.endsDescendants = false
    if isInteractive {
      configuration.input = .descriptor(STDIN_FILENO)
      configuration.leadsGroup = false
    }
    let child: ChildProcess
    do throws(ChildProcessError) { child = try ChildProcess(configuration) } catch {
      let hint = plugin.installHint.split(separator: "\n").joined(separator: " ")
      throw ConfigError(
        "\(what) could not be started: \(error.reason)\(hint.isEmpty ? "" : "; \(hint)")")
    }
    let output: [UInt8]
    do throws(FileError) {
      output = try WholeFile.read(from: child.output, limit: outputLimit) { _, count in
        waitForOutput(of: child, hasSome: count > 0)
      }
    } catch {
      child.stop(grace: .zero)
      throw ConfigError("\(what) printed more than \(outputLimit >> 20) MiB on stdout")
    }
    let ending = child.waitForEnd()
    guard ending == .exited(0) else {
      throw ConfigError("\(what) failed: \(ending.map(\.description) ?? "it does not end")")
    }
    return output
  }

  /// Waits for output, or for the end of it.
  ///
  /// A process that the plugin leaves behind may hold the pipe open for as long as it lives.
  /// - Returns: false if the plugin has ended, with all of its output read: it printed something, or failed.
  private static func waitForOutput(of child: ChildProcess, hasSome: Bool) -> Bool {
    var requests = [child.output, child.endDescriptor].map {
      pollfd(fd: $0, events: Int16(POLLIN), revents: 0)
    }
    while true {
      let found = unsafe poll(&requests, 2, -1)
      if found < 0, errno == EINTR { continue }
      guard requests[0].revents == 0 else { return true }
      guard !hasSome, child.waitForEnd(atMost: .zero) == .exited(0) else { return false }
      requests[1].fd = -1
    }
  }
}
