// SPDX-License-Identifier: Apache-2.0

/// A resource's place in the Kubernetes API: `/api/v1/…` or `/apis/{group}/{version}/…`.
struct KubernetesPath: Equatable, Sendable {
  /// `v1`, or `group/version`.
  var apiVersion: String
  var namespace: String?
  var resource: String
  var name: String?

  /// Nil if the path has another form, or a part that cannot be a Kubernetes name.
  init?(_ path: String) {
    var parts = path.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
    guard parts.first == "" else { return nil }
    parts.removeFirst()
    guard path.utf8.count <= 512, parts.allSatisfy(KubernetesPath.isPart) else { return nil }
    // `/api/v1/streaming/…` belongs to the admin listener, and `/api/watch/…` to the channels.
    if parts.count >= 3, parts[0] == "api", parts[1].hasPrefix("v"), parts[2] != "streaming" {
      apiVersion = parts[1]
      parts.removeFirst(2)
    } else if parts.count >= 4, parts[0] == "apis" {
      apiVersion = "\(parts[1])/\(parts[2])"
      parts.removeFirst(3)
    } else {
      return nil
    }
    if parts.count >= 3, parts[0] == "namespaces" {
      namespace = parts[1]
      parts.removeFirst(2)
    }
    guard parts.count <= 2 else { return nil }
    resource = parts[0]
    name = parts.count == 2 ? parts[1] : nil
  }

  /// Whether this is the resource's name, with or without its group.
  func isResource(_ name: String) -> Bool { name == resource || name.hasPrefix(resource + ".") }

  /// Whether an object of this kind can belong to the resource: `dnszones` to DNSZone, `policies` to Policy.
  func names(kind: String) -> Bool {
    let singular = kind.lowercased()
    if resource == singular || resource == singular + "s" || resource == singular + "es" { return true }
    return singular.hasSuffix("y") && resource == singular.dropLast() + "ies"
  }

  /// Letters, digits, `-`, `.`, `_` as in RFC 1123 names; never `..`.
  private static func isPart(_ part: String) -> Bool {
    !part.isEmpty && part.utf8.count <= 253 && part != "." && part != ".."
      && part.utf8.allSatisfy { byte in
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
          || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || byte == UInt8(ascii: "-")
          || byte == UInt8(ascii: ".") || byte == UInt8(ascii: "_")
      }
  }
}
