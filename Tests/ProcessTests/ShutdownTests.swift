// SPDX-License-Identifier: Apache-2.0
import Glibc
import Synchronization
import TestSupport
import Testing

@testable import Process

/// The causes of a shutdown. EndToEnd/ContractTests tests signals on the tools, because a test process has
/// threads that do not block them.
@Suite(.timeLimit(.minutes(1))) struct ShutdownTests {
  private func isReadable(_ descriptor: Int32) -> Bool {
    var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
    return unsafe poll(&entry, 1, 0) == 1
  }

  /// A class, because an escaping closure cannot capture a Mutex.
  private final class Causes: Sendable { let list = Mutex<[Shutdown.Cause]>([]) }

  @Test func aRequestWakesEveryWaiterOnce() {
    let shutdown = Shutdown()
    let causes = Causes()
    shutdown.onRequest { cause in causes.list.withLock { $0.append(cause) } }
    #expect(shutdown.cause == nil)
    #expect(!isReadable(shutdown.eventDescriptor))
    shutdown.request(.readerLeft)
    shutdown.request(.deadline)
    // The closure is registered after the request, so it is called at once.
    shutdown.onRequest { cause in causes.list.withLock { $0.append(cause) } }
    #expect(shutdown.cause == .readerLeft)
    #expect(isReadable(shutdown.eventDescriptor))
    #expect(causes.list.withLock { $0 } == [.readerLeft, .readerLeft])
  }

  @Test func aDeadlineIsARequest() async throws {
    await #expect(processExitsWith: .success) {
      let shutdown = Shutdown()
      shutdown.requestEnd(after: .milliseconds(20))
      var entry = pollfd(fd: shutdown.eventDescriptor, events: Int16(POLLIN), revents: 0)
      guard unsafe poll(&entry, 1, 30_000) == 1, shutdown.isPastDeadline, shutdown.cause == .deadline else {
        exit(1)
      }
      shutdown.finish(.ok)
    }
  }

  @Test func aToolThatDoesNotEndIsEndedWith124() async {
    await #expect(processExitsWith: .exitCode(ExitStatus.timedOut.rawValue)) {
      let shutdown = Shutdown()
      shutdown.allow(grace: .milliseconds(100))
      shutdown.requestEnd(after: .milliseconds(20))
      while true { pause() }
    }
  }

  @Test func aDeadlineInterruptsABlockedWriter() async {
    await #expect(processExitsWith: .success) {
      let shutdown = Shutdown.install(readerOf: nil)
      guard let pipe = PipeEnds() else { exit(1) }
      // The threads of the pool block all signals. A tool's main thread does not block this signal.
      unblockSignals([SIGURG])
      shutdown.allow(grace: .seconds(60))
      shutdown.interruptWrites()
      shutdown.requestEnd(after: .milliseconds(20))
      // The pipe is full after 64 KiB, and nobody reads it.
      let block = [UInt8](repeating: 0, count: 4096)
      while unsafe write(pipe.writer, block, block.count) > 0 {}
      exit(errno == EINTR && shutdown.isPastDeadline ? 0 : 1)
    }
  }

  @Test func detectsThatItsReaderHasLeftWithoutAWrite() async {
    await #expect(processExitsWith: .signal(SIGPIPE)) {
      guard let pipe = PipeEnds() else { exit(1) }
      let shutdown = Shutdown.install(readerOf: pipe.writer)
      close(pipe.reader)
      var entry = pollfd(fd: shutdown.eventDescriptor, events: Int16(POLLIN), revents: 0)
      guard unsafe poll(&entry, 1, 30_000) == 1, shutdown.cause == .readerLeft else { exit(1) }
      shutdown.finish(.ok)
    }
  }

  @Test func aBrokenPipeIsSIGPIPEBeforeAnyRequest() async {
    await #expect(processExitsWith: .signal(SIGPIPE)) { Shutdown.install(readerOf: nil).finishReaderLeft() }
  }

  @Test func aClosedStandardDescriptorIsNotGivenToAnotherFile() async {
    await #expect(processExitsWith: .success) {
      close(STDOUT_FILENO)
      _ = Shutdown.install(readerOf: nil)
      var byte: UInt8 = 1
      // The descriptor is in use, but not writable.
      exit(unsafe fcntl(STDOUT_FILENO, F_GETFD) >= 0 && write(STDOUT_FILENO, &byte, 1) < 0 ? 0 : 1)
    }
  }
}
