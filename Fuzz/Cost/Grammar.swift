// SPDX-License-Identifier: Apache-2.0

/// The calls of CEL that expressions are put together from.
///
/// In a template, `$t` is a text, `$l` a list, `$n` a number, `$m` a map, `$b` a test, `$v` any of them, `$o`
/// a value of the line as a whole, `$p` a pattern, `$c` the length of a loop.
enum Grammar {
  enum Kind: Character, CaseIterable {
    case text = "t"
    case list = "l"
    case number = "n"
    case map = "m"
    case test = "b"
    case whole = "o"
    case pattern = "p"
    case count = "c"
    case any = "v"
  }

  static let valueKinds: [Kind] = [.text, .list, .number, .map, .test, .whole]

  struct Call {
    var library: String
    var kind: Kind
    var template: String
  }

  static let libraries = [
    "", "compare", "nested", "strings", "regex", "format", "lists", "math", "time", "values", "network",
    "names",
  ]

  /// Loops around a call, which is `$@`.
  static let loops = [
    "lists.range($c).all(i, dyn($@) != ['none'])",
    "lists.range($c).exists(i, dyn($@) == ['none'])",
    "lists.range($c).map(i, $@).size()",
    "lists.range($c).map(i, $@)",
    "lists.range($c).transformMap(i, v, $@)",
    "lists.range($c).filter(i, type($@) == int).size()",
    "cel.bind(t, $t, lists.range($c).map(i, $@).size())",
    "cel.bind(l, $l, lists.range($c).all(i, dyn($@) != l))",
    "cel.bind(w, $o, lists.range($c).all(i, dyn($@) != w))",
    "$o.all(y, dyn($@) != ['none'])",
    "$o.all(y, z, dyn($@) != ['none'])",
    "$l.map(y, $@)",
    "lists.range($c).map(i, [$@, $@, $o])",
    "[$@, $@, $@]",
    "$@",
  ]

  /// Values without calls.
  static let leaves: [Kind: [String]] = [
    .text: ["s", "'a'", "string(i)", "'é漢'", "s", "x.b", "e", "e", "u", "t", "o[0].a", "string(y)", "q[0]"],
    .list: [
      "x.a", "[i, n]", "lists.range(100)", "[s, s]", "lists.range(1000)", "o", "o", "k", "q", "d", "l",
      "[self, self]", "[o, m, d]",
    ],
    .number: [
      "i", "n", "1", "0", "double(i)", "k[0]", "k[99]", "uint(i)", "9223372036854775807", "o.size()",
    ],
    .map: ["x", "x.c", "{'a': i}", "o[0]", "m", "m", "d", "self", "old", "{'a': o, 'b': self}"],
    .test: ["i > 0", "true", "'b' in x", "has(x.a)", "has(m.k7)"],
    .whole: ["self", "old", "o", "m", "x", "k", "d", "q", "s", "e", "u", "n", "o[0]", "y", "z", "changes"],
    .count: ["1000000", "100000", "20000", "3000", "300", "30"],
    .pattern: [
      "'a'", "' +'", "'[a-z]+'", "'a[ab]{14}c'", "'a[ab]{300}c'", "'(a|b)*c'", "'\\\\pL+'",
      "'[01]*1[01]{900}2'",
      "'(a=b)+'", "'.*'", "'a|a.*z'", "'(.*)(.*)(.*)x?'", "'\\\\pL{1,20}' + string(i)",
      "'[ab]{900}' + string(i)",
      "'\\\\pL{900}' + string(i)", "'(?i)abc' + string(i)", "'(' + string(i)", "s + string(i)", "'\\\\b'",
      "''",
      "'\\\\B'", "'(?s).*?b'", "'^(\\\\w+=?)+$'", "'((a{0,20}){0,20})'", "'(?i)[k-ſ]{1,40}'",
      "'[^a]*a[^b]*b' + string(i)",
      "'\\\\pL{1000}'", "u", "e", "'(?s).*' + s", "'(' + s + ')*'", "s + '|' + u",
    ],
  ]
}
