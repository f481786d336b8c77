// SPDX-License-Identifier: Apache-2.0
import JSON

/// The positions of an object's identity in its bytes.
///
/// Ranges are of the strings' raw content, between the quotes; empty when absent. Kubernetes' names, uids and
/// resourceVersions need no JSON escapes; where another server escapes them, the escaped form is the identity.
struct ObjectHeader: Equatable, Sendable {
  var name = 0..<0
  var namespace = 0..<0
  var uid = 0..<0
  var resourceVersion = 0..<0
  /// Empty if it comes after the identity and was not read.
  var kind = 0..<0
  /// Found so far. With `walkingAll` these two are complete.
  var hasKind = false
  var hasAPIVersion = false
  /// The annotation `k8s.io/initial-events-end: "true"` of a streaming list's last bookmark.
  var endsInitialEvents = false

  /// Reads the header of the object that starts at `start`.
  ///
  /// Stops as soon as it has name, uid, resourceVersion and, if `namespaced`, namespace. kube-apiserver sends
  /// these in the first 300 bytes of built-in kinds. `row`: this is a Table's row, whose identity is in its
  /// `object`. `walkingAll`: read to the object's end. Throws if this is not a complete object.
  init(
    _ text: Span<UInt8>, at start: Int = 0, namespaced: Bool, row: Bool = false, walkingAll: Bool = false
  ) throws(JSONError) {
    var start = start
    // A server without Tables sends the objects themselves.
    if row, let object = try Self.rowObject(text, at: start) { start = object }
    var walker = JSONWalker(at: start)
    try walker.enterObject(text)
    while let key = try walker.nextKey(text) {
      if text.reads(key, as: "metadata"), try walker.peek(text) == UInt8(ascii: "{") {
        let complete = try readMetadata(text, &walker, namespaced: namespaced, walkingAll: walkingAll)
        if complete, !walkingAll { return }
      } else {
        let isKind = text.reads(key, as: "kind")
        if isKind { hasKind = true }
        if text.reads(key, as: "apiVersion") { hasAPIVersion = true }
        if isKind, let value = try walker.stringValue(text) {
          kind = value
        } else if !isKind {
          try walker.skipValue(text)
        }
      }
    }
  }

  private static func rowObject(_ text: Span<UInt8>, at start: Int) throws(JSONError) -> Int? {
    var walker = JSONWalker(at: start)
    try walker.enterObject(text)
    while let key = try walker.nextKey(text) {
      if text.reads(key, as: "object") { return walker.position }
      try walker.skipValue(text)
    }
    return nil
  }

  /// - Returns: whether everything was found. The walker may then be inside `metadata`.
  private mutating func readMetadata(
    _ text: Span<UInt8>, _ walker: inout JSONWalker, namespaced: Bool, walkingAll: Bool
  ) throws(JSONError) -> Bool {
    try walker.enterObject(text)
    while let key = try walker.nextKey(text) {
      // The first of duplicate keys wins.
      if name.isEmpty, text.reads(key, as: "name") {
        name = try walker.stringValue(text) ?? name
      } else if namespace.isEmpty, text.reads(key, as: "namespace") {
        namespace = try walker.stringValue(text) ?? namespace
      } else if uid.isEmpty, text.reads(key, as: "uid") {
        uid = try walker.stringValue(text) ?? uid
      } else if resourceVersion.isEmpty, text.reads(key, as: "resourceVersion") {
        resourceVersion = try walker.stringValue(text) ?? resourceVersion
      } else if text.reads(key, as: "annotations"), try walker.peek(text) == UInt8(ascii: "{") {
        try readAnnotations(text, &walker)
      } else {
        try walker.skipValue(text)
        continue
      }
      if !walkingAll, !name.isEmpty, !uid.isEmpty, !resourceVersion.isEmpty, !namespaced || !namespace.isEmpty
      {
        return true
      }
    }
    return false
  }

  private mutating func readAnnotations(_ text: Span<UInt8>, _ walker: inout JSONWalker) throws(JSONError) {
    try walker.enterObject(text)
    while let key = try walker.nextKey(text) {
      let marks = text.reads(key, as: "k8s.io/initial-events-end")
      let value = try walker.stringValue(text)
      if marks, let value, text.reads(value, as: "true") { endsInitialEvents = true }
    }
  }
}
