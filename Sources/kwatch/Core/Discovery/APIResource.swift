// SPDX-License-Identifier: Apache-2.0
import JSON

/// A resource that a server serves.
struct APIResource: Equatable, Sendable {
  var group: String
  var version: String
  /// Plural, as in paths.
  var name: String
  var singular = ""
  var kind = ""
  var isNamespaced = true
  var verbs: [String] = []
  var shortNames: [String] = []
  /// Groups of resources that kubectl accepts as a name: `all`.
  var categories: [String] = []

  var apiVersion: String { group.isEmpty ? version : "\(group)/\(version)" }

  /// The kind of a list. Empty if it is not known: a custom resource may have any name for it.
  var listKind: String { group.contains(".") || kind.isEmpty ? "" : "\(kind)List" }

  /// The kind of each object, as far as it is certain; empty: any.
  var objectKind: String { listKind.isEmpty ? "" : kind }

  /// `pods`, `deployments.apps`.
  var qualifiedName: String { group.isEmpty ? name : "\(name).\(group)" }

  /// The form of `kubectl -o name`: `pod`, `deployment.apps`.
  var objectPrefix: String { group.isEmpty ? kind.lowercased() : "\(kind.lowercased()).\(group)" }

  /// Kubernetes' own events, of either API.
  var isEvents: Bool { name == "events" && (group.isEmpty || group == "events.k8s.io") }

  var isSecret: Bool { group.isEmpty && name == "secrets" }

  /// The path of its collection.
  func path(namespace: String?) -> String {
    let root = group.isEmpty ? "/api/\(version)" : "/apis/\(group)/\(version)"
    guard isNamespaced, let namespace else { return "\(root)/\(name)" }
    return "\(root)/namespaces/\(namespace)/\(name)"
  }

  /// The way in which kwatch can follow it, in the terms of STATUS lines.
  var mode: String { verbs.contains("list") ? (verbs.contains("watch") ? "watch" : "polling") : "none" }

  /// Its line for `--list-resources`.
  var line: [UInt8] {
    var writer = JSONWriter()
    writer.object {
      $0.member("resource", name)
      $0.member("group", group)
      $0.member("version", version)
      $0.member("kind", kind)
      $0.member("shortNames", shortNames)
      $0.member("namespaced", isNamespaced)
      $0.member("verbs", verbs)
      $0.member("mode", mode)
    }
    return writer.bytes + [0x0A]
  }

  /// How well a word names the resource, in kubectl's order: its plural, its singular, a short name, its
  /// kind. Nil if the word does not name it.
  ///
  /// Kubernetes before 1.27 names no singular of its own resources. It is the kind then, as for kubectl: `pod` is not the
  /// `pods` of another group.
  func rank(of word: String) -> Int? {
    if name == word { return 0 }
    if (singular.isEmpty ? kind.lowercased() : singular) == word { return 1 }
    if shortNames.contains(word) { return 2 }
    return kind.lowercased() == word ? 3 : nil
  }

  /// Whether the API belongs to Kubernetes: core, a group without a dot, or a group of `k8s.io`.
  var isBuiltIn: Bool { Self.isBuiltIn(group: group) }

  static func isBuiltIn(group: String) -> Bool { !group.contains(".") || group.hasSuffix(".k8s.io") }
}

extension JSONWriter {
  fileprivate mutating func member(_ name: String, _ texts: [String]) {
    key(name)
    array { for text in texts { $0.value(text) } }
  }
}
