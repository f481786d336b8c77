// SPDX-License-Identifier: Apache-2.0
import Events

/// The supported options of a Kubernetes list or watch (meta/v1 ListOptions).
struct KubernetesWatchQuery: Equatable, Sendable {
  var isWatch = false
  /// Both empty and `0` mean any version.
  var resourceVersion = ""
  var allowsBookmarks = false
  var sendsInitialEvents = false
  /// `sendInitialEvents=false`: the watch starts with the next event, even where a snapshot is kept.
  var omitsInitialEvents = false
  var timeoutSeconds: Int?
  var filter = FilterRequest()
  /// Whether a list must have exactly this version.
  private var wantsExactly = false

  /// Whether the response is a list, or a watch that begins with one.
  var beginsWithList: Bool { !isWatch || sendsInitialEvents }

  init(_ request: HTTPRequest) throws(HTTPError) {
    isWatch = request.flag("watch")
    resourceVersion = request.item("resourceVersion") ?? ""
    if resourceVersion == "0" { resourceVersion = "" }
    guard resourceVersion.utf8.count <= 256 else { throw .badRequest("resourceVersion is too long") }
    allowsBookmarks = request.flag("allowWatchBookmarks")
    sendsInitialEvents = request.flag("sendInitialEvents")
    omitsInitialEvents = request.item("sendInitialEvents") == "false"
    if let text = request.item("timeoutSeconds"), !text.isEmpty {
      guard let seconds = Int(text), seconds >= 0 else {
        throw .badRequest("timeoutSeconds '\(text)' is not a number of seconds")
      }
      timeoutSeconds = seconds == 0 ? nil : min(seconds, 86_400)
    }
    filter = FilterRequest(request)
    try checkMatch(request)
    // A server need not divide a list (ListOptions.limit), so it has never given a token to continue with.
    if let limit = request.item("limit"), !limit.isEmpty, Int(limit).map({ $0 < 0 }) ?? true {
      throw .badRequest("limit '\(limit)' is not a number of objects")
    }
    if !isWatch, let token = request.item("continue"), !token.isEmpty {
      throw .badRequest("continue: this server returns whole lists, never a continue token")
    }
  }

  /// The rules for `resourceVersionMatch` of the API server (ValidateListOptions).
  private mutating func checkMatch(_ request: HTTPRequest) throws(HTTPError) {
    let match = request.item("resourceVersionMatch") ?? ""
    func invalid(_ message: String) -> HTTPError {
      HTTPError(422, "Invalid", message)
    }
    if isWatch, sendsInitialEvents, match != "NotOlderThan" {
      throw invalid("sendInitialEvents requires resourceVersionMatch=NotOlderThan")
    }
    if !isWatch, request.item("sendInitialEvents") != nil {
      throw invalid("sendInitialEvents is for a watch only")
    }
    guard !match.isEmpty else { return }
    guard match == "Exact" || match == "NotOlderThan" else {
      throw invalid("resourceVersionMatch '\(match)': it is Exact or NotOlderThan")
    }
    if isWatch {
      guard request.item("sendInitialEvents") != nil else {
        throw invalid("resourceVersionMatch is for a watch with sendInitialEvents only")
      }
      return
    }
    guard let version = request.item("resourceVersion"), !version.isEmpty else {
      throw invalid("resourceVersionMatch requires a resourceVersion")
    }
    guard match == "Exact" else { return }
    guard version != "0" else { throw invalid("resourceVersionMatch=Exact requires a resourceVersion but 0") }
    wantsExactly = true
  }

  /// Refuses a list, or a watch that begins with one, that would not have the version that the client asks for.
  func check(_ newest: SnapshotVersion, ownEpoch: UInt64) throws(HTTPError) {
    guard !resourceVersion.isEmpty else { return }
    if wantsExactly, newest.id(of: resourceVersion, ownEpoch: ownEpoch) != newest.id {
      throw HTTPError(
        status: .expired("resource version \(resourceVersion) is not the current one; list without it"))
    }
    guard let current = newest.current(before: resourceVersion, ownEpoch: ownEpoch) else { return }
    throw HTTPError(
      status: .tooLarge(resourceVersion, current: current), headers: [("Retry-After", "1")])
  }
}
