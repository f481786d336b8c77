// SPDX-License-Identifier: Apache-2.0
import Lines
import Process

/// `--schema`: fetches the schema of one resource and prints it.
final class SchemaRunner {
  let link: ClusterLink
  private let lookup: SchemaLookup
  private let cache = SchemaCache()
  private let output: OutputWriter
  private let retryLimit: Int?
  private unowned let host: any RunnerHost
  private lazy var requests = DocumentRequests(link, patience: .seconds(30), host: host) { [unowned self] in
    answered($0, $1)
  }
  private var backoff = Backoff(floor: .milliseconds(100))
  private var failures = 0
  private(set) var wakeAt: Duration?

  init(
    _ link: ClusterLink, _ resource: APIResource, output: OutputWriter, retryLimit: Int?, host: any RunnerHost
  ) {
    self.link = link
    lookup = SchemaLookup(resource, below: link.root)
    self.output = output
    self.retryLimit = retryLimit
    self.host = host
  }

  func start() {
    wakeAt = nil
    perform(lookup.start())
  }

  func timer(_ now: Duration) {
    if let at = wakeAt, at <= now { start() }
  }

  func pump() {
    do throws(ConfigError) { try requests.pump() } catch {
      requests.removeWaiting()
      host.finished(self, error.status, "\(error.message) (\(link.label))")
    }
  }

  private func answered(_ path: String, _ answer: DocumentRequests.Answer) {
    if case .success(let text) = answer { cache.write(text, link.target.server, path) }
    perform(lookup.answer(path, answer))
  }

  private func perform(_ step: SchemaLookup.Step) {
    switch step {
    case .get(let path):
      if let text = cache.read(link.target.server, path) {
        perform(lookup.answer(path, .success(text)))
      } else {
        requests.get([path])
        host.disturb()
      }
    case .found(let text):
      do throws(OutputError) { try output.append(text) } catch { host.fail(error) }
      host.finished(self, .ok, "")
    case .failed(let status, let message): host.finished(self, status, "\(message) (\(link.label))")
    case .later(let failure):
      failures += 1
      if let retryLimit, failures > retryLimit {
        return host.finished(self, .unavailable, failure.message)
      }
      wakeAt = MonotonicClock.now + backoff.next(retryAfter: failure.retryAfter, random: .random(in: 0..<1))
      host.disturb()
    }
  }
}
