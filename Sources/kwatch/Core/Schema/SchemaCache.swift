// SPDX-License-Identifier: Apache-2.0
import Glibc
import Lines
import Process

/// Schemas that were fetched before: a server names each document with a hash of its content, so an answer stays true
/// for as long as the hash is the same.
struct SchemaCache {
  /// nil: there is no place for it.
  private let folder: String?

  init(environment: (String) -> String? = ProcessEnvironment.value) {
    let base = environment("XDG_CACHE_HOME") ?? environment("HOME").map { "\($0)/.cache" }
    folder = base.flatMap { $0.hasPrefix("/") ? "\($0)/kwatch/openapi" : nil }
  }

  /// `path`: the document's, with its hash; another one is not kept.
  func read(_ server: ServerAddress, _ path: String) -> [UInt8]? {
    file(server, path).flatMap { try? WholeFile.read($0, limit: 64 << 20) }
  }

  /// Keeps a document; a cache that cannot be written costs a request the next time, nothing else.
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
    // Anything else in what the server sent must not become a path of ours.
    let name = "\(server)\(path)".map { $0.isASCII && ($0.isLetter || $0.isNumber) ? $0 : "-" }
    guard name.count < 250 else { return nil }
    return "\(folder)/\(String(name)).json"
  }
}
