// SPDX-License-Identifier: Apache-2.0

/// The exit status of a tool, with the numbers of sysexits(3), grep(1) and timeout(1).
///
/// A death by SIGINT, SIGTERM or SIGPIPE has no exit status: it stays visible as a signal death
/// (see ``Shutdown/finish(_:)``).
package enum ExitStatus: Int32, Sendable, CaseIterable {
  /// Everything that was requested was done.
  case ok = 0
  /// The requested condition did not become true (`wfilter -e`, `--fail-if`).
  case conditionFalse = 1
  /// Bad flags or operands, a CEL error in an expression included.
  case usage = 64
  /// Bad input, with `--on-error fail`.
  case badInput = 65
  /// No such resource, stream or file.
  case noInput = 66
  /// A server is unavailable and the retries are spent.
  case unavailable = 69
  /// Our bug.
  case software = 70
  /// Output cannot be written.
  case cannotWrite = 74
  /// The resourceVersion or sequence has expired (410 Gone): list again, then retry.
  case gone = 75
  /// The server answered 401 or 403.
  case noPermission = 77
  /// Bad kubeconfig, context or credentials.
  case badConfig = 78
  /// `--timeout` ran out.
  case timedOut = 124
}

/// An error with the exit status of the tool.
package protocol ToolError: Error, CustomStringConvertible {
  /// The exit status of the process if nothing handles the error.
  var status: ExitStatus { get }
}
