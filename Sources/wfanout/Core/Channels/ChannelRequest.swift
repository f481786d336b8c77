// SPDX-License-Identifier: Apache-2.0
import Events

/// What a client wants to watch: the fields of a subscription, each checked before it comes near a command.
struct ChannelRequest: Sendable, Equatable {
  /// In the order of the channel's name.
  static let fields = [
    "resourceType", "orgId", "projectId", "namespace", "name", "labelSelector", "fieldSelector",
  ]

  /// Stands in a command for whose request it is.
  static let identityField = "identity"

  private(set) var values: [String: String]

  /// Takes values by field; empty ones count as absent.
  init(_ values: [String: String]) throws(Refusal) {
    self.values = values.filter { ChannelRequest.fields.contains($0.key) && !$0.value.isEmpty }
    guard let type = self.values["resourceType"] else { throw .badRequest("resourceType is missing") }
    guard ChannelRequest.isResourceType(type) else {
      throw .badRequest(
        "resourceType '\(type)' is neither a resource nor api/VERSION/RESOURCE nor apis/GROUP/VERSION/RESOURCE"
      )
    }
    for field in ["orgId", "projectId", "namespace", "name"] {
      guard let value = self.values[field] else { continue }
      guard value.utf8.count <= 253, value.utf8.allSatisfy(ChannelRequest.isNameByte), !value.hasPrefix("-"),
        !value.hasPrefix(".")
      else { throw .badRequest("\(field) '\(value)' is not a name") }
    }
    for field in ["labelSelector", "fieldSelector"] {
      guard let value = self.values[field] else { continue }
      // The colon separates the parts of a channel's name; no selector has one in its syntax.
      guard value.utf8.count <= 1024, !value.hasPrefix("-"), !value.contains(":"),
        value.unicodeScalars.allSatisfy({ $0.value >= 0x20 && $0.value != 0x7F })
      else { throw .badRequest("\(field) '\(value)' is not a selector") }
    }
  }

  init(_ path: KubernetesPath, _ filter: FilterRequest) throws(Refusal) {
    var values = [
      "resourceType": (path.apiVersion.contains("/") ? "apis/" : "api/")
        + "\(path.apiVersion)/\(path.resource)"
    ]
    values["namespace"] = path.namespace
    values["name"] = path.name
    values["labelSelector"] = filter.labelSelector
    values["fieldSelector"] = filter.fieldSelector
    try self.init(values)
  }

  /// The values, and whose request it is as `identity`, which no request can choose.
  ///
  /// - Throws: ``Refusal`` for an identity that would mean more than a name where it is put in, a wildcard of a subject say.
  func values(of identity: String) throws(Refusal) -> [String: String] {
    guard !identity.isEmpty else { return values }
    guard identity.utf8.count <= 253, !identity.hasPrefix("-"),
      identity.utf8.allSatisfy({ ChannelRequest.isNameByte($0) || $0 == UInt8(ascii: "@") })
    else {
      throw Refusal(
        status: Status(code: 403, reason: "Forbidden", message: "the identity '\(identity)' is no name"))
    }
    return values.merging([ChannelRequest.identityField: identity]) { $1 }
  }

  /// `resourceType:orgId:projectId:namespace:name:labelSelector:fieldSelector`.
  var channel: String { ChannelRequest.fields.map { values[$0] ?? "" }.joined(separator: ":") }

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
