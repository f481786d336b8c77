// SPDX-License-Identifier: Apache-2.0
import Synchronization

/// The resources whose objects a stream has had, so that a misspelled one is refused, not answered with an
/// empty list.
final class ResourceNames: Sendable {
  private struct Name: Hashable, Sendable {
    var apiVersion: String?
    var kind: String?
    /// From `source.resource`, with or without its group.
    var resource: String?
  }

  private struct State: Sendable {
    var names: Set<Name> = []
    var hasUnnamed = false
  }

  private let state = Mutex(State())

  /// The maximum number of resources that are remembered.
  private static let limit = 1000

  /// Records the resource of a new object.
  func note(_ batch: Batch, _ index: Int) {
    let name = Name(
      apiVersion: batch.text(.apiVersion, index), kind: batch.text(.kind, index),
      resource: batch.text(.resource, index))
    state.withLock { state in
      guard name.kind != nil || name.resource != nil else { return state.hasUnnamed = true }
      if state.names.count < ResourceNames.limit { state.names.insert(name) }
    }
  }

  /// Whether there may be objects of this resource; always true before the first object.
  func mayHave(_ path: KubernetesPath) -> Bool {
    state.withLock { state in
      if state.names.isEmpty { return !state.hasUnnamed }
      return state.names.contains { ResourceNames.isName($0, of: path) }
    }
  }

  /// Whether a watch of this resource would be silent forever, as far as the objects so far can tell. Objects
  /// without a kind match every resource.
  func lacks(_ path: KubernetesPath) -> Bool {
    !state.withLock { $0.hasUnnamed } && !mayHave(path)
  }

  /// The kind of a resource's objects; nil before the first one.
  func kind(of path: KubernetesPath) -> String? {
    state.withLock { $0.names.first { $0.kind != nil && ResourceNames.isName($0, of: path) }?.kind }
  }

  private static func isName(_ name: Name, of path: KubernetesPath) -> Bool {
    guard name.apiVersion ?? path.apiVersion == path.apiVersion else { return false }
    if let resource = name.resource { return path.isResource(resource) }
    return name.kind.map(path.names(kind:)) ?? false
  }
}
