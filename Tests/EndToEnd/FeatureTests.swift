// SPDX-License-Identifier: Apache-2.0
import Foundation
import TestSupport
import Testing

/// docs/FEATURES.md names the tests of each feature. They must exist.
@Suite struct FeatureTests {
  private struct Row {
    var number: Substring
    var tests: Substring
    var state: Substring
  }

  private static func rows() throws -> [Row] {
    try Repository.text("docs/FEATURES.md").split(separator: "\n").compactMap { line in
      // A bar inside a cell is escaped.
      let cells = line.replacing("\\|", with: "¦").split(separator: "|", omittingEmptySubsequences: false)
        .map { Substring($0.trimmingCharacters(in: .whitespaces)) }
      guard cells.count == 7, cells[1].wholeMatch(of: /[0-4]\.\d+/) != nil else { return nil }
      return Row(number: cells[1], tests: cells[4], state: cells[5])
    }
  }

  @Test func everyFeatureInScopeNamesATest() throws {
    let rows = try Self.rows()
    #expect(rows.count > 200)
    for row in rows where !row.state.hasPrefix("out of scope") && !row.state.hasPrefix("open") {
      #expect(row.tests.contains("`"), "row \(row.number) names no test")
    }
  }

  /// `Folder/FileTests `name`, `name`` stands for the functions `name` in Tests/Folder/FileTests.swift.
  @Test func everyNamedTestExists() throws {
    for row in try Self.rows() {
      var file: Substring?
      var text = ""
      for match in row.tests.matches(of: /([A-Za-z]+(?:\/[A-Za-z+]+)+)|`([A-Za-z0-9]+)`/) {
        if let path = match.1 {
          file = path
          text = try Repository.text("Tests/\(path).swift")
        } else if let name = match.2 {
          let before = text.split(separator: "func \(name)(", maxSplits: 1)
          let isTest = before.count == 2 && before[0].split(separator: "\n\n").last?.contains("@Test") == true
          #expect(isTest, "row \(row.number): \(file ?? "no file") has no test \(name)")
        }
      }
    }
  }
}
