// SPDX-License-Identifier: Apache-2.0
internal import Glibc
internal import Lines
internal import Process

/// Completion values that come from a server, such as names of objects. The tool runs itself to get them, for
/// at most 2 s.
package enum CompletionSource {
  /// The lines that the tool prints when it is run with these arguments; none when it fails or takes too long.
  package static func lines(of arguments: [String]) -> [String] {
    var configuration = ChildProcess.Configuration(["/proc/self/exe"] + arguments)
    configuration.errors = .null
    guard let child = try? ChildProcess(configuration) else { return [] }
    defer { child.stop(grace: .zero) }
    var bytes: [UInt8] = []
    let end = ContinuousClock.now + .seconds(2)
    var buffer = [UInt8](repeating: 0, count: 64 << 10)
    while true {
      let left = max(.zero, end - ContinuousClock.now)
      guard waitForInput(child.output, milliseconds: Int32(left.milliseconds)) else { break }
      let count = unsafe read(child.output, &buffer, buffer.count)
      guard count > 0 else { break }
      bytes += buffer[..<count]
    }
    return split(bytes)
  }

  /// The same, kept for ten minutes in the user's cache folder under `key`: a Tab must not wait for discovery.
  package static func cachedLines(of arguments: [String], key: String) -> [String] {
    guard let folder = cacheFolder else { return lines(of: arguments) }
    let hash = key.utf8.reduce(0xcbf2_9ce4_8422_2325 as UInt64) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
    let file = StateFile(path: folder + "/" + String(hash, radix: 16))
    if isYoung(file.path), let kept = try? file.read() { return split(kept) }
    let fresh = lines(of: arguments)
    // A folder that cannot be written costs time only.
    if !fresh.isEmpty { try? file.write(Array(fresh.joined(separator: "\n").utf8)) }
    return fresh
  }

  /// `$XDG_CACHE_HOME/watchutils/completion`, made if need be.
  private static var cacheFolder: String? {
    let home = ProcessEnvironment.value("HOME").map { $0 + "/.cache" }
    guard var folder = ProcessEnvironment.value("XDG_CACHE_HOME") ?? home else { return nil }
    for part in ["", "/watchutils", "/completion"] {
      folder += part
      unsafe mkdir(folder, 0o700)
    }
    return folder
  }

  private static func isYoung(_ path: String) -> Bool {
    var status = stat()
    guard unsafe stat(path, &status) == 0 else { return false }
    return time(nil) - status.st_mtim.tv_sec < 600
  }

  private static func split(_ bytes: [UInt8]) -> [String] {
    bytes.split(separator: UInt8(ascii: "\n")).map { String(decoding: $0, as: UTF8.self) }
  }
}
