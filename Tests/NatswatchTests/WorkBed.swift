// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport

extension Bed {
  /// A server with a work queue `w.>` and streams for dead letters and replies.
  static func forWork(_ version: NATSServer.Version, retention: String = "workqueue") throws -> Bed {
    let bed = try Bed(version)
    try bed.createStream("W", ["w.>"], more: ",\"retention\":\"\(retention)\"")
    try bed.createStream("DLQ", ["dlq.>"])
    try bed.createStream("R", ["r.>"])
    return bed
  }

  /// The lines of a stream, as `natswatch tail` prints them.
  func lines(_ subject: String, _ flags: String...) throws -> [String] {
    try run(["tail", subject, "--all", "--until-now"] + flags).lines
  }
}

extension TemporaryDirectory {
  /// The handler's part of a command line: a shell script that runs in this folder.
  func handler(_ body: String) throws -> [String] {
    ["--", "/bin/sh", try write("cd '\(url.path)'\n\(body)\n", to: "handler.sh")]
  }
}
