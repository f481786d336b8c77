// SPDX-License-Identifier: Apache-2.0
import JSON

/// The content of a discovery document.
enum DiscoveryAnswer: Equatable {
  typealias GroupVersion = (group: String, version: String)

  /// `APIResourceList`, or all of an aggregated `APIGroupDiscoveryList`, preferred versions first.
  ///
  /// `unavailable`: the groups whose aggregated API did not respond.
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
    guard let value = try? JSONValue(parsing: text) else { return nil }
    switch value["kind"]?.string {
    case "APIResourceList":
      let parts = (value["groupVersion"]?.string ?? "").split(separator: "/").map(String.init)
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
          guard let name = group["name"]?.string else { return nil }
          let preferred = group["preferredVersion"]?["version"]?.string
          let versions = (group["versions"]?.elements ?? []).compactMap { $0["version"]?.string }
          return (name, versions.filter { $0 == preferred } + versions.filter { $0 != preferred })
        })
    default: return nil
    }
  }

  private static func legacy(_ value: JSONValue, _ group: String, _ version: String) -> APIResource? {
    // A name with a slash is a subresource.
    guard let name = value["name"]?.string, !name.contains("/") else { return nil }
    return APIResource(
      group: value["group"]?.string ?? group, version: value["version"]?.string ?? version, name: name,
      singular: value["singularName"]?.string ?? "", kind: value["kind"]?.string ?? "",
      isNamespaced: value["namespaced"]?.bool ?? false, verbs: value["verbs"]?.strings ?? [],
      shortNames: value["shortNames"]?.strings ?? [], categories: value["categories"]?.strings ?? [])
  }

  /// `freshness: Stale` without resources: the group's server has not responded yet, or not recently.
  private static func unavailable(_ item: JSONValue) -> [GroupVersion] {
    (item["versions"]?.elements ?? []).compactMap { version in
      guard version["freshness"]?.string == "Stale", version["resources"]?.elements.isEmpty ?? true,
        let group = item["metadata"]?["name"]?.string, let number = version["version"]?.string
      else { return nil }
      return (group, number)
    }
  }

  private static func aggregated(_ item: JSONValue) -> [APIResource] {
    let group = item["metadata"]?["name"]?.string ?? ""
    return (item["versions"]?.elements ?? []).flatMap { version in
      (version["resources"]?.elements ?? []).compactMap { value in
        guard let name = value["resource"]?.string, let number = version["version"]?.string else {
          return nil
        }
        return APIResource(
          group: group, version: number, name: name, singular: value["singularResource"]?.string ?? "",
          kind: value["responseKind"]?["kind"]?.string ?? "",
          isNamespaced: value["scope"]?.string == "Namespaced",
          verbs: value["verbs"]?.strings ?? [], shortNames: value["shortNames"]?.strings ?? [],
          categories: value["categories"]?.strings ?? [])
      }
    }
  }
}
