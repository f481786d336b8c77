// SPDX-License-Identifier: Apache-2.0
import Glibc
import Lines
import Process

/// Cached schemas. A server names each document with a hash of its content, so a cached document is valid
/// while the hash is the same.
struct SchemaCache {
  /// Nil if there is no cache folder.
  private let folder: String?

  init() {
    let home = ProcessEnvironment.value("HOME").map { "\($0)/.cache" }
    let base = ProcessEnvironment.value("XDG_CACHE_HOME") ?? home
    folder = base.flatMap { $0.hasPrefix("/") ? "\($0)/kwatch/openapi" : nil }
  }

  /// `path`: the path of the document, with its hash. A document without a hash is not cached.
  func read(_ server: ServerAddress, _ path: String) -> [UInt8]? {
    file(server, path).flatMap { try? WholeFile.read($0, limit: 64 << 20) }
  }

  /// Saves a document. If the cache cannot be written, the next run sends one more request.
  func write(_ text: [UInt8], _ server: ServerAddress, _ path: String) {
    guard let folder, let file = file(server, path) else { return }
    var made = ""
    for part in folder.split(separator: "/") {
      made += "/\(part)"
      unsafe mkdir(made, 0o700)
    }
    try? StateFile(path: file).write(text)
  }

  private func file(_ server: ServerAddress, _ path: String) -> String? {
    guard let folder, path.contains("?hash=") else { return nil }
    // No other text from the server may become part of a local path.
    let name = "\(server)\(path)".map { $0.isASCII && ($0.isLetter || $0.isNumber) ? $0 : "-" }
    guard name.count < 250 else { return nil }
    return "\(folder)/\(String(name)).json"
  }
}
