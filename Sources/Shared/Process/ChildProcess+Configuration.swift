// SPDX-License-Identifier: Apache-2.0
internal import Glibc

extension ChildProcess {
  /// The target of a standard stream of a command.
  package enum Stream: Sendable, Equatable {
    case null
    /// A pipe, whose other end is ours.
    case pipe
    /// One of our descriptors; 0, 1 or 2 for our own stream.
    case descriptor(Int32)
  }

  /// The command, its environment and its streams.
  package struct Configuration: Sendable {
    /// The command and its arguments; a command without a slash is looked up in PATH. No shell is involved.
    package var command: [String]
    /// `NAME=value` entries; nil is our own environment.
    package var environment: [String]?
    package var input = Stream.null
    package var output = Stream.pipe
    package var errors = Stream.descriptor(2)
    /// A command that prompts a person at the terminal stays in our process group, because a background group
    /// may not read from a terminal.
    package var leadsGroup = true
    /// Whether the descendants of the command end with it and with us. False for a credentials plugin,
    /// because other programs may use an agent that it has started.
    package var endsDescendants = true

    package init(_ command: [String]) { self.command = command }
  }
}

/// A command that could not be started.
package struct ChildProcessError: ToolError, Equatable {
  package var command: String
  package var errno: Int32
  package var status: ExitStatus { .usage }
  package var description: String { "start '\(command)': \(reason)" }

  /// Why it did not start.
  package var reason: String {
    switch self.errno {
    case ENOENT where CommandSearch.path(of: command) != nil:
      return "the interpreter that its first line names does not exist"
    case ENOEXEC: return "it is neither a program nor a script with a first line such as #!/bin/sh"
    default: return systemMessage(self.errno)
    }
  }
}
