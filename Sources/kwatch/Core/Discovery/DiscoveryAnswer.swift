// SPDX-License-Identifier: Apache-2.0

/// The content of a discovery document.
enum DiscoveryAnswer: Equatable {
  typealias GroupVersion = (group: String, version: String)

  /// `APIResourceList`, or all of an aggregated `APIGroupDiscoveryList`, preferred versions first.
  ///
  /// `unavailable`: what the server could not ask the aggregated API about.
  case resources([APIResource], unavailable: [GroupVersion])
  /// `APIGroupList` of a server without aggregated discovery: groups with their versions, preferred ones first.
  case groups([(name: String, versions: [String])])

  static func == (left: DiscoveryAnswer, right: DiscoveryAnswer) -> Bool {
    switch (left, right) {
    case (.resources(let left, let leftMissing), .resources(let right, let rightMissing)):
      left == right && leftMissing.elementsEqual(rightMissing) { $0 == $1 }
    case (.groups(let left), .groups(let right)): left.elementsEqual(right) { $0 == $1 }
    default: false
    }
  }

  /// - Returns: nil for a document of another kind.
  init?(_ text: [UInt8]) {
    guard let value = try? JSONValue.parse(text) else { return nil }
    switch value["kind"]?.text {
    case "APIResourceList":
      let parts = (value["groupVersion"]?.text ?? "").split(separator: "/").map(String.init)
      guard let version = parts.last, parts.count <= 2 else { return nil }
      let group = parts.count == 2 ? parts[0] : ""
      self = .resources(
        (value["resources"]?.elements ?? []).compactMap { Self.legacy($0, group, version) }, unavailable: [])
    case "APIGroupDiscoveryList":
      let items = value["items"]?.elements ?? []
      self = .resources(items.flatMap(Self.aggregated), unavailable: items.flatMap(Self.unavailable))
    case "APIGroupList":
      self = .groups(
        (value["groups"]?.elements ?? []).compactMap { group in
          guard let name = group["name"]?.text else { return nil }
          let preferred = group["preferredVersion"]?["version"]?.text
          let versions = (group["versions"]?.elements ?? []).compactMap { $0["version"]?.text }
          return (name, versions.filter { $0 == preferred } + versions.filter { $0 != preferred })
        })
    default: return nil
    }
  }

  private static func legacy(_ value: JSONValue, _ group: String, _ version: String) -> APIResource? {
    // A slash: a subresource.
    guard let name = value["name"]?.text, !name.contains("/") else { return nil }
    return APIResource(
      group: value["group"]?.text ?? group, version: value["version"]?.text ?? version, name: name,
      singular: value["singularName"]?.text ?? "", kind: value["kind"]?.text ?? "",
      isNamespaced: value["namespaced"]?.flag ?? false, verbs: value["verbs"]?.texts ?? [],
      shortNames: value["shortNames"]?.texts ?? [])
  }

  /// `freshness: Stale` without resources: the group's own server has not answered yet, or not for long.
  private static func unavailable(_ item: JSONValue) -> [GroupVersion] {
    (item["versions"]?.elements ?? []).compactMap { version in
      guard version["freshness"]?.text == "Stale", version["resources"]?.elements.isEmpty ?? true,
        let group = item["metadata"]?["name"]?.text, let number = version["version"]?.text
      else { return nil }
      return (group, number)
    }
  }

  private static func aggregated(_ item: JSONValue) -> [APIResource] {
    let group = item["metadata"]?["name"]?.text ?? ""
    return (item["versions"]?.elements ?? []).flatMap { version in
      (version["resources"]?.elements ?? []).compactMap { value in
        guard let name = value["resource"]?.text, let number = version["version"]?.text else { return nil }
        return APIResource(
          group: group, version: number, name: name, singular: value["singularResource"]?.text ?? "",
          kind: value["responseKind"]?["kind"]?.text ?? "",
          isNamespaced: value["scope"]?.text == "Namespaced",
          verbs: value["verbs"]?.texts ?? [], shortNames: value["shortNames"]?.texts ?? [])
      }
    }
  }
}
