// SPDX-License-Identifier: Apache-2.0
internal import Glibc
package import Lines
package import Process

/// The destination of `--status` cannot be written to.
package struct StatusSinkError: ToolError {
  package var place: String
  package var errno: Int32
  package var status: ExitStatus { .cannotWrite }
  package var description: String {
    let reason = self.errno == ENXIO ? "no process reads this pipe" : systemMessage(self.errno)
    return "open --status '\(place)': \(reason)"
  }
}

/// The output of STATUS lines: `--status inline|stderr|fd:N|FILE`; none by default.
package struct StatusSink {
  /// The destination that the flag names.
  package enum Destination: Sendable, Equatable {
    case nowhere
    /// Among the data, on stdout.
    case inline
    case descriptor(Int32)
    /// A file that is appended to.
    case file(String)

    /// `nil` if `fd:` is not followed by a descriptor's number.
    package init?(flag text: String) {
      switch text {
      case "inline": self = .inline
      case "stderr": self = .descriptor(STDERR_FILENO)
      case _ where text.hasPrefix("fd:"):
        guard let number = Int32(text.dropFirst(3)), number >= 0 else { return nil }
        self = .descriptor(number)
      default:
        guard !text.isEmpty else { return nil }
        self = .file(text)
      }
    }
  }

  private let writer: OutputWriter?
  private let isInline: Bool

  /// Opens the destination. A file stays open until the process ends.
  ///
  /// - Parameters:
  ///   - destination: the flag's value.
  ///   - output: the writer of stdout, for inline lines, in order with the data.
  /// - Throws: ``StatusSinkError`` if the file cannot be opened, or the descriptor is not open.
  package init(_ destination: Destination, output: OutputWriter) throws(StatusSinkError) {
    isInline = destination == .inline
    switch destination {
    case .nowhere: writer = nil
    case .inline: writer = output
    case .descriptor(let number):
      guard fcntl(number, F_GETFD) >= 0 else { throw StatusSinkError(place: "fd:\(number)", errno: errno) }
      writer = OutputWriter(descriptor: number, capacity: 4096, name: "--status 'fd:\(number)'")
    case .file(let path):
      let descriptor = try Self.open(path)
      writer = OutputWriter(descriptor: descriptor, capacity: 4096, name: "--status '\(path)'")
    }
  }

  /// A named pipe is opened as soon as it has a reader, which gets five seconds to come: to open it for writing would wait for
  /// ever.
  private static func open(_ path: String) throws(StatusSinkError) -> Int32 {
    let mode = O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC
    for attempt in 0...100 {
      let descriptor = unsafe Glibc.open(path, mode | O_NONBLOCK, 0o644)
      if descriptor >= 0 {
        _ = fcntl(descriptor, F_SETFL, mode)
        return descriptor
      }
      guard errno == ENXIO, attempt < 100 else { break }
      usleep(50_000)
    }
    throw StatusSinkError(place: path, errno: errno)
  }

  /// Whether STATUS lines are written at all. If not, the caller can skip making them.
  package var isActive: Bool { writer != nil }

  /// Writes the line: at once, or inline with the data at the next flush.
  package func write(_ status: StreamStatus) throws(OutputError) {
    guard let writer else { return }
    try writer.append(status.line)
    if !isInline { try writer.flush() }
  }
}
