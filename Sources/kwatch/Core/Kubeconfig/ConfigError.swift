// SPDX-License-Identifier: Apache-2.0
import Process

/// A kubeconfig, context or credential that cannot be used.
struct ConfigError: ToolError, Equatable {
  var message: String

  var status: ExitStatus

  init(_ message: String, status: ExitStatus = .badConfig) {
    self.message = message
    self.status = status
  }

  var description: String { message }
}
