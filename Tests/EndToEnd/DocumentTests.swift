// SPDX-License-Identifier: Apache-2.0
import Foundation
import TestSupport
import Testing

/// Runs the commands in the documents as a reader who pastes them. Their output must be the same as in the
/// document.
@Suite(.timeLimit(.minutes(5))) struct DocumentTests {
  private static let repository = URL(filePath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent()

  @Test(arguments: ["README.md", "docs/TUTORIAL.md", "docs/RECIPES.md"])
  func printsTheOutputInTheDocument(_ document: String) throws {
    let outcome = try Tool.shell(
      "python3 \(Self.repository.path)/scripts/run-document.py \(Self.repository.path)/\(document)"
    ).waitForEnd(.seconds(240))
    #expect(outcome.status == 0, "\(outcome.diagnostics)")
  }

  /// The targets of relative links in the documents exist, including their anchors.
  @Test func linksHaveTargets() throws {
    let files = try Tool.shell("git ls-files '*.md'", in: Self.repository).waitForEnd().lines
    #expect(files.count > 10)
    for file in files {
      let text = try String(contentsOf: Self.repository.appending(path: file), encoding: .utf8)
      let folder = Self.repository.appending(path: file).deletingLastPathComponent()
      for match in text.matches(of: /\]\(([^)#:\s]+)(#[^)]*)?\)/) {
        let target = folder.appending(path: String(match.output.1))
        #expect(FileManager.default.fileExists(atPath: target.path), "\(file) links to \(match.output.1)")
      }
    }
  }

  /// The table of docs/ARCHITECTURE.md has the same arrows as Package.swift.
  @Test func theArchitectureHasTheArrowsOfThePackage() throws {
    func text(_ path: String) throws -> String {
      try String(contentsOf: Self.repository.appending(path: path), encoding: .utf8)
    }
    let package = try text("Package.swift").replacing(/\s*\n\s*/, with: " ")
    var arrows: [String: Set<String>] = [:]
    for match in package.matches(of: /(?:shared\(|core: )"(\w+)"(?:, \[([^\]]*)\])?/) {
      arrows[String(match.output.1)] = Set(
        (match.output.2 ?? "").matches(of: /"(\w+)"/).map { String($0.output.1) })
    }
    #expect(arrows.count == 17)
    let others: Set = ["SwiftNIO", "swift-argument-parser"]
    for (target, uses) in arrows {
      let row = try text("docs/ARCHITECTURE.md").matches(of: /\n\| (\w+) \| ([^|]*)\|/).first {
        $0.output.1 == target
      }
      let named = try #require(row, "\(target)").output.2.split { ", ".contains($0) }.map(String.init)
      #expect(Set(named).subtracting(others) == uses, "\(target)")
    }
  }
}
