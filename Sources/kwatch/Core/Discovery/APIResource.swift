// SPDX-License-Identifier: Apache-2.0
import JSON

/// A resource that a server has.
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

  var apiVersion: String { group.isEmpty ? version : "\(group)/\(version)" }

  /// `pods`, `deployments.apps`.
  var qualifiedName: String { group.isEmpty ? name : "\(name).\(group)" }

  /// As `kubectl -o name` has it: `pod`, `deployment.apps`.
  var objectPrefix: String { group.isEmpty ? kind.lowercased() : "\(kind.lowercased()).\(group)" }

  var isSecret: Bool { group.isEmpty && name == "secrets" }

  /// The path of its collection.
  func path(namespace: String?) -> String {
    let root = group.isEmpty ? "/api/\(version)" : "/apis/\(group)/\(version)"
    guard isNamespaced, let namespace else { return "\(root)/\(name)" }
    return "\(root)/namespaces/\(namespace)/\(name)"
  }

  /// What kwatch can do with it, in STATUS' words.
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

  func answers(to word: String) -> Bool {
    name == word || singular == word || shortNames.contains(word) || kind.lowercased() == word
  }
}
