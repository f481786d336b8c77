// SPDX-License-Identifier: Apache-2.0

import Events
import Filter
import JSON

/// The value of `old` for `--emit` if lines are held: the last printed line of the key. The previous line of
/// the key may never have been printed.
final class PrintedLines {
  private var keys: KeyFinder
  private var previous: PreviousLines

  /// Nil where no `--emit` reads `old`.
  init?(_ expressions: Expressions, _ configuration: Configuration) {
    guard expressions.emit.contains(where: \.usesOld) else { return nil }
    keys = KeyFinder(expressions.key)
    let paths = expressions.emit.reduce(into: Set<[String]>()) { $0.formUnion($1.oldPaths) }
    previous = PreviousLines(paths, limit: configuration.state.keysLimit)
  }

  /// Calls `print` with this `old` in the context; if it prints, the line is its key's last from now on. So is
  /// the first line of a key even if it does not print: `--emit old.v` has a value only from the second line on.
  func replacingOld(
    in context: LineContext, _ line: RawJSON, _ head: EventHead?, _ print: (LineContext) -> Bool
  ) -> Bool {
    let key = keys.find(line, head: head, context: LineContext(now: context.now))
    let old = previous.line(of: key)
    let isPrinted = print(LineContext(old: old, now: context.now))
    if isPrinted || old == nil, let key { previous.remember(key, line, isDeleted: head?.type == .deleted) }
    return isPrinted
  }
}
