// SPDX-License-Identifier: Apache-2.0
import Process

/// A kubeconfig, context or credential that cannot be used.
struct ConfigError: ToolError, Equatable {
  var message: String

  init(_ message: String) { self.message = message }

  var status: ExitStatus { .badConfig }
  var description: String { message }
}
