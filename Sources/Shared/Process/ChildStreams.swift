// SPDX-License-Identifier: Apache-2.0
internal import Glibc

/// The descriptors on both sides of a child that is about to start.
struct ChildStreams {
  /// Three descriptors; -1 if there is none.
  struct Ends {
    var input: Int32 = -1
    var output: Int32 = -1
    var errors: Int32 = -1
  }

  private(set) var ours = Ends()
  private var toClose: [Int32] = []

  /// Opens the pipes and /dev/null.
  ///
  /// - Returns: The child's ends.
  /// - Throws: ``ChildProcessError`` with `EMFILE` and the like.
  mutating func open(_ configuration: ChildProcess.Configuration) throws(ChildProcessError) -> Ends {
    let command = configuration.command.first ?? ""
    let (theirInput, ourInput) = try end(configuration.input, isInput: true, command)
    ours.input = ourInput
    let (theirOutput, ourOutput) = try end(configuration.output, isInput: false, command)
    ours.output = ourOutput
    let (theirErrors, ourErrors) = try end(configuration.errors, isInput: false, command)
    ours.errors = ourErrors
    return Ends(input: theirInput, output: theirOutput, errors: theirErrors)
  }

  private mutating func end(
    _ stream: ChildProcess.Stream, isInput: Bool, _ command: String
  ) throws(ChildProcessError) -> (theirs: Int32, ours: Int32) {
    switch stream {
    case .descriptor(let number): return (number, -1)
    case .null:
      let null = unsafe Glibc.open("/dev/null", (isInput ? O_RDONLY : O_WRONLY) | O_CLOEXEC)
      guard null >= 0 else { throw ChildProcessError(command: command, errno: errno) }
      toClose.append(null)
      return (null, -1)
    case .pipe:
      guard let pipe = PipeEnds() else { throw ChildProcessError(command: command, errno: errno) }
      let (theirs, ours) = isInput ? (pipe.reader, pipe.writer) : (pipe.writer, pipe.reader)
      toClose.append(theirs)
      return (theirs, ours)
    }
  }

  mutating func closeTheirs() {
    for descriptor in toClose { close(descriptor) }
    toClose = []
  }

  mutating func closeAll() {
    closeTheirs()
    for descriptor in [ours.input, ours.output, ours.errors] where descriptor >= 0 { close(descriptor) }
    ours = Ends()
  }
}
