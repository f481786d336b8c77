// SPDX-License-Identifier: Apache-2.0

import Foundation
import Glibc
import Process
import TestSupport
import Testing

@testable import Lines

/// The file of `--state`: locked, proven writable, replaced as a whole.
@Suite struct StateFileTests {
  private func path(_ folder: TemporaryDirectory, _ name: String = "state") -> String {
    folder.url.appending(path: name).path
  }

  @Test func keepsWhatWasWrittenLast() throws {
    let folder = try TemporaryDirectory()
    let file = try OpenStateFile(StateFile(path: path(folder)))
    #expect(try file.read() == nil)
    try file.write(Array("one".utf8))
    try file.write(Array("2".utf8))
    #expect(try file.read() == Array("2".utf8))
    #expect(try folder.read("state") == "2")
    #expect(unsafe access("\(path(folder)).probe\(getpid())", F_OK) != 0)
    #expect(unsafe access("\(path(folder)).tmp\(getpid())", F_OK) != 0)
  }

  @Test func refusesASecondUser() throws {
    let folder = try TemporaryDirectory()
    let first = try OpenStateFile(StateFile(path: path(folder)))
    let error = #expect(throws: StateFileError.self) { try OpenStateFile(StateFile(path: path(folder))) }
    #expect(error?.description.contains("in use by another process") == true)
    #expect(error?.status == .cannotWrite)
    withExtendedLifetime(first) {}
  }

  @Test func canBeOpenedAgainAfterwards() throws {
    let folder = try TemporaryDirectory()
    for text in ["a", "b"] {
      let file = try OpenStateFile(StateFile(path: path(folder)))
      try file.write(Array(text.utf8))
    }
    #expect(try folder.read("state") == "b")
  }

  @Test func keepsASymbolicLink() throws {
    let folder = try TemporaryDirectory()
    #expect(unsafe symlink("real", path(folder, "link")) == 0)
    let file = try OpenStateFile(StateFile(path: path(folder, "link")))
    #expect(file.path.hasSuffix("/real"))
    #expect(try file.read() == nil)
    try file.write(Array("x".utf8))
    #expect(try folder.read("real") == "x")
    var status = stat()
    #expect(unsafe lstat(path(folder, "link"), &status) == 0 && status.st_mode & S_IFMT == S_IFLNK)
  }

  @Test func refusesADeviceAndAFolder() throws {
    let folder = try TemporaryDirectory()
    for path in ["/dev/null", folder.url.path] {
      let error = #expect(throws: StateFileError.self) { try OpenStateFile(StateFile(path: path)) }
      #expect(error?.description.contains("not a regular file") == true)
      #expect(throws: StateFileError.self) { try StateFile(path: path).read() }
      #expect(throws: StateFileError.self) { try StateFile(path: path).write([1]) }
    }
  }

  @Test func namesTheFileThatCannotBeUsed() throws {
    let folder = try TemporaryDirectory()
    let missing = path(folder, "no/state")
    let error = #expect(throws: StateFileError.self) { try OpenStateFile(StateFile(path: missing)) }
    #expect(error?.description.contains("'\(missing)': No such file or directory") == true)
    #expect(unsafe symlink("no/where", path(folder, "link")) == 0)
    #expect(throws: StateFileError.self) { try OpenStateFile(StateFile(path: path(folder, "link"))) }
    let write = #expect(throws: StateFileError.self) { try StateFile(path: missing).write([1]) }
    #expect(write?.operation == "write" && write?.status == .cannotWrite)
  }
}
