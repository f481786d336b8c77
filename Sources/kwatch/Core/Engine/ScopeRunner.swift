// SPDX-License-Identifier: Apache-2.0
import CCurl
import Encoding
import Events
import JSON
import Lines
import Process

/// One (cluster, resource, namespace): the machine, its decoders and its printer, between libcurl and stdout.
package final class ScopeRunner {
  let link: ClusterLink
  /// The name of the resource as the user wrote it.
  let name: ResourceName
  private(set) var resource: APIResource
  /// nil: all of them, or a resource without namespaces.
  private(set) var namespace: String?
  var machine: ScopeMachine
  private var printer: EventPrinter
  let query: Query
  private let output: OutputWriter
  private let options: OutputOptions
  private let screen: LiveTable?
  private let diagnostics: Diagnostics
  private unowned let host: any RunnerHost

  private(set) var exchanges: [TransferID: Exchange] = [:]
  /// The wall-clock time of the last printed event.
  private(set) var lastEvent: Timestamp?
  private(set) var eventCount: UInt64 = 0
  /// Whether the state has changed since it was saved.
  var hasNews = false
  /// The Status of the ERROR event that is being handled.
  private var errorObject: [UInt8] = []
  private var reader: EventReader

  init(
    link: ClusterLink, name: ResourceName, resource: APIResource, namespace: String?, query: Query,
    settings: ScopeSettings, output: OutputWriter, options: OutputOptions, screen: LiveTable?,
    diagnostics: Diagnostics, host: any RunnerHost
  ) {
    self.link = link
    self.name = name
    self.resource = resource
    self.namespace = namespace
    self.query = query
    self.output = output
    self.options = options
    self.screen = screen
    self.diagnostics = diagnostics
    self.host = host
    machine = ScopeMachine(settings: settings) { .random(in: 0..<1) }
    printer = EventPrinter(
      output, resource: resource, options: options, cluster: link.name, namespace: namespace, screen: screen)
    reader = EventReader(resource, isTable: options.format.isTable)
    machine.title = title
  }

  /// Continues with another version of the resource, which has replaced it on the server. All objects are
  /// printed again, in their new form.
  func move(to resource: APIResource, namespace: String?) {
    let place = resource.isNamespaced ? "in namespaces" : "without namespaces"
    let isMoved = resource.isNamespaced != self.resource.isNamespaced
    let form = isMoved ? "\(resource.apiVersion) \(place)" : resource.apiVersion
    diagnostics.warning("\(title): the server has \(form) now, not \(self.resource.apiVersion)")
    self.resource = resource
    self.namespace = namespace
    machine.title = title
    printer = EventPrinter(
      output, resource: resource, options: options, cluster: link.name, namespace: namespace, screen: screen)
    reader = EventReader(resource, isTable: options.format.isTable)
    machine.forgetVersions()
  }

  /// For messages: `pods in default (context prod, https://10.0.0.1:6443)`.
  var title: String {
    let place = namespace.map { " in \($0)" } ?? ""
    return "\(resource.qualifiedName)\(query.object.map { "/\($0)" } ?? "")\(place) (\(link.label))"
  }

  /// Identifies the scope in a state file.
  var key: String {
    [
      link.name, resource.apiVersion, resource.name, namespace ?? "*", query.object ?? "",
      query.fieldSelector, query.labelSelector,
    ]
    .joined(separator: "|")
  }

  func handle(_ event: ScopeEvent) { perform(machine.event(event, at: MonotonicClock.now)) }

  // MARK: - Exchanges

  /// Creates the request; nil while credentials are being fetched.
  func exchange(_ id: TransferID, _ request: ScopeRequest, fresh: Bool) throws(ConfigError) -> Exchange? {
    let accept =
      options.format.isTable
      ? "application/json;as=Table;v=v1;g=meta.k8s.io,application/json" : "application/json"
    let path = resource.path(namespace: namespace) + query.text(request)
    // A watch never uses gzip, because an event would wait in the compressor for the next one.
    guard let exchange = try link.exchange(path, accept: accept, compressed: !request.isStream, fresh: fresh)
    else {
      return nil
    }
    diagnostics.debug("\(link.name): GET \(path)")
    exchanges[id] = exchange
    exchange.onOpen = { [unowned self] in
      link.outage.end()
      handle(.opened(id))
    }
    if request.isStream { attachWatch(exchange, id) } else { attachList(exchange, id, request) }
    return exchange
  }

  private func attachWatch(_ exchange: Exchange, _ id: TransferID) {
    var decoder = WatchDecoder()
    exchange.onBytes = { [unowned self] chunk in
      let now = received(chunk, id)
      do throws(WatchDecoder.FormatError) {
        try decoder.feed(chunk) { line in self.line(line, id, exchange, now) }
      } catch {
        broken(id, exchange, "\(error)")
      }
      return !exchange.isCancelled
    }
    exchange.onEnd = { [unowned self] ending in
      exchanges[id] = nil
      switch ending {
      case .broken(let message):
        handle(.failed(id, ScopeError(kind: .transport, message: "watch \(title): \(message)")))
      case .untrusted(let message):
        handle(.failed(id, ScopeError(kind: .untrusted, message: "watch \(title): \(message)")))
      case .complete where exchange.status != 200:
        handle(.failed(id, ServerAnswer.failure(exchange, "watch \(title)")))
      case .complete:
        // An unfinished line at a clean end is not an event; the next watch sends it again.
        handle(.ended(id))
      }
    }
  }

  private func attachList(_ exchange: Exchange, _ id: TransferID, _ request: ScopeRequest) {
    var decoder = ListDecoder(kind: resource.listKind, apiVersion: resource.apiVersion)
    var isProbe = false
    if case .probe = request { isProbe = true }
    reader.beginList()
    exchange.onBytes = { [unowned self] chunk in
      let now = received(chunk, id)
      do throws(ListDecoder.FormatError) {
        try decoder.feed(chunk) { item in isProbe || self.item(item, id, exchange, now) }
      } catch {
        broken(id, exchange, "\(error)")
      }
      return !exchange.isCancelled
    }
    exchange.onEnd = { [unowned self] ending in
      exchanges[id] = nil
      let what = "list \(title)"
      switch ending {
      case .broken(let message):
        handle(.failed(id, ScopeError(kind: .transport, message: "\(what): \(message)")))
      case .untrusted(let message):
        handle(.failed(id, ScopeError(kind: .untrusted, message: "\(what): \(message)")))
      case .complete where exchange.status != 200:
        handle(.failed(id, ServerAnswer.failure(exchange, what)))
      case .complete where !decoder.isComplete || !decoder.hasItems:
        // An answer without items is not an empty list: all objects would be reported as deleted.
        let kind = decoder.meta.kind.isEmpty ? "" : "is a \(decoder.meta.kind) and "
        let fault =
          decoder.isComplete ? "the response \(kind)has no items" : "the response is not a whole list"
        handle(.failed(id, ScopeError(kind: .garbage, message: "\(what): \(fault)")))
      case .complete:
        if !isProbe { printing { () throws(OutputError) in try self.printer.endOfPage(decoder.meta) } }
        handle(.page(id, decoder.meta))
      }
    }
  }

  /// Notes that bytes have arrived. White space proves that the server is alive, but it is not progress: a server that
  /// sends only white space still times out.
  private func received(_ chunk: Span<UInt8>, _ id: TransferID) -> Duration {
    let now = MonotonicClock.now
    if !JSONWalker.isSpace(chunk) { machine.activity(id, at: now) }
    link.heartbeat.activity(at: now)
    return now
  }

  private func broken(_ id: TransferID, _ exchange: Exchange, _ message: String) {
    guard !exchange.isCancelled else { return }
    drop(id)
    handle(.failed(id, ScopeError(kind: .garbage, message: "\(title): \(message)")))
  }

  private func drop(_ id: TransferID, discarding: Bool = false) {
    guard let exchange = exchanges.removeValue(forKey: id) else { return }
    host.cancel(exchange, discarding: discarding)
  }

  // MARK: - Bytes

  private func item(_ item: Span<UInt8>, _ id: TransferID, _ exchange: Exchange, _ now: Duration) -> Bool {
    let header: ObjectHeader
    do throws(JSONError) { header = try reader.item(item) } catch {
      broken(id, exchange, "an item of the list is not an object with a name: \(Self.start(of: item))")
      return false
    }
    guard fits(header) else {
      outgrown(id, exchange)
      return false
    }
    emit(machine.listItem(id, item, header, at: now), item) { type throws(OutputError) in
      try self.printer.item(item, as: type, header)
    }
    return !exchange.isCancelled
  }

  private func line(_ line: Span<UInt8>, _ id: TransferID, _ exchange: Exchange, _ now: Duration) -> Bool {
    switch reader.line(line) {
    case .broken:
      broken(id, exchange, "a line of the watch is not an event of a named object: \(Self.start(of: line))")
    case .foreign(let kind):
      broken(id, exchange, "the watch sends an object of the kind \(kind), not \(resource.kind)")
    case .unknown:
      diagnostics.warning("\(title): skipped an event of an unknown type: \(Self.start(of: line))")
    case .error(let object):
      errorObject = line.bytes(object)
      defer { errorObject = [] }
      drop(id)
      handle(.failed(id, ServerAnswer.failure(line.extracting(object), "watch \(title)")))
      return false
    case .event(let parsed, let header) where parsed.type == .bookmark:
      let version = line.text(header.resourceVersion)
      handle(.bookmark(id, resourceVersion: version, endsInitialEvents: header.endsInitialEvents))
      printing { () throws(OutputError) in try self.printer.bookmark(line, parsed) }
      hasNews = true
    case .event(_, let header) where !fits(header): outgrown(id, exchange)
    case .event(let parsed, let header):
      let disposition = machine.watchEvent(id, parsed.type, line, header, at: now)
      emit(disposition, line) { type throws(OutputError) in
        try self.printer.line(line, parsed, as: type, header)
      }
      if machine.needsProof { perform(machine.event(.delivered, at: now)) }
    }
    return !exchange.isCancelled
  }

  private func fits(_ header: ObjectHeader) -> Bool { resource.isNamespaced || header.namespace.isEmpty }

  /// The resource has been deleted and created again, with namespaces. Its old path now means all of them, and the user
  /// may have named one.
  private func outgrown(_ id: TransferID, _ exchange: Exchange) {
    broken(
      id, exchange, "the server sends objects in namespaces, which \(resource.qualifiedName) did not have")
    host.rediscover(self)
  }

  private static func start(of line: Span<UInt8>) -> String {
    line.text(0..<min(80, line.count))
  }

  /// Prints an object as the machine has decided. `print` returns whether it was printed.
  private func emit(
    _ disposition: Disposition, _ text: Span<UInt8>, _ print: (EventType) throws(OutputError) -> Bool
  ) {
    let type: EventType
    switch disposition {
    case .drop: return
    case .emit(let own): type = own
    case .replace(let predecessor):
      emitDeletion(of: predecessor)
      type = .added
    }
    noteEvent()
    var isFit = true
    printing { () throws(OutputError) in isFit = try print(type) }
    guard !isFit else { return }
    diagnostics.warning("\(title): skipped an object that is not JSON: \(Self.start(of: text))")
  }

  private func emitDeletion(of identity: Identity) {
    noteEvent()
    printing { () throws(OutputError) in try self.printer.deleted(identity) }
  }

  private func noteEvent() {
    eventCount += 1
    hasNews = true
    lastEvent = .now
  }

  private func printing(_ body: () throws(OutputError) -> Void) {
    do throws(OutputError) { try body() } catch { host.fail(error) }
  }

  // MARK: - Actions

  func perform(_ actions: [ScopeAction]) {
    host.disturb()
    for action in actions {
      switch action {
      case .send(let id, let request, let fresh): host.send(self, id, request, fresh: fresh)
      case .cancel(let id): drop(id, discarding: true)
      case .delete(let identities): for identity in identities { emitDeletion(of: identity) }
      case .pass(let failure):
        let object = errorObject.isEmpty ? ServerAnswer.status(failure) : errorObject
        printing { () throws(OutputError) in try self.printer.error(object) }
      case .synced:
        hasNews = true
        host.synced()
      case .report(let health): host.report(self, health)
      case .refreshCredentials: link.credentials.invalidate()
      case .rediscover: host.rediscover(self)
      case .warn(let text): diagnostics.warning(text)
      case .outage(let text):
        if link.outage.reports(self) { diagnostics.warning(text) } else { diagnostics.debug(text) }
      case .debug(let text): diagnostics.debug(text)
      case .finish(let status, let message):
        link.outage.end()
        host.finished(self, status, message)
      }
    }
  }
}
