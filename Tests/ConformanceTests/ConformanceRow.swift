// SPDX-License-Identifier: Apache-2.0

import Foundation

/// One row of conformance data, an object of a `.jsonl` file.
struct ConformanceRow {
  /// The file's name without its ending.
  let file: String
  let line: Int
  let fields: [String: Any]

  /// Where to find the row: file, section, name.
  var path: String {
    let section = text("section") ?? text("test") ?? "-"
    let name = text("name") ?? text("selector") ?? text("term") ?? text("escaped") ?? "-"
    return "\(file)/\(section)/\(name) (line \(line))"
  }

  /// The suite that the row belongs to. Its file may have rows of several suites.
  var suite: String { text("file") ?? file }

  func text(_ key: String) -> String? { fields[key] as? String }

  /// False when absent.
  func flag(_ key: String) -> Bool { (fields[key] as? Bool) ?? false }

  func object(_ key: String) -> [String: Any] { (fields[key] as? [String: Any]) ?? [:] }

  func list(_ key: String) -> [Any] { (fields[key] as? [Any]) ?? [] }

  /// The rows of all `.jsonl` files in a folder, in order of file names.
  static func all(in folder: String) throws -> [ConformanceRow] {
    let names = try FileManager.default.contentsOfDirectory(atPath: folder).filter { $0.hasSuffix(".jsonl") }
    return try names.sorted().flatMap { name -> [ConformanceRow] in
      let content = try String(contentsOfFile: "\(folder)/\(name)", encoding: .utf8)
      return try content.split(separator: "\n").enumerated().compactMap { index, line in
        let parsed = try JSONSerialization.jsonObject(with: Data(line.utf8))
        guard let fields = parsed as? [String: Any] else { throw Malformed(what: "\(name):\(index + 1)") }
        return ConformanceRow(file: String(name.dropLast(6)), line: index + 1, fields: fields)
      }
    }
  }

  /// Data that does not have the form that its README describes.
  struct Malformed: Error {
    var what: String
  }
}

/// The result of a row.
enum ConformanceOutcome {
  case passed
  case failed(String)
  case skipped(String)
}
