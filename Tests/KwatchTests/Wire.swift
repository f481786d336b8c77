// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

@testable import KwatchCore

/// Recorded answers of real API servers: `Tests/Fixtures/k8s-wire`.
enum Wire {
  static let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .appending(path: "Fixtures/k8s-wire")

  static func body(_ name: String) throws -> [UInt8] {
    Array(try Data(contentsOf: folder.appending(path: "\(name).body")))
  }

  /// All recordings with `part` in their name and status 200. Recordings of gzip and raw chunks are left out,
  /// because libcurl decodes them.
  static func answers(_ part: String) throws -> [String] {
    var names: [String] = []
    for version in ["v1.20", "v1.36", "v1.36-old-etcd"] {
      let files = try FileManager.default.contentsOfDirectory(atPath: folder.appending(path: version).path)
      for file in files.sorted()
      where file.hasSuffix(".body") && file.contains(part) && !file.contains("gzip") && !file.contains("raw")
      {
        let name = "\(version)/\(file.dropLast(".body".count))"
        let headers = try? String(contentsOf: folder.appending(path: "\(name).headers"), encoding: .utf8)
        if headers?.split(separator: "\n").first?.contains(" 200") == true { names.append(name) }
      }
    }
    return names
  }
}

/// Runs a decoder over the whole input, over every cut into two pieces, and byte by byte.
func atEverySplit(_ bytes: [UInt8], _ body: ([[UInt8]]) throws -> Void) rethrows {
  try body([bytes])
  try body(bytes.map { [$0] })
  for cut in bytes.indices.dropFirst() {
    try body([Array(bytes[..<cut]), Array(bytes[cut...])])
  }
}

func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }
