// SPDX-License-Identifier: Apache-2.0

package import Process

/// An error of the server or connection, by the exit status that it leads to.
package struct NATSError: ToolError {
  enum Code: Sendable, Equatable {
    /// No server, no response or no leader; may succeed later.
    case unavailable
    /// The subject of a request has no subscriber: usually there is no JetStream, no stream or no leader.
    case noResponders
    /// The server refused the credentials or denied an action.
    case noPermission
    /// No such stream, or none that captures the subject.
    case notFound
    /// Settings that cannot work: files that cannot be read, a TLS setup that fails.
    case badSettings
    /// Flags that contradict each other.
    case badUsage
    /// The server refused the request.
    case refused
    /// The tool was asked to end while it waited.
    case interrupted
  }

  var code: Code
  var message: String
  /// JetStream's `err_code`; 0 if there is none.
  var serverCode = 0

  init(_ code: Code, _ message: String, serverCode: Int = 0) {
    self.code = code
    self.message = message
    self.serverCode = serverCode
  }

  /// The server denied what `what` names.
  static func denied(_ denial: String, _ what: String? = nil) -> NATSError {
    let prefix = what.map { "\($0): " } ?? ""
    let remedy = denial.contains("Subscription") ? ": set --inbox-prefix" : ""
    return NATSError(.noPermission, "\(prefix)permission denied by the server: \(denial)\(remedy)")
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

  /// Whether the same action may succeed later.
  var isTransient: Bool { code == .unavailable || code == .noResponders }
}
