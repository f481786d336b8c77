// SPDX-License-Identifier: Apache-2.0
import Events

/// The fields of a client's subscription. Each is checked before it becomes part of a command line.
struct ChannelRequest: Sendable, Equatable {
  /// In the order in which they form the channel's name.
  static let fields = [
    "resourceType", "orgId", "projectId", "namespace", "name", "labelSelector", "fieldSelector",
  ]
  /// The version to resume after. It is not a part of the channel's name.
  static let resumeField = "resourceVersion"
  /// The authenticated identity, which a client cannot choose.
  static let identityField = "identity"
  /// The path of a file with the client's token, see ``HandedToken``.
  static let tokenField = "tokenFile"
  /// The identity, if the client asks for its own objects (`"userScoped":true`).
  static let userScopedField = "userScoped"

  /// The names that a template's braces may hold.
  static let placeholders = fields + [resumeField, userScopedField, identityField, tokenField]

  /// By field; none is empty.
  private(set) var values: [String: String]
  private(set) var isUserScoped: Bool
  /// The account that the command is charged to, see ``Router/account(_:address:)``.
  var account = ""
  /// The client's token, if the command takes one.
  var token: HandedToken?

  /// An empty value counts as absent.
  init(_ values: [String: String], isUserScoped: Bool = false) throws(HTTPError) {
    self.values = values.filter { !$0.value.isEmpty }
    self.isUserScoped = isUserScoped
    guard let type = self.values["resourceType"] else { throw .badRequest("resourceType is missing") }
    guard ChannelRequest.isResourceType(type) else {
      throw .badRequest(
        "resourceType '\(type)' is not a resource, api/VERSION/RESOURCE or apis/GROUP/VERSION/RESOURCE"
      )
    }
    for field in ["orgId", "projectId", "namespace", "name", ChannelRequest.resumeField] {
      guard let value = self.values[field] else { continue }
      guard value.utf8.count <= 253, value.utf8.allSatisfy(ChannelRequest.isNameByte), !value.hasPrefix("-"),
        !value.hasPrefix(".")
      else { throw .badRequest("\(field) '\(value)' is not a name") }
    }
    for field in ["labelSelector", "fieldSelector"] {
      guard let value = self.values[field] else { continue }
      // A colon separates the parts of a channel's name; selectors contain none.
      guard value.utf8.count <= 1024, !value.hasPrefix("-"), !value.contains(":"),
        value.unicodeScalars.allSatisfy({ $0.value >= 0x20 && $0.value != 0x7F })
      else { throw .badRequest("\(field) '\(value)' is not a selector") }
    }
  }

  /// The request of a Kubernetes client. A selector that the command does not take is left out; wfanout
  /// applies it itself.
  init(
    _ path: KubernetesPath, _ filter: FilterRequest, version: String, for template: UpstreamTemplate
  ) throws(HTTPError) {
    var values = [
      "resourceType": (path.apiVersion.contains("/") ? "apis/" : "api/")
        + "\(path.apiVersion)/\(path.resource)", ChannelRequest.resumeField: version,
    ]
    values["namespace"] = path.namespace
    values["name"] = path.name
    if template.fields.contains("labelSelector") { values["labelSelector"] = filter.labelSelector }
    if template.fields.contains("fieldSelector") { values["fieldSelector"] = filter.fieldSelector }
    try self.init(values)
  }

  /// The same, from the present state on.
  var fromPresent: ChannelRequest {
    var request = self
    request.values[ChannelRequest.resumeField] = nil
    return request
  }

  /// The command's arguments.
  ///
  /// - Throws: ``HTTPError`` if the template cannot restrict the command to what was requested, or to the
  ///   identity of the requester.
  func arguments(for template: UpstreamTemplate, identity: String) throws(HTTPError) -> [String] {
    for field in ChannelRequest.fields.dropFirst()
    where values[field] != nil && !template.fields.contains(field) {
      throw .badRequest("\(field) is not supported here: the command of --upstream has no {\(field)}")
    }
    var values = values
    values[ChannelRequest.resumeField] = version(in: template)
    if isUserScoped {
      guard template.fields.contains(ChannelRequest.userScopedField) else {
        throw .badRequest("userScoped is not supported here: the command of --upstream has no {userScoped}")
      }
      guard !identity.isEmpty else { throw .badRequest("userScoped needs a token") }
      values[ChannelRequest.userScopedField] = identity
    }
    if !identity.isEmpty, isUserScoped || template.fields.contains(ChannelRequest.identityField) {
      try ChannelRequest.checkIdentity(identity)
      values[ChannelRequest.identityField] = identity
    }
    values[ChannelRequest.tokenField] = token?.path
    do throws(UpstreamTemplate.MissingFieldError) {
      return try template.arguments(values)
    } catch {
      throw .badRequest("\(error.field) is missing")
    }
  }

  /// The version that the command resumes after; nil if the template has no place for one. Of an id
  /// `EPOCH-SEQUENCE` the source needs the sequence.
  func version(in template: UpstreamTemplate) -> String? {
    guard template.fields.contains(ChannelRequest.resumeField), let text = values[ChannelRequest.resumeField]
    else { return nil }
    return EventID(text).map { "\($0.sequence)" } ?? text
  }

  /// Refuses an identity with characters that have a meaning in an argument, such as a subject's wildcard.
  private static func checkIdentity(_ identity: String) throws(HTTPError) {
    guard identity.utf8.count <= 253, !identity.hasPrefix("-"),
      identity.utf8.allSatisfy({ isNameByte($0) || $0 == UInt8(ascii: "@") })
    else {
      throw HTTPError(403, "Forbidden", "the identity '\(identity)' is not a name")
    }
  }

  /// `resourceType:orgId:projectId:namespace:name:labelSelector:fieldSelector`, and `:user` for user-scoped
  /// channels.
  var channel: String {
    ChannelRequest.fields.map { values[$0] ?? "" }.joined(separator: ":") + (isUserScoped ? ":user" : "")
  }

  private static func isResourceType(_ text: String) -> Bool {
    guard text.utf8.count <= 256 else { return false }
    let parts = text.split(separator: "/", omittingEmptySubsequences: false)
    guard
      parts.allSatisfy({ part in
        !part.isEmpty && part != "." && part != ".." && !part.hasPrefix("-")
          && part.utf8.allSatisfy(isNameByte)
      })
    else { return false }
    return parts.count == 1 || (parts.count == 3 && parts[0] == "api")
      || (parts.count == 4 && parts[0] == "apis")
  }

  private static func isNameByte(_ byte: UInt8) -> Bool {
    (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
      || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || byte == UInt8(ascii: "-")
      || byte == UInt8(ascii: ".") || byte == UInt8(ascii: "_")
  }
}
