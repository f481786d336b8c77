// SPDX-License-Identifier: Apache-2.0
import Events
import Glibc
import Lines
import Process
import Synchronization

/// One command and the stream of its lines. Can be used from any thread.
///
/// The stream exists at once; the thread that reads the command starts it, after a delay if need be
/// (``Backoffs``).
final class Upstream: Sendable {
  let channel: String
  /// The client that the command was started for.
  let account: String
  /// The version that its lines begin after; nil for the present state.
  let resumesAfter: String?
  let stream: EventStream
  private let arguments: [String]
  /// Kept for as long as the command may read it.
  private let token: HandedToken?
  private let state = Mutex(State())
  private let departures = Atomic<Int>(0)
  private let isProven = Atomic<Bool>(false)

  private struct State: Sendable {
    var child: ChildProcess?
    var started: ContinuousClock.Instant?
    var stopped: ContinuousClock.Instant?
    var ending: UpstreamEnding?
  }

  /// A command that was asked to end is killed after this time.
  static let stopGrace = Duration.seconds(5)
  /// How long lines are read from a descendant after the command has ended, and how long a command may run
  /// after it has closed its output.
  private static let lingering = Duration.seconds(1)
  private static let pollMilliseconds: Int32 = 250
  /// A command that has run for this long has not failed at its start.
  static let proof = Duration.seconds(1)

  init(
    channel: String, account: String, resumesAfter: String?, stream: EventStream, arguments: [String],
    token: HandedToken? = nil
  ) {
    self.channel = channel
    self.account = account
    self.resumesAfter = resumesAfter
    self.stream = stream
    self.arguments = arguments
    self.token = token
  }

  /// Counts a departure of the last listener.
  func leave() -> Int { departures.wrappingAdd(1, ordering: .relaxed).newValue }
  var departure: Int { departures.load(ordering: .relaxed) }

  /// Nil while the command has not been started.
  var processIdentifier: Int32? { state.withLock { $0.child?.identifier } }
  var ending: UpstreamEnding? { state.withLock { $0.ending } }
  var isStopped: Bool { state.withLock { $0.stopped != nil } }
  /// Whether the command has run for ``proof``, as the thread has seen that reads it.
  var hasProvenItself: Bool { isProven.load(ordering: .acquiring) }
  /// How long the command has run.
  var age: Duration { state.withLock { $0.started.map { ContinuousClock.now - $0 } ?? .zero } }

  /// Asks the command to end; its thread enforces it.
  func stop() {
    stream.gate.close()
    let child = state.withLock { state in
      state.stopped = state.stopped ?? .now
      return state.child
    }
    child?.signal(SIGTERM)
  }

  /// Starts the command and reads it to its end, on the calling thread.
  ///
  /// `showsErrors` includes the end of the command's stderr in the ending's message.
  func run(showsErrors: Bool, diagnostics: Diagnostics) -> UpstreamEnding {
    let child: ChildProcess
    var settings = ChildProcess.Configuration(arguments)
    settings.errors = .pipe
    do throws(ChildProcessError) {
      guard !isStopped else { return end(UpstreamEnding(status: 0, message: "stopped")) }
      child = try ChildProcess(settings)
    } catch {
      // The others are a lack of memory, processes or descriptors, which may pass.
      let isPermanent = [ENOENT, ENOEXEC, EACCES].contains(error.errno)
      return end(UpstreamEnding(status: isPermanent ? 78 : 69, message: error.description))
    }
    diagnostics.debug("channel \(channel): started process \(child.identifier)")
    let isStopped = state.withLock { state in
      state.child = child
      state.started = .now
      return state.stopped != nil
    }
    if isStopped { child.signal(SIGTERM) }
    var errors = ErrorTail(child.errors)
    let note = read(child, &errors, diagnostics)
    errors.drain()
    // Ends what the command has started, before the command is reaped and its process id can be reused.
    child.killDescendants()
    let ended = child.waitForEnd() ?? .exited(0)
    errors.drain()
    let error = stream.state.health.lastError
    let said = error?.message ?? (showsErrors ? errors.text : "")
    diagnostics.debug("channel \(channel): \(ended)\(errors.text.isEmpty ? "" : ": \(errors.text)")")
    let words = [note ?? ended.description, said].filter { !$0.isEmpty }.joined(separator: ": ")
    return end(UpstreamEnding(status: note == nil ? ended.shellStatus : 70, message: words, error: error))
  }

  private func end(_ ending: UpstreamEnding) -> UpstreamEnding {
    state.withLock { state in
      state.ending = ending
      state.child = nil
    }
    return ending
  }

  /// Publishes lines until the command has ended, or has closed its output.
  ///
  /// - Returns: the fault of a command that has not ended by itself.
  private func read(
    _ child: ChildProcess, _ errors: inout ErrorTail, _ diagnostics: Diagnostics
  ) -> String? {
    var reader = LineReader(descriptor: child.output, name: channel)
    let block = LineBlock()
    var publisher = LinePublisher(name: channel, stream: stream, diagnostics: diagnostics)
    var ended: ContinuousClock.Instant?
    var closed: ContinuousClock.Instant?
    let begun = ContinuousClock.now
    var isAskedToEnd = false
    while true {
      var isQuiet = true
      if closed == nil {
        switch try? reader.read(into: block, timeoutMilliseconds: Upstream.pollMilliseconds) {
        case .lines:
          isQuiet = false
          // A stream without listeners does not accept the block, because its command is being stopped.
          _ = publisher.publish(block)
        case .timedOut: break
        case .endOfInput, .shutdown, nil: closed = .now
        }
      } else {
        waitForInput(child.endDescriptor, milliseconds: Upstream.pollMilliseconds)
      }
      errors.drain()
      let now = ContinuousClock.now
      if let stopped = state.withLock({ $0.stopped }) {
        if !isAskedToEnd { child.signalDescendants(SIGTERM) }
        isAskedToEnd = true
        if now - stopped > Upstream.stopGrace { child.signal(SIGKILL) }
      }
      if waitForInput(child.endDescriptor, milliseconds: 0) {
        ended = ended ?? now
        // A descendant may keep the output open.
        if closed != nil || isQuiet { return nil }
        if let ended, now - ended > Upstream.lingering { return nil }
      } else if let closed, now - closed > Upstream.lingering, !isStopped {
        stop()
        let grace = Int32(Upstream.stopGrace / .milliseconds(1))
        if !waitForInput(child.endDescriptor, milliseconds: grace) { child.signal(SIGKILL) }
        return "the command closed its output and did not end"
      } else if now - begun > Upstream.proof {
        isProven.store(true, ordering: .releasing)
      }
    }
  }
}
