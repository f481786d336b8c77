// SPDX-License-Identifier: Apache-2.0
import Encoding
import JSON
import YAML

/// The output of an exec plugin: `client.authentication.k8s.io`'s ExecCredential.
struct ExecCredential: Equatable, Sendable {
  var token = ""
  var certificate: [UInt8] = []
  var key: [UInt8] = []
  var expiry: Timestamp?

  /// `apiVersion`: what the plugin was asked for; another one is refused, as by kubectl. Empty: any.
  /// `source`: names the plugin in messages.
  init(_ text: [UInt8], apiVersion: String, from source: String) throws(ConfigError) {
    // Plugins for Windows too may begin with a byte order mark.
    let text = text.starts(with: [0xEF, 0xBB, 0xBF]) ? Array(text.dropFirst(3)) : text
    let value: JSONValue
    do { value = try Self.value(text) } catch {
      let isBlank = text.allSatisfy { $0 <= 0x20 }
      let fault = (error as? YAMLNode.SyntaxError).map { " and cannot be read as YAML: \($0)" } ?? ""
      throw ConfigError("\(source) printed \(isBlank ? "nothing" : "something that is not JSON\(fault)")")
    }
    guard value["kind"]?.string == "ExecCredential", let status = value["status"] else {
      throw ConfigError("\(source) printed no ExecCredential with a status")
    }
    let version = value["apiVersion"]?.string ?? ""
    guard apiVersion.isEmpty || version == apiVersion else {
      throw ConfigError(
        "\(source) returned the apiVersion '\(version)' instead of '\(apiVersion)', which the kubeconfig asks for"
      )
    }
    token = status["token"]?.string ?? ""
    certificate = Array((status["clientCertificateData"]?.string ?? "").utf8)
    key = Array((status["clientKeyData"]?.string ?? "").utf8)
    guard certificate.isEmpty == key.isEmpty else {
      throw ConfigError(
        "\(source) returned a \(key.isEmpty ? "certificate without its key" : "key without its certificate")")
    }
    guard !token.isEmpty || !certificate.isEmpty else {
      throw ConfigError("\(source) returned neither a token nor a certificate with its key")
    }
    if let text = status["expirationTimestamp"]?.string {
      guard let time = Timestamp(rfc3339: text) else {
        throw ConfigError("\(source) returned an expirationTimestamp that is not an RFC 3339 time: '\(text)'")
      }
      expiry = time
    }
  }

  /// JSON, or YAML, which client-go accepts, too.
  private static func value(_ text: [UInt8]) throws -> JSONValue {
    do { return try JSONValue(parsing: text) } catch {
      let documents = try YAMLNode.parseAll(text, allowsAliases: false)
      guard documents.count == 1, case .mapping = documents[0].node else { throw error }
      return try JSONValue(parsing: Array(documents[0].node.json.utf8))
    }
  }
}
