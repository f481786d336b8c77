// SPDX-License-Identifier: Apache-2.0

/// Puts expressions together.
struct Generator {
  var random: Random

  /// A loop around something: a single call is seldom long.
  mutating func loop() -> String {
    let count = random.pick(["100000", "1000000"])
    let body = value(3)
    switch random.below(8) {
    case 0: return "lists.range(\(count)).all(i, dyn(\(body)) != ['none'])"
    case 1: return "lists.range(\(count)).exists(i, dyn(\(body)) == ['none'])"
    case 2: return "lists.range(\(count)).map(i, \(body)).size()"
    case 3: return "lists.range(\(count)).map(i, \(body))"
    case 4: return "lists.range(\(count)).transformMap(i, v, \(body))"
    case 5: return "cel.bind(t, \(text(2)), lists.range(\(count)).map(i, \(body)).size())"
    case 6: return "cel.bind(l, \(list(2)), lists.range(\(count)).all(i, dyn(\(body)) != l))"
    default: return body
    }
  }

  /// An expression with one number, name or call exchanged.
  mutating func mutated(_ expression: String) -> String {
    var parts: [Substring] = []
    var rest = expression[...]
    while let first = rest.first {
      let isWord = first.isLetter || first.isNumber
      let part = isWord ? rest.prefix { $0.isLetter || $0.isNumber } : rest.prefix(1)
      parts.append(part)
      rest = rest.dropFirst(part.count)
    }
    for _ in 0...random.below(3) {
      let index = random.below(parts.count)
      switch parts[index] {
      case let part where part.first?.isNumber ?? false:
        parts[index] = Substring(
          random.pick(["0", "1", "3", "20", "100", "300", "1000", "30000", "1000000"]))
      case "i": parts[index] = Substring(number(1))
      case "s", "t": parts[index] = Substring(text(2))
      case "x", "l": parts[index] = Substring(random.pick(["x", "x.a", "x.c", list(1)]))
      default: break
      }
    }
    return parts.joined()
  }

  private mutating func value(_ depth: Int) -> String {
    switch random.below(depth > 0 ? 7 : 3) {
    case 0, 3: return text(depth)
    case 1, 4: return list(depth)
    case 2: return number(depth)
    case 5: return map(depth)
    default: return test(depth)
    }
  }

  private mutating func map(_ depth: Int) -> String {
    switch random.below(5) {
    case 0: return "{string(i): \(value(depth - 1)), 'b': \(value(depth - 1))}"
    case 1: return "url('http://a/?' + \(text(depth - 1))).getQuery()"
    case 2: return "\(list(depth - 1)).transformMap(k, v, v)"
    case 3: return "x.c"
    default: return "{\(text(depth - 1)): \(number(depth - 1))}"
    }
  }

  private mutating func text(_ depth: Int) -> String {
    guard depth > 0 else { return random.pick(["s", "'a'", "string(i)", "'é漢'", "s", "x.b", "e", "e"]) }
    let a = text(depth - 1)
    switch random.below(22) {
    case 0: return "(\(a) + \(text(depth - 1)))"
    case 1: return "\(a).reverse()"
    case 2: return "strings.quote(\(a))"
    case 3:
      return
        "\(a).replace(\(random.pick(["'a'", "''", "'&'", "'b&a'"])), \(random.pick(["'b'", "''", "s", "'xyz'"])))"
    case 4: return "\(a).upperAscii()"
    case 5: return "\(a).trim()"
    case 6: return "\(a).substring(1)"
    case 7: return "json.encode(\(value(depth - 1)))"
    case 8: return "'%s %s'.format([\(value(depth - 1)), \(a)])"
    case 9: return "'%x'.format([\(a)])"
    case 10:
      return
        "'%.\(random.pick(["0", "20", "100"]))f'.format([\(random.pick(["1e308", "1.5", "1e-300"])) + double(i)])"
    case 11: return "base64.encode(bytes(\(a)))"
    case 12: return "regex.replace(\(a), \(pattern()), \(random.pick(["'x'", "'\\\\0\\\\0'", "s"])))"
    case 13: return "\(list(depth - 1)).map(y, string(y)).join(\(random.pick(["','", "s"])))"
    case 14: return "string(timestamp(i))"
    case 15: return "string(duration(string(i) + 's'))"
    case 16: return "string(double(i) / 3.0)"
    case 17: return "string(bytes(\(a)))"
    case 18: return "\(a).find(\(pattern()))"
    case 19: return "regex.extract(\(a), \(pattern())).orValue('')"
    case 20: return "url('http://' + \(a)).getHost()"
    default:
      return
        "lists.range(\(random.pick(["10", "1000", "20000"]))).map(y, \(random.pick(["'ab'", "string(y % 2)", "'x'"]))).join()"
    }
  }

  private mutating func pattern() -> String {
    random.pick([
      "'a'", "' +'", "'[a-z]+'", "'a[ab]{14}c'", "'a[ab]{300}c'", "'(a|b)*c'", "'\\\\pL+'",
      "'[01]*1[01]{900}2'",
      "'(a=b)+'", "'.*'", "'a|a.*z'", "'(.*)(.*)(.*)x?'", "'\\\\pL{1,20}' + string(i)",
      "'[ab]{900}' + string(i)",
      "'\\\\pL{900}' + string(i)", "'(?i)abc' + string(i)", "'(' + string(i)", "s + string(i)", "'\\\\b'",
      "''", "'\\\\B'",
    ])
  }

  private mutating func list(_ depth: Int) -> String {
    guard depth > 0 else {
      return random.pick(["x.a", "[i, n]", "lists.range(100)", "[s, s]", "lists.range(1000)", "o", "o"])
    }
    let a = list(depth - 1)
    switch random.below(15) {
    case 0: return "(\(a) + \(list(depth - 1)))"
    case 1: return "\(a).reverse()"
    case 2: return "\(a).map(y, \(value(depth - 1)))"
    case 3: return "\(text(depth - 1)).split(\(random.pick(["''", "'&'", "'a'"])))"
    case 4: return "\(a).distinct()"
    case 5: return "\(a).flatten()"
    case 6: return "\(a).slice(0, 1)"
    case 7: return "[\(value(depth - 1)), \(value(depth - 1))]"
    case 8: return "\(a).map(y, string(y)).sort()"
    case 9: return "\(text(depth - 1)).findAll(\(pattern()))"
    case 10: return "regex.extractAll(\(text(depth - 1)), \(pattern()))"
    case 11: return "\(a).filter(y, y != \(value(depth - 1)))"
    case 12: return "\(a).map(y, optional.of(y))"
    case 13: return "\(a).map(y, {string(y): y})"
    default: return "\(a).sortBy(y, string(y))"
    }
  }

  private mutating func number(_ depth: Int) -> String {
    guard depth > 0 else { return random.pick(["i", "n", "1", "0"]) }
    switch random.below(12) {
    case 0: return "(\(number(depth - 1)) + 1)"
    case 1: return "\(text(depth - 1)).size()"
    case 2: return "\(text(depth - 1)).indexOf(\(text(depth - 1)))"
    case 3:
      return "timestamp(i).getHours('\(random.pick(["Bogus/Z", "Europe/Berlin", "+01:00"]))' + string(i % 3))"
    case 4: return "int(\(text(depth - 1)))"
    case 5: return "\(text(depth - 1)).lastIndexOf(\(text(depth - 1)))"
    case 6: return "\(list(depth - 1)).size()"
    case 7: return "\(list(depth - 1)).indexOf(\(value(depth - 1)))"
    case 8: return "x[\(text(depth - 1))]"
    case 9: return "semver('1.2.3-' + \(text(depth - 1))).major()"
    case 10: return "timestamp('2024-01-01T00:00:00Z').getDayOfYear()"
    default: return "\(list(depth - 1)).max()"
    }
  }

  private mutating func test(_ depth: Int) -> String {
    let a = text(depth - 1)
    switch random.below(14) {
    case 0: return "\(a).matches(\(pattern()))"
    case 1: return "\(a).contains(\(text(depth - 1)))"
    case 2: return "\(list(depth - 1)) == \(list(depth - 1))"
    case 3: return "\(value(depth - 1)) in \(list(depth - 1))"
    case 4: return "sets.intersects(\(list(depth - 1)), \(list(depth - 1)))"
    case 5:
      return
        "quantity(\(random.pick(["'9e999'", "'1'"]))).add(quantity(\(random.pick(["'1e-9'", "'1e-1000'", "'5Gi'"])))).isInteger()"
    case 6: return "isIP(\(a))"
    case 7:
      return
        "format.\(random.pick(["dns1123Label", "uri", "qualifiedName", "datetime"]))().validate(\(a)).hasValue()"
    case 8: return "isURL('http://' + \(a))"
    case 9: return "\(map(depth - 1)) == \(map(depth - 1))"
    case 10: return "\(a) < \(text(depth - 1))"
    case 11: return "quantity(\(a)).isInteger()"
    case 12: return "url('http://a/' + \(a)) == url('http://b/' + \(a))"
    default: return "\(a).startsWith(\(text(depth - 1)))"
    }
  }
}
