// SPDX-License-Identifier: Apache-2.0
import Events
import JSON
import Lines
import Process

/// `--usage`: the resource usage of pods or nodes, from metrics.k8s.io, as METRICS lines beside the watch.
///
/// It lists at an interval, because that API has no watch. Each sample is printed once, even if it is read
/// several times. It is never a MODIFIED, since the object's spec and status are unchanged. If the user
/// requested a resource of metrics.k8s.io itself, the runner has no watch beside it: a refusal of its first
/// list is final, and a snapshot ends with it.
package final class UsageRunner {
  let link: ClusterLink
  let resource: APIResource
  let namespace: String?
  private let printer: EventPrinter
  private let query: Query
  private let interval: Duration
  /// The runner has no watch beside it.
  let standsAlone: Bool
  private let isSnapshot: Bool
  private let retryLimit: Int?
  private(set) var isFinished = false
  private let diagnostics: Diagnostics
  private unowned let host: any RunnerHost
  private var exchange: Exchange?
  private var wakeAt: Duration
  private var givesUpAt = Duration.zero
  private var patience: Duration { max(interval * 3, .seconds(30)) }
  /// namespace/name → the time of the sample in the last list.
  private var printed: [[UInt8]: [UInt8]] = [:]
  private var seen: [[UInt8]: [UInt8]] = [:]
  private(set) var hasWorked = false
  private var hasRefreshed = false
  private var failures = 0
  private var health: (StreamStatus.Health, StreamStatus.Reason)?

  init(
    _ link: ClusterLink, _ resource: APIResource, namespace: String?, query: Query, interval: Duration,
    standsAlone: Bool, isSnapshot: Bool, retryLimit: Int?, output: OutputWriter, options: OutputOptions,
    diagnostics: Diagnostics, host: any RunnerHost
  ) {
    self.link = link
    self.namespace = namespace
    self.query = query
    self.interval = interval
    self.standsAlone = standsAlone
    self.isSnapshot = isSnapshot
    self.retryLimit = retryLimit
    self.diagnostics = diagnostics
    self.host = host
    self.resource = resource
    printer = EventPrinter(
      output, resource: resource, options: options, cluster: link.name, namespace: namespace)
    wakeAt = MonotonicClock.now
  }

  static let group = "metrics.k8s.io"

  /// The resource of metrics.k8s.io for a resource, if there is one.
  static func usage(of watched: APIResource) -> APIResource? {
    guard watched.group.isEmpty, watched.name == "pods" || watched.name == "nodes" else { return nil }
    return APIResource(
      group: group, version: "v1beta1", name: watched.name,
      kind: watched.name == "nodes" ? "NodeMetrics" : "PodMetrics", isNamespaced: watched.isNamespaced)
  }

  /// The next time at which `timer` must be called.
  var deadline: Duration? { isFinished ? nil : wakeAt }

  func timer(_ now: Duration) {
    guard wakeAt <= now, !isFinished else { return }
    wakeAt = now + interval
    if let late = exchange {
      // A metrics server that is slower than the interval sets the pace: the next request waits for its
      // response.
      guard now >= givesUpAt else {
        wakeAt = min(wakeAt, givesUpAt)
        return
      }
      host.cancel(late, discarding: false)
      exchange = nil
      failed(.disconnect, "no response in \(patience.components.seconds) s")
      guard !isFinished else { return }
    }
    let path =
      resource.path(namespace: namespace)
      + query.text(.list(.mostRecent, continuation: "", limit: nil))
    do throws(ConfigError) {
      guard let made = try link.exchange(path, compressed: true) else { return }
      attach(made)
      exchange = made
      givesUpAt = now + patience
      host.start(made)
    } catch { settle(.degraded, .auth, error.message) }
  }

  private func attach(_ exchange: Exchange) {
    var decoder = ListDecoder()
    var fault: String?
    seen = [:]
    exchange.onBytes = { [unowned self] chunk in
      do throws(ListDecoder.FormatError) {
        try decoder.feed(chunk) { item in
          sample(item)
          return true
        }
      } catch { fault = "\(error)" }
      return fault == nil
    }
    exchange.onEnd = { [unowned self] ending in
      self.exchange = nil
      switch ending {
      case .broken(let message):
        if let fault { failed(.error, fault) } else { failed(.disconnect, message) }
      case .untrusted(let message): failed(.disconnect, message, isFinal: .badConfig)
      case .complete where exchange.status != 200:
        refused(exchange.status, ServerAnswer.failure(exchange, "list \(resource.qualifiedName)").message)
      case .complete where !decoder.isComplete || !decoder.hasItems:
        failed(.error, "the response is not a whole list")
      case .complete:
        printed = seen
        (hasWorked, hasRefreshed, failures) = (true, false, 0)
        settle(.healthy, .none, "")
        if isSnapshot { finish(.ok, "") }
      }
    }
  }

  private func refused(_ status: Int, _ message: String) {
    switch status {
    case 401:
      // Tokens expire: try once more with new ones before the failure is final.
      link.credentials.invalidate()
      failed(.auth, message, isFinal: hasRefreshed ? .noPermission : nil)
      hasRefreshed = true
    case 403: failed(.permission, message, isFinal: .noPermission)
    case 404: failed(.noScope, message, isFinal: .noInput)
    default: failed(.error, message)
    }
  }

  /// `isFinal`: whether the runner ends. If it has worked before it continues, because a refusal may be
  /// temporary.
  private func failed(
    _ reason: StreamStatus.Reason, _ message: String, isFinal status: ExitStatus? = nil
  ) {
    failures += 1
    var end = hasWorked ? nil : status
    if let retryLimit, failures > retryLimit { end = end ?? .unavailable }
    guard standsAlone, let end else { return settle(.degraded, reason, message) }
    settle(.unhealthy, reason, "")
    finish(end, message)
  }

  private func finish(_ status: ExitStatus, _ message: String) {
    guard standsAlone else { return }
    isFinished = true
    host.finished(self, status, message)
  }

  private func sample(_ item: Span<UInt8>) {
    guard let header = try? ObjectHeader(item, namespaced: resource.isNamespaced) else { return }
    let key = item.bytes(header.namespace) + [UInt8(ascii: "/")] + item.bytes(header.name)
    let time = Self.time(item)
    seen[key] = time
    guard printed[key] != time else { return }
    do throws(OutputError) { try printer.metrics(item, header) } catch { host.fail(error) }
  }

  /// The sample's `timestamp`. The object's creationTimestamp is the time of the request.
  private static func time(_ item: Span<UInt8>) -> [UInt8] {
    var walker = JSONWalker()
    guard (try? walker.enterObject(item)) != nil else { return [] }
    while let key = try? walker.nextKey(item) {
      if item.reads(key, as: "timestamp") {
        return (try? walker.skipValue(item)).map { item.bytes($0) } ?? []
      }
      guard (try? walker.skipValue(item)) != nil else { return [] }
    }
    return []
  }

  private func settle(_ level: StreamStatus.Health, _ reason: StreamStatus.Reason, _ message: String) {
    guard health?.0 != level || health?.1 != reason else { return }
    health = (level, reason)
    if !message.isEmpty {
      diagnostics.warning("usage of \(resource.name) (\(link.label)): \(message)")
    }
    host.report(self, level, reason)
  }
}
