// SPDX-License-Identifier: Apache-2.0
package import Process

/// A resource as a user names it: `pods`, `po`, `pods.v1.`, `deployments.apps`, `deploy.v1.apps/web`,
/// `apis/apps/v1/namespaces/prod/deployments`.
package struct ResourceName: Equatable, Sendable {
  /// Plural, singular, short name or kind; in a path the plural.
  package var resource = ""
  /// nil: any group.
  package var group: String?
  /// nil: the server's preferred one.
  package var version: String?
  /// From a path only.
  package var namespace: String?
  /// One object of it.
  package var object: String?
  package var isPath = false
  /// As the user wrote it.
  package var text: String

  package struct SyntaxError: ToolError, Equatable {
    package var description: String
    package var status: ExitStatus { .usage }
  }

  /// - Throws: `SyntaxError` for an invalid name. All parts of a request's path are checked here.
  package init(_ text: String) throws(SyntaxError) {
    self.text = text
    guard text.utf8.count <= 512 else {
      throw SyntaxError(description: "a resource name of \(text.utf8.count) bytes")
    }
    var parts = text.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
    if parts.first == "", parts.count > 1 { parts.removeFirst() }
    if text.hasPrefix("/"), parts.last == "", parts.count > 1 { parts.removeLast() }
    guard !parts.contains("") else {
      throw SyntaxError(description: "'\(text)' is not a resource: a part of it is empty")
    }
    if parts.count > 1, parts[0] == "api" || parts[0] == "apis" {
      try readPath(parts)
    } else {
      try readWord(parts)
    }
    for part in [resource, group ?? "", version ?? "", namespace ?? ""] where !Self.isPlain(part) {
      throw SyntaxError(description: "'\(text)' is not a resource: '\(part)' cannot be a part of one")
    }
    if let object, !Self.isObjectName(object) {
      throw SyntaxError(description: "'\(text)' is not a resource: '\(object)' cannot be an object's name")
    }
  }

  /// `RESOURCE[.VERSION][.GROUP][/NAME]`.
  private mutating func readWord(_ parts: [String]) throws(SyntaxError) {
    guard parts.count <= 2 else {
      throw SyntaxError(
        description:
          "'\(text)' is not a resource: write RESOURCE, RESOURCE/NAME or apis/GROUP/VERSION/RESOURCE")
    }
    let labels = parts[0].split(separator: ".", maxSplits: 1).map(String.init)
    guard let first = labels.first, !parts[0].hasPrefix(".") else {
      throw SyntaxError(description: "'\(text)' is not a resource: a name is missing in front of the dot")
    }
    resource = first.lowercased()
    object = parts.count == 2 ? parts[1] : nil
    guard labels.count == 2 else { return }
    let tail = labels[1].split(separator: ".", maxSplits: 1).map(String.init)
    guard !tail.isEmpty else {
      throw SyntaxError(description: "'\(text)' is not a resource: its group is missing")
    }
    if labels[1].hasSuffix("."), tail.count == 1, Self.isVersion(tail[0]) {
      // kubectl's full form of a core resource: `pods.v1.`
      (version, group) = (tail[0], "")
    } else if tail.count == 2, Self.isVersion(tail[0]) {
      (version, group) = (tail[0], tail[1])
    } else if Self.isVersion(labels[1]) {
      (version, group) = (labels[1], "")
    } else {
      group = labels[1]
    }
  }

  private mutating func readPath(_ parts: [String]) throws(SyntaxError) {
    isPath = true
    let isCore = parts[0] == "api"
    group = isCore ? "" : parts[1]
    var rest = parts.dropFirst(isCore ? 1 : 2)
    version = rest.popFirst()
    // `namespaces/NS` is an object unless a resource follows.
    if rest.first == "namespaces", rest.count >= 3 {
      rest.removeFirst()
      namespace = rest.popFirst()
    }
    resource = rest.popFirst() ?? ""
    object = rest.popFirst()
    guard !resource.isEmpty, rest.isEmpty else {
      throw SyntaxError(
        description:
          "'\(text)' is not the path of a resource: write apis/GROUP/VERSION/[namespaces/NS/]RESOURCE[/NAME]")
    }
  }

  /// Parts of a path may contain no character with another meaning there.
  private static func isPlain(_ text: String) -> Bool {
    text.utf8.count <= 253 && text != "." && text != ".."
      && text.utf8.allSatisfy { byte in
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
          UInt8(ascii: ":"):
          true
        default: false
        }
      }
  }

  /// Kubernetes' own rule for the freest of names, those of RBAC ("ValidatePathSegmentName"): anything but `.`, `..`,
  /// a slash and a percent sign. It is only ever sent as a field selector's value.
  private static func isObjectName(_ text: String) -> Bool {
    !text.isEmpty && text.utf8.count <= 253 && text != "." && text != ".."
      && text.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F && $0 != UInt8(ascii: "%") }
  }

  /// `v1`, `v2beta3`.
  private static func isVersion(_ text: String) -> Bool {
    guard text.hasPrefix("v") else { return false }
    let rest = text.dropFirst().drop { $0.isASCII && $0.isNumber }
    guard rest.count < text.count - 1 else { return false }
    if rest.isEmpty { return true }
    for word in ["alpha", "beta"] where rest.hasPrefix(word) {
      let digits = rest.dropFirst(word.count)
      return !digits.isEmpty && digits.allSatisfy { $0.isASCII && $0.isNumber }
    }
    return false
  }
}
