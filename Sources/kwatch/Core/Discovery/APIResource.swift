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
  /// Groups of resources that kubectl takes as a name: `all`.
  var categories: [String] = []

  var apiVersion: String { group.isEmpty ? version : "\(group)/\(version)" }

  /// `pods`, `deployments.apps`.
  var qualifiedName: String { group.isEmpty ? name : "\(name).\(group)" }

  /// As `kubectl -o name` has it: `pod`, `deployment.apps`.
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

  /// How kwatch can follow it, in the words of STATUS.
  var mode: String { verbs.contains("list") ? (verbs.contains("watch") ? "watch" : "polling") : "none" }

  /// Its line for `--list-resources`.
  var line: [UInt8] {
    func list(_ texts: [String]) -> String { "[" + texts.map(JSONText.string).joined(separator: ",") + "]" }
    return Array(
      """
      {"resource":\(JSONText.string(name)),"group":\(JSONText.string(group)),"version":\(JSONText.string(version)),\
      "kind":\(JSONText.string(kind)),"shortNames":\(list(shortNames)),"namespaced":\(isNamespaced),\
      "verbs":\(list(verbs)),"mode":"\(mode)"}\n
      """.utf8)
  }

  /// How well a word names the resource: its plural best, then its singular, a short name, its kind (kubectl's
  /// order); nil if it does not.
  func rank(of word: String) -> Int? {
    if name == word { return 0 }
    if singular == word { return 1 }
    if shortNames.contains(word) { return 2 }
    return kind.lowercased() == word ? 3 : nil
  }

  /// The API is one of Kubernetes' own: core, a group without a dot, or one of `k8s.io`.
  var isBuiltIn: Bool { Self.isBuiltIn(group: group) }

  static func isBuiltIn(group: String) -> Bool { !group.contains(".") || group.hasSuffix(".k8s.io") }
}
