// SPDX-License-Identifier: Apache-2.0
import Glibc
import Pipe

/// Small files, whole.
enum SystemFile {
  /// - Returns: nil where there is no such file.
  /// - Throws: `ConfigError` that says what the system said.
  static func read(_ path: String) throws(ConfigError) -> [UInt8]? {
    let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else {
      if errno == ENOENT || errno == ENOTDIR { return nil }
      throw ConfigError("read '\(path)': \(systemMessage(errno))")
    }
    defer { close(descriptor) }
    var bytes: [UInt8] = []
    var block = [UInt8](repeating: 0, count: 16 << 10)
    while true {
      let count = unsafe Glibc.read(descriptor, &block, block.count)
      if count < 0, errno == EINTR { continue }
      guard count >= 0 else { throw ConfigError("read '\(path)': \(systemMessage(errno))") }
      guard count > 0 else { return bytes }
      bytes += block[..<count]
      guard bytes.count <= KubeconfigParser.sizeLimit else {
        throw ConfigError("'\(path)' is larger than 4 MiB")
      }
    }
  }

  static func environment(_ name: String) -> String? {
    unsafe getenv(name).map { unsafe String(cString: $0) }
  }
}
