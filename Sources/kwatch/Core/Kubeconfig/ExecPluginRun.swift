// SPDX-License-Identifier: Apache-2.0
import Subprocess
import SystemPackage

/// One run of an exec credential plugin.
enum ExecPluginRun {
  /// Runs it without stdin, with KUBERNETES_EXEC_INFO and its own variables, and reads what it prints.
  static func credential(
    _ plugin: Kubeconfig.ExecPlugin, info: String
  ) async -> Result<ExecCredential, ConfigError> {
    let what = "exec plugin '\(plugin.command)'"
    guard plugin.interactiveMode != "Always" else {
      return .failure(
        ConfigError("\(what) wants a terminal (interactiveMode: Always), which a watch has not"))
    }
    var environment: [Environment.Key: String?] = ["KUBERNETES_EXEC_INFO": info]
    for (name, value) in plugin.environment { environment[Environment.Key(stringLiteral: name)] = value }
    let executable: Executable =
      plugin.command.contains("/") ? .path(FilePath(plugin.command)) : .name(plugin.command)
    let output: String
    do {
      let result = try await Subprocess.run(
        executable, arguments: Arguments(plugin.arguments), environment: .inherit.updating(environment),
        output: .string(limit: 4 << 20), error: .string(limit: 64 << 10))
      guard result.terminationStatus.isSuccess else {
        let said = result.standardError.split(separator: "\n").suffix(3).joined(separator: "; ")
        return .failure(ConfigError("\(what) ended with \(result.terminationStatus): \(said)"))
      }
      output = result.standardOutput
    } catch {
      let hint = plugin.installHint.split(separator: "\n").joined(separator: " ")
      return .failure(ConfigError("\(what) could not be run: \(error)\(hint.isEmpty ? "" : "; \(hint)")"))
    }
    do throws(ConfigError) {
      return .success(try ExecCredential(Array(output.utf8), from: what))
    } catch {
      return .failure(error)
    }
  }
}
