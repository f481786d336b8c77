// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import Command

/// The flags that are parsed from a help text.
struct FlagTableTests {
  static let help = """
    OVERVIEW: Watch things.

      watch -n prod pods

    USAGE: watch [OPTION…] THING

    ARGUMENTS:
      <things>                A thing.

    OPTIONS:
      -n, --namespace <name>  Watch this namespace.
      -A, --all-namespaces    -A is short for all of them.
      --until-now, --list-only
                              Print what there is and end.
      --control <pass|match|drop>
                              What happens to control lines.
      -o, --output <output>   The format. (values: json, name; default: json)
      -h, --help              Show help information.

      See 'watch help' for more.
    """

  @Test func readsNamesValuesAndSummaries() {
    let flags = FlagTable(help: Self.help).flags
    #expect(
      flags.map(\.key) == [
        "--namespace", "--all-namespaces", "--until-now", "--control", "--output", "--help",
      ])
    #expect(flags.map(\.value) == ["name", nil, nil, "pass|match|drop", "output", nil])
    #expect(flags[1].summary == "-A is short for all of them.")
    #expect(flags[2].names == ["--until-now", "--list-only"])
    #expect(flags[2].summary == "Print what there is and end.")
  }

  @Test func readsTheChoicesOfAValue() {
    let table = FlagTable(help: Self.help)
    #expect(table.flag("--control")?.choices == ["pass", "match", "drop"])
    #expect(table.flag("-o")?.choices == ["json", "name"])
    #expect(table.flag("-n")?.choices == [])
  }
}

struct ShellWordsTests {
  @Test(arguments: [
    ("kwatch pods -n pr", ["kwatch", "pods", "-n"], "pr"),
    ("kwatch pods ", ["kwatch", "pods"], ""),
    (#"wfilter 'a == "b"' ev"#, ["wfilter", #"a == "b""#], "ev"),
    (#"wfilter a\ b "c\"d" e"#, ["wfilter", "a b", #"c"d"#], "e"),
    ("natswatch 'orders.", ["natswatch"], "orders."),
    ("x '' y", ["x", ""], "y"),
    ("", [], ""),
  ]) func splitsAsAShellDoes(_ line: String, _ words: [String], _ current: String) {
    #expect(ShellWords(line).words == words)
    #expect(ShellWords(line).current == current)
  }

  @Test func knowsAnOpenQuote() {
    #expect(ShellWords("natswatch 'a").isQuoted)
    #expect(!ShellWords("natswatch 'a'").isQuoted)
  }
}
