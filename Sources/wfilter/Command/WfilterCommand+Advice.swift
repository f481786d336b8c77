// SPDX-License-Identifier: Apache-2.0
import Command

extension WfilterCommand {
  /// Flags that users of grep and jq know.
  static func advice(on flag: String, value: String?) -> String? {
    guard value == nil else { return nil }
    return switch flag {
    case "-i", "--ignore-case": "write it into the pattern: metadata.name.matches(\"(?i)web\")"
    case "-E", "-F", "-P", "-G", "--regexp", "--fixed-strings", "-w", "-x":
      "the expression is CEL: metadata.name.matches(\"^web-\"), or .contains(\"web\")"
    case "-A", "-B", "-C", "--after-context", "--before-context", "--context":
      "there are no context lines; 'old' is the previous line of the same object"
    case "-n", "--line-number", "--namespace":
      "for a namespace: metadata.namespace == \"NAME\"; lines are not numbered"
    case "-o", "--only-matching", "--output": "--emit EXPRESSION prints a value instead of the line"
    case "-s", "--slurp", "-S", "--sort-keys", "--indent", "--tab":
      "lines are printed unchanged; pipe them into jq"
    case "-R", "--raw-input", "--null-input": "each line of the input is a JSON object"
    case "--raw-output": "write -r together with --emit"
    case "--follow": "pipe the file into it: tail -F FILE | wfilter EXPRESSION"
    case "--include", "--exclude", "--recursive": "name the files after the expression"
    case "--color", "--colour", "--pretty": "pipe the output into jq . for colours"
    case "--head", "--limit": "-m N stops after N lines"
    case "--tail": "pipe the output into tail"
    case "--unique": "write --dedupe EXPRESSION"
    case "-V": "write --version"
    case "--compact-output", "--compact": "lines are printed unchanged, one for each line of the input"
    case "--max", "--max-lines": "-m N stops after N lines"
    case "--where", "--expression", "--expr", "--filter":
      "the expression is the first operand: wfilter EXPRESSION FILE"
    case "--input":
      "files come after the expression: wfilter EXPRESSION FILE; -f FILE reads the expression"
    default: nil
    }
  }
}
