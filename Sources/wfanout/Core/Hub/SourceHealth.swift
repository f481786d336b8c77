// SPDX-License-Identifier: Apache-2.0
import Encoding
import Events
import JSON
import Synchronization

/// The health that the source of a stream reports: its newest STATUS line for each scope. Written by the
/// thread that reads the source.
final class SourceHealth: Sendable {
  private struct State: Sendable {
    /// The newest STATUS object of each scope. The key is the JSON text of its `scope`.
    var objects: [[UInt8]: [UInt8]] = [:]
    var lastEvent: Timestamp?
    var hasListed = false
    var lastError: Status?
  }

  private let state = Mutex(State())

  /// A source has one scope for each resource and cluster; more than this many are ignored.
  private static let scopeLimit = 256

  func note(_ batch: Batch) {
    let now = Timestamp.now
    state.withLock { state in
      state.lastEvent = now
      state.lastError = SourceHealth.lastError(batch)
      if !state.hasListed {
        state.hasListed = (0..<batch.count).contains { SourceHealth.endsList(batch, $0) }
      }
      for index in 0..<batch.count where batch.kinds[index] == .status {
        guard let object = batch.value(.object, index) else { continue }
        let scope = batch.bytes.withJSON(object) { object in
          var bytes: [UInt8] = []
          object.member("scope")?.appendBytes(to: &bytes)
          return bytes
        }
        guard state.objects[scope] != nil || state.objects.count < SourceHealth.scopeLimit else { continue }
        state.objects[scope] = Array(batch.bytes[object])
      }
    }
  }

  /// Whether the source has reported that its initial objects are complete.
  var hasListed: Bool { state.withLock { $0.hasListed } }

  /// The Status of the source's last line, if that is an ERROR.
  var lastError: Status? { state.withLock { $0.lastError } }

  private static func lastError(_ batch: Batch) -> Status? {
    guard batch.kinds.last == .error, let object = batch.value(.object, batch.count - 1),
      let status = JSONValue(Array(batch.bytes[object])), let message = status["message"]?.string,
      !message.isEmpty
    else { return nil }
    // What cannot be a response's status still has words.
    guard let code = status["code"]?.integer, (400..<600).contains(code) else {
      return Status(code: 500, reason: "InternalError", message: message)
    }
    return Status(code: code, reason: status["reason"]?.string ?? "", message: message)
  }

  private static func endsList(_ batch: Batch, _ index: Int) -> Bool {
    let path: [String]
    let wanted: String
    switch batch.kinds[index] {
    case .bookmark:
      (path, wanted) = (["object", "metadata", "annotations", "k8s.io/initial-events-end"], "true")
    case .status: (path, wanted) = (["object", "health"], "healthy")
    default: return false
    }
    return batch.withJSON(index) { $0.member(at: path)?.string } == wanted
  }

  /// `"last_event":…,"health":…,"status":[the STATUS objects]`: members of a JSON object.
  var json: String {
    let state = state.withLock { $0 }
    let objects = state.objects.values.map { String(decoding: $0, as: UTF8.self) }.sorted()
    return
      #""last_event":\#(state.lastEvent.map { "\"\($0)\"" } ?? "null"),"health":"\#(worst(state.objects.values))","#
      + #""status":[\#(objects.joined(separator: ","))]"#
  }

  /// `healthy`, `degraded`, `unhealthy`, or `unknown` if the source reports nothing.
  var worst: String { worst(state.withLock { $0.objects.values }) }

  private func worst(_ objects: some Sequence<[UInt8]>) -> String {
    let known = ["unhealthy", "degraded", "healthy"]
    let said = Set(objects.compactMap { JSONValue($0)?["health"]?.string })
    return known.first(where: said.contains) ?? "unknown"
  }
}
