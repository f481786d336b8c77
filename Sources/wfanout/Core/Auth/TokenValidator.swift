// SPDX-License-Identifier: Apache-2.0
import Encoding
import NIOCore
import NIOSSL
import Process
import Synchronization

/// `--auth-url`: asks a server whose a token is, once for all who bring the same one, and remembers the answer for a while.
///
/// Nobody is let in when it cannot be asked. Any event loop.
final class TokenValidator: Sendable {
  private struct State: Sendable {
    var cache: TokenCache
    /// Tokens that are being asked about.
    var asked: [String: EventLoopFuture<Verdict>] = [:]
  }

  /// What `https` needs could not be had.
  struct Failure: ToolError {
    var description: String
    var status: ExitStatus { .badConfig }
  }

  private let url: ValidatorURL
  private let tls: NIOSSLContext?
  private let timeout: TimeAmount
  private let diagnostics: Diagnostics
  private let state: Mutex<State>

  private static let cacheLimit = 10_000
  /// Questions at one time; beyond, strangers with made-up tokens would have us hold any number of connections.
  private static let askedLimit = 64

  /// `authority` is the file of the certificates that the server's is checked with; nil takes the system's.
  init(
    url: ValidatorURL, authority: String?, timeout: Duration, cacheSeconds: UInt32, diagnostics: Diagnostics
  ) throws(Failure) {
    self.url = url
    do {
      var configuration = TLSConfiguration.makeClientConfiguration()
      if let authority {
        configuration.trustRoots = .certificates(try NIOSSLCertificate.fromPEMFile(authority))
      }
      tls = url.isSecure ? try NIOSSLContext(configuration: configuration) : nil
    } catch {
      throw Failure(description: "read certificates '\(authority ?? "of the system")' for \(url): \(error)")
    }
    self.timeout = TimeAmount(timeout)
    self.diagnostics = diagnostics
    state = Mutex(State(cache: TokenCache(limit: TokenValidator.cacheLimit, seconds: Int64(cacheSeconds))))
  }

  func verdict(of token: String, on loop: any EventLoop) -> EventLoopFuture<Verdict> {
    guard Introspection.isToken(token) else { return loop.makeSucceededFuture(.refused) }
    let promise = loop.makePromise(of: Verdict.self)
    let known: EventLoopFuture<Verdict>? = state.withLock { state in
      if let verdict = state.cache.verdict(of: token, now: TokenValidator.now) {
        return loop.makeSucceededFuture(verdict)
      }
      if let asked = state.asked[token] { return asked.hop(to: loop) }
      guard state.asked.count < TokenValidator.askedLimit else {
        return loop.makeSucceededFuture(.unavailable)
      }
      state.asked[token] = promise.futureResult
      return nil
    }
    if let known {
      promise.succeed(.unavailable)  // nobody waits for it
      return known
    }
    ask(about: token, on: loop).whenComplete { answer in
      let verdict = self.verdict(answer)
      self.state.withLock { state in
        state.asked[token] = nil
        state.cache.note(verdict, of: token, now: TokenValidator.now)
      }
      promise.succeed(verdict)
    }
    return promise.futureResult
  }

  private func ask(about token: String, on loop: any EventLoop) -> EventLoopFuture<HTTPQuestion.Answer> {
    HTTPQuestion(
      host: url.host, port: url.port, target: url.target,
      headers: [
        ("Host", url.authority), ("Authorization", "Bearer \(token)"), ("Accept", "application/json"),
        ("Content-Type", "application/x-www-form-urlencoded"),
      ], body: Introspection.body(token), tls: tls
    ).ask(on: loop, timeout: timeout)
  }

  private func verdict(_ answer: Result<HTTPQuestion.Answer, any Error>) -> Verdict {
    switch answer {
    case .success(let answer):
      let verdict = Introspection.verdict(status: answer.status, body: answer.body, now: TokenValidator.now)
      if verdict == .unavailable {
        diagnostics.warning(
          "validate a token at \(url): status \(answer.status) and no 'sub', 'username' or 'active'")
      }
      return verdict
    case .failure(let error):
      diagnostics.warning("validate a token at \(url): \(error)")
      return .unavailable
    }
  }

  private static var now: Int64 { Timestamp.now.nanoseconds / 1_000_000_000 }
}
