// SPDX-License-Identifier: Apache-2.0
package import ArgumentParser
internal import Lines
package import Process

/// A tool's command line: flags and nothing else. Conform in `<Tool>Command.swift`, mark it `@main`.
///
/// It replaces ArgumentParser's `main`, which exits with 1 for errors that have a number in sysexits(3),
/// traps on an uncaught error, and exits with 0 when help cannot be written.
package protocol ToolCommand: ParsableCommand {
  /// The name that messages begin with.
  static var tool: String { get }

  /// Whether the tool ends when the reader of stdout leaves; false for a server, whose product is not its stdout.
  static var followsReader: Bool { get }

  /// Whether operands may be many, such as files: they arrive as runs, which ``OperandRun/split(_:)`` separates.
  static var joinsOperands: Bool { get }

  /// Runs the tool. Signals are already taken over.
  ///
  /// - Throws: A ``ToolError`` ends the process with its status, ``OutputError/readerLeft`` like SIGPIPE, a
  ///   `ValidationError` as bad usage; anything else is our bug.
  mutating func execute(_ shutdown: Shutdown) throws -> ExitStatus

  /// The completions of an operand or of a flag's value. Files, the cases of enums and the flags themselves
  /// are completed without it.
  static func completions(for request: CompletionRequest) -> Completion

  /// The advice for a flag that the tool does not have, or for a value that the flag does not take (`value` is nil for an
  /// unknown flag), if people know it from another tool; nil for all others. `flag` has its dashes.
  static func advice(on flag: String, value: String?) -> String?
}

extension ToolCommand {
  package static var followsReader: Bool { true }

  package static var joinsOperands: Bool { false }

  package static var _errorPrefix: String { "\(tool): error: " }

  package static func completions(for request: CompletionRequest) -> Completion { .nothing }

  package static func advice(on flag: String, value: String?) -> String? { nil }

  package static func main() {
    let diagnostics = Diagnostics(tool: tool)
    let shutdown = Shutdown.install(readerOf: followsReader ? 1 : nil)
    var status = ExitStatus.ok
    do {
      if let text = completionOutput(CommandLine.arguments) {
        shutdown.finish(print(text, to: diagnostics, shutdown))
      }
      try checkForEmptyValue()
      let arguments = Array(CommandLine.arguments.dropFirst())
      var command = try parseAsRoot(joinsOperands ? OperandRun.joined(arguments) : arguments)
      if var command = command as? any ToolCommand {
        status = try command.execute(shutdown)
      } else {
        try command.run()
      }
    } catch let error as OutputError where error == .readerLeft {
      shutdown.finishReaderLeft()
    } catch let error as OutputError where error == .interrupted && shutdown.cause != nil {
      // The cause of the end is the answer.
      status = shutdown.cause == .deadline ? .timedOut : .ok
    } catch let error as any ToolError {
      diagnostics.error(error.description)
      status = error.status
    } catch {
      status = explain(error, to: diagnostics, shutdown)
    }
    shutdown.finish(status)
  }

  /// Answers what ArgumentParser throws: help and version to stdout, bad usage to stderr with status 64.
  private static func explain(
    _ error: any Error, to diagnostics: Diagnostics, _ shutdown: Shutdown
  ) -> ExitStatus {
    let code = exitCode(for: error)
    if code == .success { return print(fullMessage(for: error) + "\n", to: diagnostics, shutdown) }
    guard code == .validationFailure else {
      diagnostics.error("\(error)")
      return .software
    }
    let text = withLongerFlag(withValueName(advised(withUnknownFlag(message(for: error)))))
    diagnostics.error(text + (negativeNumberHint(text) ?? valueHint(text) ?? leadingMinusHint(text)))
    diagnostics.error("try '\(tool) --help'")
    return .usage
  }

  /// The form of a flag's value. ArgumentParser lists valid values only for enums.
  private static func valueHint(_ text: String) -> String? {
    if text.hasSuffix("<duration>'") || text.hasSuffix("<duration|never>'") {
      return ": \(DurationText.fault(of: refusedValue(text)))"
    }
    if text.hasPrefix("The value"), text.hasSuffix("<n>'") || text.hasSuffix("<sequence>'") {
      return ": \(numberFault(of: refusedValue(text)))"
    }
    return text.hasSuffix("--status <where>'") ? ": write inline, stderr, fd:N or a file" : nil
  }

  private static func refusedValue(_ text: String) -> String {
    text.prefixMatch(of: /The value '(.*)' is invalid for/).map { String($0.1) } ?? ""
  }

  /// Why a number is refused.
  private static func numberFault(of value: String) -> String {
    if value.wholeMatch(of: /-[0-9.]+/) != nil { return "it cannot be negative" }
    if value.wholeMatch(of: /[0-9]+/) != nil { return "write a number up to \(Int.max)" }
    return value.wholeMatch(of: /[0-9]+\.[0-9]*/) != nil ? "write a whole number" : "write a number"
  }

  /// The message about an unknown flag, if there is one and the error is another: its value is an operand for ArgumentParser, which
  /// complains about it first.
  private static func withUnknownFlag(_ text: String) -> String {
    let complaints = ["'", "\"", "Missing expected argument", "Unexpected argument"]
    guard complaints.contains(where: text.hasPrefix) else { return text }
    let flags = CommandLine.arguments.dropFirst().prefix { $0 != "--" }.map { $0.prefix { $0 != "=" } }
    let unknown = flags.first { flag in
      (flag.hasPrefix("--") || flag.count == 2 && flag.hasPrefix("-") && Int(flag) == nil) && !hasFlag(flag)
    }
    return unknown.map { "Unknown option '\($0)'" } ?? text
  }

  /// The message with the tool's ``advice(on:value:)`` in place of ArgumentParser's guess.
  private static func advised(_ text: String) -> String {
    if let match = text.prefixMatch(of: /Unknown option '(-[^'=]*).*?'/) {
      let flag = String(match.1)
      if let advice = advice(on: flag, value: nil) ?? joinedSelectorAdvice(match.1) {
        return "\(match.0): \(advice)"
      }
      let guess = text.firstMatch(of: /Did you mean '(.*)'/).map { String($0.1) }
      return guess.map { isNear($0, flag) } == false ? String(match.0) : text
    }
    if let match = text.prefixMatch(of: /The value '(.*)' is invalid for '(--?[a-zA-Z-]+)/),
      let advice = advice(on: String(match.2), value: String(match.1))
    {
      return "the value '\(match.1)' is invalid for '\(match.2)': \(advice)"
    }
    if let match = text.prefixMatch(of: /The option '(.*)' does not take any value, but '(.*)' was/),
      let advice = advice(on: String(match.1), value: String(match.2))
    {
      return "'\(match.1)' takes no value: \(advice)"
    }
    return text
  }

  /// `-lapp=web`, in which the parser finds a flag `-lapp`.
  private static func joinedSelectorAdvice(_ flag: Substring) -> String? {
    flag.hasPrefix("-l") && flag.count > 2 && hasFlag("-l") ? "write a space after -l: -l app=web" : nil
  }

  /// Whether ArgumentParser's guess may be the flag that was meant. It guesses up to three wrong letters, also for short names.
  private static func isNear(_ guess: String, _ flag: String) -> Bool {
    guess.hasPrefix(flag.prefix(4)) || guess.contains(flag.drop { $0 == "-" })
  }

  /// Whether the help of the (sub)command lists a flag with this spelling, with its dashes.
  private static func hasFlag(_ name: some StringProtocol) -> Bool {
    let first = CommandLine.arguments.dropFirst().first
    let subcommand = configuration.subcommands.first { $0.configuration.commandName == first }
    let command = subcommand ?? configuration.defaultSubcommand ?? Self.self
    return FlagTable(help: helpMessage(for: command, includeHidden: true)).flag(name) != nil
  }

  /// Refuses a flag whose value is empty: a shell variable that is not set looks like this, and the flag would have no effect.
  ///
  /// Selectors are the exception: an empty one selects everything, in kubectl too.
  private static func checkForEmptyValue() throws {
    let arguments = CommandLine.arguments.prefix { $0 != "--" }
    for (flag, value) in zip(arguments, arguments.dropFirst()) where value.isEmpty && flag.hasPrefix("-") {
      guard let found = allFlags.first(where: { $0.names.contains(flag) }), let name = found.value,
        !["selector", "types", "cel"].contains(name)
      else { continue }
      throw ValidationError("the value of '\(flag) <\(name)>' is empty: is a shell variable not set?")
    }
  }

  private static var allFlags: some Sequence<FlagTable.Flag> {
    ([Self.self] + configuration.subcommands).lazy.flatMap { FlagTable(help: helpMessage(for: $0)).flags }
  }

  /// The message about a missing value with the name of the value, which ArgumentParser leaves out if the flag accepts its value
  /// without a space.
  private static func withValueName(_ text: String) -> String {
    guard let match = text.wholeMatch(of: /Missing value for '(-[a-zA-Z])'/) else { return text }
    guard let value = allFlags.first(where: { $0.names.contains(String(match.1)) })?.value else {
      return text
    }
    return "Missing value for '\(match.1) <\(value)>'"
  }

  /// ArgumentParser takes an operand that begins with a minus for a flag: `-x < 3`.
  private static func leadingMinusHint(_ text: String) -> String {
    let isOperand = CommandLine.arguments.contains {
      $0.hasPrefix("-") && !$0.hasPrefix("--") && $0.contains(" ")
    }
    guard text.hasPrefix("Unknown option"), isOperand else { return "" }
    return ": an operand that begins with '-' comes after '--'"
  }

  /// ArgumentParser takes the value in `--retries -1` for a flag.
  private static func negativeNumberHint(_ text: String) -> String? {
    guard text.hasPrefix("Missing value"),
      let number = CommandLine.arguments.first(where: { $0.prefixMatch(of: /-\.?[0-9]/) != nil })
    else { return nil }
    return ": \(number) is not possible, a number has no minus here"
  }

  private static func print(_ text: String, to diagnostics: Diagnostics, _ shutdown: Shutdown) -> ExitStatus {
    let output = OutputWriter()
    do throws(OutputError) {
      try output.append(text)
      try output.flush()
      return .ok
    } catch {
      if error == .readerLeft { shutdown.finishReaderLeft() }
      diagnostics.error(error.description)
      return error.status
    }
  }
}
