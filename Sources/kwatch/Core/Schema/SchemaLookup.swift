// SPDX-License-Identifier: Apache-2.0
import JSON
import Process

/// Finds a resource's schema on a server: by OpenAPI v3's index the document of the resource's group, else OpenAPI v2.
///
/// A pure state machine: it returns the next path to request, and receives the responses.
struct SchemaLookup {
  enum Step: Equatable {
    case get(String)
    case found([UInt8])
    case failed(ExitStatus, String)
    /// The server is unavailable now: repeat the whole look-up.
    case later(ScopeError)
  }

  static let index = "/openapi/v3"
  static let old = "/openapi/v2"

  private let resource: APIResource
  /// The path below which the server has its API, if it is not the root.
  private let prefix: String

  init(_ resource: APIResource, below prefix: String = "") {
    self.resource = resource
    self.prefix = prefix
  }

  func start() -> Step {
    resource.kind.isEmpty
      ? .failed(
        .unavailable, "the schema of '\(resource.name)': the server does not name the resource's kind")
      : .get(Self.index)
  }

  func answer(_ path: String, _ result: Result<[UInt8], ScopeError>) -> Step {
    switch result {
    case .success(let text) where path == Self.index:
      guard let value = try? JSONValue(parsing: text), let paths = value["paths"] else { return missing }
      let group = resource.group.isEmpty ? "api/\(resource.version)" : "apis/\(resource.apiVersion)"
      guard let url = paths[group]?["serverRelativeURL"]?.string, url.hasPrefix("/") else {
        return .get(Self.old)
      }
      // A proxy may add its own path, which all our requests begin with.
      return .get(url.hasPrefix(prefix + "/") ? String(url.dropFirst(prefix.count)) : url)
    case .success(let text):
      let found = try? SchemaDocument(text).extract(resource)
      guard let found = found ?? nil else { return path == Self.old ? missing : .get(Self.old) }
      return .found(found + [0x0A])
    case .failure(let failure):
      switch failure.kind {
      // A server without OpenAPI v3, or without this path: 1.23 and older, and other programs.
      case .http(404), .http(406): return path == Self.old ? missing : .get(Self.old)
      case .http(401), .http(403): return .failed(.noPermission, failure.message)
      default: return .later(failure)
      }
    }
  }

  private var missing: Step {
    .failed(
      .unavailable,
      "the schema of \(resource.qualifiedName): the server describes no \(resource.kind) "
        + "in \(Self.index) or \(Self.old)")
  }
}
