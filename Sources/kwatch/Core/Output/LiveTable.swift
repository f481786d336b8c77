// SPDX-License-Identifier: Apache-2.0
import Encoding
import Events
import Glibc
import Lines
import Process
import Synchronization

/// `-o table` on a terminal: one picture of all scopes' tables, one below the other, which is drawn again in its place.
///
/// New and changed rows have their event's colour for a moment, deleted ones are struck out for five seconds. The last
/// picture stays when kwatch ends.
final class LiveTable {
  static let highlightTime = Duration.seconds(2)
  static let deletionTime = Duration.seconds(5)
  /// Several events at once are drawn once.
  private static let frameTime = Duration.milliseconds(50)

  private let output: OutputWriter
  let usesColour: Bool
  private var sections: [LiveSection] = []
  private let messages = Messages()
  private var isDirty = true
  private var lastFrame = Duration.zero
  private var lastSize: TerminalSize?
  private var continuations = 0
  private var picture: [String] = []

  /// The last messages, which would otherwise damage the picture. From any thread.
  private final class Messages: Sendable {
    let lines = Mutex<[String]>([])
  }

  init(_ output: OutputWriter, usesColour: Bool) {
    self.output = output
    self.usesColour = usesColour
    TerminalSize.interruptOnChange()
    StoppedProcess.noticeContinuation()
  }

  /// Diagnostics that are shown below the tables, if stderr is the terminal, too.
  func taking(_ diagnostics: Diagnostics) -> Diagnostics {
    guard isatty(STDERR_FILENO) == 1 else { return diagnostics }
    let messages = messages
    return diagnostics.diverted { line in
      messages.lines.withLock { $0 = ($0 + [TableReader.plain(line)]).suffix(3) }
    }
  }

  func section(_ title: String, showsNamespace: Bool) -> LiveSection {
    let section = LiveSection(title, showsNamespace: showsNamespace)
    section.changed = { [unowned self] in isDirty = true }
    sections.append(section)
    return section
  }

  /// The next time at which `draw` changes the picture: ages grow each second.
  var deadline: Duration? { isDirty ? lastFrame + Self.frameTime : lastFrame + .seconds(1) }

  /// Draws the changed rows.
  func draw(_ now: Duration) throws(OutputError) {
    let size = TerminalSize.current
    let isContinued = StoppedProcess.continuations != continuations
    continuations = StoppedProcess.continuations
    let isNew = isContinued || size != lastSize
    guard now - lastFrame >= (isDirty ? Self.frameTime : .seconds(1)) || isNew else { return }
    lastFrame = now
    isDirty = false
    let lines = self.lines(now, size)
    guard lines != picture || isNew else { return }
    var text = ""
    if let lastSize, lastSize != size {
      // The terminal has wrapped the old lines differently: start again at its top.
      text = "\u{1B}[H\u{1B}[2J"
    } else if !picture.isEmpty, !isContinued {
      text = "\u{1B}[\(picture.count)A\r"
    }
    // Each line clears its own rest, and the last line also clears the lines below. Without automatic
    // wrapping (DECAWM), a line whose characters are wider in this terminal than in Unicode's tables stays
    // one line.
    text += "\u{1B}[?7l" + lines.map { $0 + "\u{1B}[K\n" }.joined() + "\u{1B}[J\u{1B}[?7h"
    (picture, lastSize) = (lines, size)
    try output.append(text)
  }

  /// The last picture, which stays.
  func finish(_ now: Duration) throws(OutputError) {
    lastFrame = .zero
    isDirty = true
    try draw(max(now, Self.frameTime))
  }

  private func lines(_ now: Duration, _ size: TerminalSize) -> [String] {
    let notes = messages.lines.withLock { $0 }
    for section in sections { section.removeDeleted(now) }
    let filled = sections.filter { !$0.isEmpty }
    // One line stays free for the cursor, and one between two tables.
    let height = max(1, size.rows - 1)
    // A table takes its title, its header, a row and the line after it.
    let shown = filled.prefix(max(1, (height - notes.count + 1) / 4))
    let hidden = filled.count - shown.count
    var room = max(3, height - notes.count - max(0, shown.count - 1) - (hidden > 0 ? 1 : 0))
    var lines: [String] = []
    for (index, section) in shown.enumerated() {
      if index > 0 { lines.append("") }
      // Small tables leave their space to those after them.
      let share = max(3, room / (shown.count - index))
      let own = section.lines(
        now, rows: share, columns: size.columns, usesColour: usesColour, showsTitle: sections.count > 1)
      room -= own.count
      lines += own
    }
    if hidden > 0 { lines.append(TableText.cut("… and \(hidden) more tables", to: size.columns)) }
    // Lines that have scrolled out of the terminal cannot be drawn again.
    return lines.prefix(max(1, height - notes.count))
      + notes.suffix(height - 1).map { TableText.cut($0, to: size.columns) }
  }
}

/// The size of the terminal on stdout.
struct TerminalSize: Equatable {
  var rows = 24
  var columns = 80

  static var current: TerminalSize {
    var size = winsize()
    guard unsafe ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_row > 0, size.ws_col > 0 else {
      return TerminalSize()
    }
    return TerminalSize(rows: Int(size.ws_row), columns: Int(size.ws_col))
  }

  /// A change of the size ends the loop's wait.
  static func interruptOnChange() {
    var action = sigaction()
    unsafe action.__sigaction_handler.sa_handler = { _ in }
    unsafe sigaction(SIGWINCH, &action, nil)
  }
}

/// After Ctrl-Z and fg, the shell has written below the table, so the next one starts there.
private enum StoppedProcess {
  private static let count = Atomic<Int>(0)

  static var continuations: Int { count.load(ordering: .relaxed) }

  static func noticeContinuation() {
    var action = sigaction()
    unsafe action.__sigaction_handler.sa_handler = { _ in
      StoppedProcess.count.add(1, ordering: .relaxed)
    }
    unsafe sigaction(SIGCONT, &action, nil)
  }
}
