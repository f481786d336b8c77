// SPDX-License-Identifier: Apache-2.0

package import Process

/// What went wrong with the server, in terms of the status the tool ends with.
package struct NATSError: ToolError {
  enum Code: Sendable, Equatable {
    /// No server, no answer, no leader: may be different in a moment.
    case unavailable
    /// The subject of a request has no subscriber: usually there is no JetStream, no stream or no leader.
    case noResponders
    /// The server refused credentials, or an action.
    case noPermission
    /// No such stream, or none that captures the subject.
    case notFound
    /// Settings that cannot work: files that cannot be read, a TLS setup that fails.
    case badSettings
    /// Flags that contradict each other.
    case badUsage
    /// The server understood and refused.
    case refused
    /// A request to end came while waiting for an answer.
    case interrupted
  }

  var code: Code
  var message: String
  /// JetStream's `err_code`, 0 where there is none.
  var serverCode = 0

  init(_ code: Code, _ message: String, serverCode: Int = 0) {
    self.code = code
    self.message = message
    self.serverCode = serverCode
  }

  package var description: String { message }

  package var status: ExitStatus {
    switch code {
    case .unavailable, .noResponders, .refused, .interrupted: .unavailable
    case .noPermission: .noPermission
    case .notFound: .noInput
    case .badSettings: .badConfig
    case .badUsage: .usage
    }
  }

  /// True when the same may succeed later without anybody's doing.
  var isTransient: Bool { code == .unavailable || code == .noResponders }
}
