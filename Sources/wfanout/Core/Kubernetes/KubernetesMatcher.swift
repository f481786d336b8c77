// SPDX-License-Identifier: Apache-2.0

/// Selects the events of a stream for a Kubernetes client: data events of its resource that match its
/// filters, errors, and bookmarks if it allows them. STATUS and METRICS lines are not part of the Kubernetes
/// protocol.
struct KubernetesMatcher: LineMatcher {
  let path: KubernetesPath
  let allowsBookmarks: Bool
  /// False if the source provides only this path's objects.
  let checksPath: Bool
  /// Whether objects have to name their kind or resource.
  var wantsNames = false
  let filter: (any LineMatcher)?

  /// No part of a path is empty or has a space in it.
  var key: String {
    "kubernetes \(path.apiVersion) \(path.namespace ?? "") \(path.resource) \(path.name ?? "") \(allowsBookmarks) \(wantsNames) "
      + (filter?.key ?? "")
  }

  func matches(_ batch: Batch, _ index: Int) -> Bool {
    isOfKind(batch, index) && (!batch.kinds[index].isOfObject || filter?.matches(batch, index) ?? true)
  }

  func delivery(of batch: Batch, _ index: Int) -> Delivery {
    guard isOfKind(batch, index) else { return .nothing }
    return batch.kinds[index].isOfObject ? filter?.delivery(of: batch, index) ?? .line : .line
  }

  private func isOfKind(_ batch: Batch, _ index: Int) -> Bool {
    switch batch.kinds[index] {
    case .added, .modified, .deleted: !checksPath || isOfPath(batch, index)
    case .bookmark: allowsBookmarks
    case .error: true
    case .status, .metrics, .other: false
    }
  }

  /// A watch also gets objects that do not name their resource; a list leaves them out, since it would hold
  /// everything.
  private func isOfPath(_ batch: Batch, _ index: Int) -> Bool {
    if let version = batch.text(.apiVersion, index), version != path.apiVersion { return false }
    if let resource = batch.text(.resource, index) {
      guard path.isResource(resource) else { return false }
    } else if let kind = batch.text(.kind, index) {
      guard path.names(kind: kind) else { return false }
    } else if wantsNames {
      return false
    }
    if let namespace = path.namespace, batch.text(.namespace, index) != namespace { return false }
    return path.name.map { batch.text(.name, index) == $0 } ?? true
  }
}
