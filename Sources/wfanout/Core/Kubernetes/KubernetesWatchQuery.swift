// SPDX-License-Identifier: Apache-2.0
import Events

/// The options of a Kubernetes list or watch (meta/v1 ListOptions), as far as they mean something here.
struct KubernetesWatchQuery: Equatable, Sendable {
  var isWatch = false
  /// Empty and `0` are both "whatever you have".
  var resourceVersion = ""
  var allowsBookmarks = false
  var sendsInitialEvents = false
  /// `sendInitialEvents=false`: the watch starts with the next event, even where a snapshot is kept.
  var omitsInitialEvents = false
  var timeoutSeconds: Int?
  var filter = FilterRequest()

  init(_ request: Request) throws(HTTPError) {
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
    if sendsInitialEvents, isWatch, request.item("resourceVersionMatch") != "NotOlderThan" {
      throw HTTPError(
        status: Status(
          code: 422, reason: "Invalid",
          message: "sendInitialEvents requires resourceVersionMatch=NotOlderThan"))
    }
  }
}
