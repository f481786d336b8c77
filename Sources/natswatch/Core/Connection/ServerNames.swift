// SPDX-License-Identifier: Apache-2.0

import JSON

/// Names of streams, consumers and subjects, for a shell's completion.
package struct ServerNames {
  private let jetStream: JetStream

  /// Nil when no server can be reached at once, or it refuses.
  package init?(_ flags: ConnectionSettings.Flags, environment: (String) -> String?) {
    guard let settings = try? ConnectionSettings.resolve(flags: flags, environment: environment),
      let connection = try? Connection(settings)
    else { return nil }
    jetStream = JetStream(connection: connection, shutdown: nil, timeout: .seconds(1))
  }

  package var streams: [String] { request("STREAM.NAMES")["streams"]?.strings ?? [] }

  /// The durable consumers of a stream.
  package func consumers(of stream: String) -> [String] {
    guard SubjectPattern.isName(stream) else { return [] }
    return request("CONSUMER.NAMES.\(stream)")["consumers"]?.strings ?? []
  }

  /// The subjects that streams are made for, each with its stream; `stream` names the only one.
  package func subjects(of stream: String?) -> [(subject: String, stream: String)] {
    let names = stream.map { [$0] } ?? streams
    return names.filter(SubjectPattern.isName).prefix(50).flatMap { name in
      (request("STREAM.INFO.\(name)")["config"]?["subjects"]?.strings ?? []).map { ($0, name) }
    }
  }

  private func request(_ subject: String) -> JSONValue {
    (try? jetStream.request(subject, as: JSONValue.self)) ?? .null
  }
}
