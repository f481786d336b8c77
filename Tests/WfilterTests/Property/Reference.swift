// SPDX-License-Identifier: Apache-2.0

import Events
import Filter
import Process

@testable import WfilterCore

/// Swift Testing has a type of the same name.
typealias RunStatus = ExitStatus

/// A second, slow implementation of wfilter from its manual page. It shares no code with the real one.
struct Reference {
  struct Expression {
    var text: String
    /// Nil if the expression has no value. The second line is the previous one of the key.
    var value: @Sendable (ModelLine, ModelLine?) -> Bool?

    var usesOld: Bool { text.contains("old") }

    init(text: String, value: @escaping @Sendable (ModelLine) -> Bool?) {
      self.text = text
      self.value = { line, _ in value(line) }
    }

    init(text: String, comparing value: @escaping @Sendable (ModelLine, ModelLine?) -> Bool?) {
      self.text = text
      self.value = value
    }
  }

  static let expressions: [Expression] = [
    Expression(text: "true") { _ in true },
    Expression(text: "a == 1") { $0.numbers["a"].map { $0 == 1 } },
    Expression(text: "a > 1 || k == 0") { line in
      let (left, right) = (line.numbers["a"].map { $0 > 1 }, line.numbers["k"].map { $0 == 0 })
      return left == true || right == true ? true : left == nil || right == nil ? nil : false
    },
    Expression(text: "a < 2 && [k].exists(x, x != 1)") { line in
      let (left, right) = (line.numbers["a"].map { $0 < 2 }, line.numbers["k"].map { $0 != 1 })
      return left == false || right == false ? false : left == nil || right == nil ? nil : true
    },
    Expression(text: "type != 'DELETED'") { ($0.type?.rawValue ?? $0.plainType).map { $0 != "DELETED" } },
    Expression(text: "old.a != a") { compare($0, $1, !=) },
    Expression(text: "old == null || a > old.a && k < 3") { line, old in
      guard let old else { return true }
      let (left, right) = (compare(line, old, <), line.numbers["k"].map { $0 < 3 })
      return left == false || right == false ? false : left == nil || right == nil ? nil : true
    },
    // Compared by the evaluator.
    Expression(text: "old != null && [old.a].exists(x, x == a)") { line, old in
      old == nil ? false : compare(line, old, ==)
    },
  ]

  /// Compares `old.a` with `a`.
  private static func compare(_ line: ModelLine, _ old: ModelLine?, _ relation: (Int, Int) -> Bool) -> Bool? {
    guard let before = old?.numberOfOld("a"), let now = line.numbers["a"] else { return nil }
    return relation(before, now)
  }

  private enum Ending { case satisfied, condition, badInput }

  let configuration: Configuration
  let expression: Expression?
  let failIf: Expression?

  private var output = ""
  private var matched: UInt64 = 0
  private var ending: Ending?
  private var isSatisfied = false
  private var sawJSON = false
  private var sawInput = false

  /// The state of `--dedupe a` for a key.
  private struct Seen {
    var values: Set<Int> = []
    var deleted: Set<Int> = []
    var isDeleted = false
  }

  private struct Held {
    var key: Int
    var line: ModelLine
    var matched: Bool
    var began: Int
  }

  private var previous: [Int: ModelLine] = [:]
  /// `old` of the current line.
  private var old: ModelLine?
  /// With held lines, `old` of `--emit`: the line of each key that was printed last, at first the first one.
  private var shown: [Int: ModelLine] = [:]
  private var seen: [Int?: Seen] = [:]
  private var gates: Set<Int> = []
  private var held: [Held] = []
  private var beginnings = 0
  private var bookmarks: [(after: Int, line: ModelLine)] = []
  private var tracked: Set<Int> = []

  init(_ configuration: Configuration, _ expression: Expression?, failIf: Expression?) {
    self.configuration = configuration
    self.expression = expression
    self.failIf = failIf
  }

  /// Returns the output and the exit status.
  mutating func run(_ lines: [ModelLine]) -> (output: String, status: ExitStatus) {
    let limit = configuration.isQuiet ? min(configuration.limit ?? 1, 1) : configuration.limit
    if limit != 0 {
      for line in lines where ending == nil {
        take(line)
        if isSatisfied, ending == nil { ending = .satisfied }
      }
      if !isSatisfied { releaseAll() }
    }
    if configuration.isQuiet { output = "" }
    if configuration.countsOnly, !configuration.isQuiet { output = "\(matched)\n" }
    switch ending {
    case .condition: return (output, .conditionFalse)
    case .badInput: return (output, .badInput)
    case .satisfied where configuration.isQuiet && matched > 0: return (output, .ok)
    default: break
    }
    if sawInput, !sawJSON { return (output, .badInput) }
    let wantsMatch = configuration.wantsMatch || configuration.isQuiet
    return (output, wantsMatch && matched == 0 ? .conditionFalse : .ok)
  }

  private mutating func take(_ line: ModelLine) {
    guard !line.isBlank else { return }
    sawInput = true
    guard line.isJSON else {
      if configuration.onError == .fail { ending = .badInput }
      return
    }
    sawJSON = true
    let key = line.numbers["k"]
    old = key.flatMap { previous[$0] }
    if let failIf {
      let value = failIf.value(line, old)
      if value == true { return ending = .condition }
      if value == nil, !line.isControl, configuration.onError == .fail { return ending = .badInput }
    }
    if line.isControl, configuration.control != .match {
      if configuration.control == .pass { control(line) }
      return
    }
    var matches: Bool
    let hasType =
      configuration.filter.types.isEmpty
      || line.type.map { configuration.filter.types.contains($0.rawValue) } ?? false
    let value = expression.map { $0.value(line, old) } ?? true
    if hasType, value == nil {
      switch configuration.onError {
      case .drop: matches = configuration.isInverted
      case .keep: matches = true
      case .fail: return ending = .badInput
      }
    } else {
      matches = (hasType && value == true) != configuration.isInverted
    }
    if line.isControl {
      if matches { control(line) }
    } else {
      data(line, matches)
    }
    if let key { previous[key] = line.type == .deleted ? nil : line }
  }

  // MARK: - Memory

  private mutating func data(_ line: ModelLine, _ matches: Bool) {
    let state = configuration.state
    let key = state.isNeeded ? line.numbers["k"] : nil
    let isDeletion = line.type == .deleted && key != nil
    if matches {
      if state.dedupe != nil, let value = line.numbers["a"], !isNew(key, value, isDeletion) { return }
    } else {
      guard state.tracks, let key, let type = line.type, [.added, .modified, .deleted].contains(type),
        tracked.contains(key) || held.contains(where: { $0.key == key })
      else { return }
      endLife(key)
    }
    guard let key, state.throttle != nil || state.debounce != nil else { return deliver(line, key, matches) }
    if line.type == .deleted {
      held.removeAll { $0.key == key }
      gates.remove(key)
      deliver(line, key, matches)
    } else if state.throttle != nil, !gates.contains(key) {
      gates.insert(key)
      deliver(line, key, matches)
    } else if let place = held.firstIndex(where: { $0.key == key }) {
      held[place].line = line
      held[place].matched = matches
    } else {
      beginnings += 1
      held.append(Held(key: key, line: line, matched: matches, began: beginnings))
    }
    releaseBookmarks()
  }

  private mutating func isNew(_ key: Int?, _ value: Int, _ isDeletion: Bool) -> Bool {
    var known = seen[key] ?? Seen()
    defer { seen[key] = known }
    if isDeletion {
      if known.isDeleted { return known.deleted.insert(value).inserted }
      known = Seen(deleted: [value], isDeleted: true)
      return true
    }
    known.isDeleted = false
    return known.values.insert(value).inserted
  }

  private mutating func endLife(_ key: Int) {
    if seen[key]?.isDeleted != true { seen[key] = Seen(isDeleted: true) }
  }

  private mutating func control(_ line: ModelLine) {
    if line.type == .bookmark, !held.isEmpty || !bookmarks.isEmpty {
      bookmarks.append((beginnings, line))
      return
    }
    if line.type == .error { releaseAll() }
    printControl(line)
  }

  private mutating func releaseAll() {
    let lines = held
    held = []
    for entry in lines { deliver(entry.line, entry.key, entry.matched) }
    releaseBookmarks()
  }

  private mutating func releaseBookmarks() {
    while let first = bookmarks.first, held.first.map({ $0.began > first.after }) ?? true {
      bookmarks.removeFirst()
      printControl(first.line)
    }
  }

  private mutating func deliver(_ line: ModelLine, _ key: Int?, _ matched: Bool) {
    guard configuration.state.tracks, let key, let type = line.type else { return printData(line) }
    let wasIn = tracked.contains(key)
    switch type {
    case .deleted:
      guard wasIn || matched else { return }
      tracked.remove(key)
      printData(line)
    case .added, .modified:
      if matched { tracked.insert(key) } else { tracked.remove(key) }
      guard wasIn || matched else { return }
      printData(line.retyped(matched ? (wasIn ? .modified : .added) : .deleted))
    default: if matched { printData(line) }
    }
  }

  // MARK: - Output

  private mutating func printControl(_ line: ModelLine) {
    guard configuration.control != .match else { return printData(line) }
    guard !isSatisfied, !configuration.countsOnly else { return }
    output += (configuration.redactions.isEmpty ? line : line.redacted()).text + "\n"
  }

  private mutating func printData(_ line: ModelLine) {
    guard !isSatisfied else { return }
    let line = configuration.redactions.isEmpty ? line : line.redacted()
    let key = line.numbers["k"]
    let isPaced = configuration.state.throttle != nil || configuration.state.debounce != nil
    let old = isPaced ? key.flatMap { shown[$0] } : old
    let remembered = line.type == .deleted ? nil : line
    if let key, old == nil { shown[key] = remembered }
    if configuration.emit.isEmpty {
      output += line.text + "\n"
    } else {
      var values: [String] = []
      for expression in configuration.emit {
        let value =
          switch expression {
          case "v": configuration.emitsRaw ? line.value?.replacing("\"", with: "") : line.value
          case "k": line.numbers["k"].map(String.init)
          case "old.a": old?.numberOfOld("a").map(String.init)
          default: line.value.flatMap { value in line.numbers["k"].map { "[\($0),\(value)]" } }
          }
        guard let value else {
          if configuration.onError == .fail, ending == nil { ending = .badInput }
          return
        }
        values.append(value)
      }
      output += values.joined(separator: "\t") + "\n"
    }
    if let key { shown[key] = remembered }
    matched += 1
    let limit = configuration.isQuiet ? 1 : configuration.limit
    if matched == limit { isSatisfied = true }
  }
}
