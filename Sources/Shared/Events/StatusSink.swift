// SPDX-License-Identifier: Apache-2.0
internal import Glibc
package import Lines

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
  /// - Throws: ``OutputError`` if the file cannot be opened, or the descriptor is not open.
  package init(_ destination: Destination, output: OutputWriter) throws(OutputError) {
    isInline = destination == .inline
    switch destination {
    case .nowhere: writer = nil
    case .inline: writer = output
    case .descriptor(let number):
      let place = "--status 'fd:\(number)'"
      guard fcntl(number, F_GETFD) >= 0 else { throw .failed(errno: errno, to: place) }
      writer = OutputWriter(
        descriptor: number, capacity: 4096, name: number == STDOUT_FILENO ? nil : place)
    case .file(let path):
      let place = "--status '\(path)'"
      writer = OutputWriter(
        descriptor: try AppendedFile.open(path, as: place), capacity: 4096, name: place)
    }
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
