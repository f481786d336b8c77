// SPDX-License-Identifier: Apache-2.0

extension Grammar {
  static let calls: [Call] =
    texts("", ["($t + $t)", "string($n)", "string(bytes($t))", "($b ? $t : $t)"])
    + numbers(
      "",
      [
        "($n + 1)", "$t.size()", "$l.size()", "x[$t]", "int($t)", "double($t)", "$m.size()",
        "bytes($t).size()",
      ])
    + tests(
      "",
      [
        "$l == $l", "$v in $l", "$m == $m", "$t < $t", "$t.contains($t)", "$t.startsWith($t)",
        "$t.endsWith($t)",
        "$t == $t", "bytes($t) < bytes($t)", "$t in $m", "has(x.a)", "$l.exists(y, $b)",
        "$l.all(y, dyn(y) != $v)",
        "$l.exists_one(y, y == $v)", "dyn($v) != $v", "type($v) == type($v)", "x.?q.?r.hasValue()",
      ])
    + lists(
      "",
      [
        "($l + $l)", "[$v, $v]", "$l.map(y, $v)", "$l.filter(y, $b)", "$l.map(y, {string(y): y})",
        "$l.transformList(k, y, $v)", "$m.transformList(k, y, k)",
      ])
    + maps(
      "",
      [
        "{string(i): $v, 'b': $v}", "$l.transformMap(k, v, v)", "$l.transformMapEntry(k, v, {string(k): v})",
        "$m.transformMap(k, v, v)", "{$t: $n}",
      ])
    + tests(
      "compare",
      [
        "$o == $o", "$o != $o", "$o in $l", "$o in [$o, $o, $o]", "[$o, $o] == [$o, $o]",
        "{'a': $o} == {'a': $o}",
        "$l.all(y, $o == y)", "$l.exists(y, y == $o)", "$o.exists(y, y == $o)", "sets.contains($l, [$o])",
        "sets.equivalent([$o], [$o, $o])", "sets.intersects($l, [$o, $o])", "$l.map(y, $o) == $l.map(y, $o)",
        "$l == old.o", "old != self", "self.o == old.o", "$m == old", "changes == $l",
        "changes.exists(y, y.path == $t)",
        "$o.all(y, $o.exists(y, y == $o))", "dyn($o) == $l.map(y, y)", "$m.transformMap(k, v, v) == $m",
        "type($o) == type($o)", "optional.of($o) == optional.of($o)", "$o.includes($o)", "$l.sort() == $l",
        "(has(x.a) ? $o : $o) == $o", "$m.all(y, y in $m)", "$o.all(y, y in $o)",
        "$o.all(y, $o.all(z, y != z))",
      ])
    + numbers(
      "compare",
      [
        "$l.indexOf($o)", "$l.lastIndexOf($o)", "$o.filter(y, $o == y).size()", "$l.distinct().size()",
        "size($o)",
      ])
    + lists(
      "compare",
      [
        "[$o, $o].distinct()", "($l + [$o]).distinct()", "$o.map(y, [y, $o])", "$o.filter(y, y != $o)",
        "[$o, $o, $o]",
        "$o.sortBy(y, string(y))",
      ])
    + wholes(
      "compare",
      ["$o[0]", "$o['a']", "$m.a", "$l[99]", "$o.?a.orValue($o)", "$m[?'k99'].orValue($o)", "dyn($o)"])
    + wholes(
      "nested",
      [
        "$o.map(y, $v)", "$o.map(y, $o.map(z, [y, z]))", "$o.transformMap(k, v, $o)",
        "$o.transformList(k, v, v)",
        "$o.map(y, $o.exists(z, z == y))", "$o.filter(y, $o.exists(z, z == y))", "$o.map(y, y.b).flatten()",
        "$o.map(y, size(y))", "$o.map(y, y.?a.?b)", "$o.map(y, {string(y): $o})",
        "$l.map(y, cel.bind(l, $l, l))",
        "cel.bind(w, $o, w.map(y, w))", "cel.bind(l, [$o, $o], [l, l])",
        "$o.map(y, string(y)).join().split('')",
        "$o.transformMap(k, v, $o.transformMap(k, v, v))", "$o.transformMapEntry(k, v, {string(v): k})",
        "self.transformList(k, v, size(v))", "self.map(y, self[y])", "m.map(y, m[y])",
        "x.all(y, has(x.c) && y in x)",
      ])
    + tests(
      "nested",
      [
        "$o.exists_one(y, $o.exists_one(z, z == y))", "$o.all(k, v, $m[?k].hasValue())",
        "$o.exists(k, v, v == $o)",
        "self.all(k, v, old[?k].orValue(0) == v)", "$l.all(y, $l.all(z, $l.exists(w, w == $v)))",
      ])
    + texts(
      "strings",
      [
        "$t.reverse()", "strings.quote($t)", "$t.replace('a', 'b')", "$t.replace('', $t)",
        "$t.replace($t, $t, 100)",
        "$t.upperAscii()", "$t.lowerAscii()", "$t.trim()", "$t.substring(1)", "$t.substring(1, $n)",
        "$t.charAt($n)",
        "$l.map(y, string(y)).join($t)", "lists.range(1000).map(y, $t).join()", "$t.split($t).join($t)",
      ])
    + numbers(
      "strings", ["$t.indexOf($t)", "$t.lastIndexOf($t)", "$t.indexOf($t, $n)", "$t.lastIndexOf($t, $n)"])
    + lists("strings", ["$t.split('')", "$t.split('&')", "$t.split($t, $n)"])
    + texts(
      "regex",
      [
        "regex.replace($t, $p, 'x')", "regex.replace($t, $p, '\\\\0\\\\0')", "regex.replace($t, $p, $t, $n)",
        "$t.find($p)", "regex.extract($t, $p).orValue('')",
      ])
    + lists("regex", ["$t.findAll($p)", "$t.findAll($p, 3)", "regex.extractAll($t, $p)"])
    + tests("regex", ["$t.matches($p)", "regex.extract($t, $p).hasValue()"])
    + texts(
      "format",
      [
        "'%s %s'.format([$v, $t])", "'%x'.format([$t])", "'%X'.format([bytes($t)])",
        "'%.100f'.format([1e308 + double($n)])",
        "'%.20e'.format([double($n) / 3.0])", "'%d'.format([$n])", "'%b'.format([$n])", "'%o'.format([$n])",
        "'%s'.format([$m])", "'%s'.format([$l])", "json.encode($v)", "base64.encode(bytes($t))",
        "string(base64.decode($t))",
      ])
    + lists(
      "lists",
      [
        "$l.reverse()", "$l.distinct()", "$l.flatten()", "$l.flatten(20)", "$l.slice(0, 1)",
        "$l.slice(1, $n)",
        "$l.sort()", "$l.map(y, string(y)).sort()", "$l.sortBy(y, string(y))", "$l.sortBy(y, $v)",
        "lists.range($n)",
        "$l.map(y, optional.of(y))", "[$l.first(), $l.last()]",
      ])
    + tests(
      "lists",
      [
        "sets.intersects($l, $l)", "sets.contains($l, $l)", "sets.equivalent($l, $l)", "$l.isSorted()",
        "$l.includes($v)", "$l.map(y, string(y)).isSorted()",
      ])
    + numbers("lists", ["$l.indexOf($v)", "$l.lastIndexOf($v)", "$l.max()", "$l.min()", "$l.sum()"])
    + numbers(
      "math",
      [
        "math.greatest($l)", "math.least($n, $n, 3)", "math.sqrt($n)", "math.round(double($n))",
        "math.bitXor($n, 7)",
        "math.bitShiftLeft($n, 3)", "math.abs($n)", "math.sign($n)", "($n % 7)", "($n / 3)", "($n * $n)",
      ])
    + texts(
      "time",
      [
        "string(timestamp(i))", "string(duration(string(i) + 's'))", "string(timestamp(i) + duration('1h'))",
        "string(timestamp(string(timestamp($n))))",
      ])
    + numbers(
      "time",
      [
        "timestamp(i).getHours('Bogus/Z' + string(i % 3))", "timestamp(i).getHours('Europe/Berlin')",
        "timestamp($n).getMinutes('+01:00')", "timestamp($n).getDayOfYear('America/New_York')",
        "timestamp('2024-01-01T00:00:00Z').getDayOfYear()", "timestamp($t).getFullYear()",
        "duration($t).getSeconds()",
        "timestamp(i * 100000).getDate('Australia/Lord_Howe')",
      ])
    + tests("time", ["timestamp(i) < timestamp($n)", "duration(string(i) + 'h1m1.5s') > duration('1s')"])
    + tests(
      "values",
      [
        "quantity('9e999').add(quantity('1e-9')).isInteger()",
        "quantity('1').add(quantity('1e-1000')).isInteger()",
        "quantity($t).isInteger()", "isQuantity($t)",
        "quantity(string(i) + 'Gi').isLessThan(quantity('5Ki'))",
        "quantity('1' + $t).compareTo(quantity('3m')) > 0", "isSemver($t)",
        "semver('1.2.3-' + $t).isLessThan(semver('1.2.3-' + $t))", "semver('v1.0', true) == semver('1.0.0')",
        "isURL('http://' + $t)", "url('http://a/' + $t) == url('http://b/' + $t)",
      ])
    + numbers(
      "values",
      [
        "semver('1.2.3-' + $t).major()", "quantity($t).sign()", "quantity(string($n)).asApproximateFloat()",
        "quantity(string(i) + '.5').sub(quantity($t)).asInteger()",
      ])
    + texts(
      "values",
      [
        "url('http://' + $t).getHost()", "url('http://a/' + $t).getEscapedPath()",
        "url('http://[::1]/' + $t).getHostname()",
        "jsonpatch.escapeKey($t)", "string(quantity(string(i) + 'm'))", "string(semver('1.2.3+' + $t))",
      ])
    + maps("values", ["url('http://a/?' + $t).getQuery()"])
    + tests(
      "network",
      [
        "isIP($t)", "isCIDR($t)", "ip('::' + string(i % 9000)).isLoopback()",
        "cidr('10.0.0.0/8').containsIP($t)",
        "cidr('10.0.0.0/' + string(i % 33)).containsCIDR('10.1.0.0/16')", "ip.isCanonical($t)",
        "ip('1.2.3.' + string(i % 256)) == ip('1.2.3.4')",
      ])
    + texts(
      "network",
      [
        "string(ip('2001:db8::' + string(i % 9000)))",
        "string(cidr('2001:db8::1/' + string(i % 129)).masked())",
      ])
    + numbers("network", ["ip('1.2.3.4').family()", "cidr('10.0.0.0/8').prefixLength()"])
    + tests(
      "names",
      [
        "dns1123Label", "dns1123Subdomain", "dns1035Label", "qualifiedName", "dns1123LabelPrefix",
        "labelValue", "uri",
        "uuid", "byte", "date", "datetime",
      ].map { "format.\($0)().validate($t).hasValue()" } + ["format.named($t).hasValue()"])

  private static func texts(_ library: String, _ templates: [String]) -> [Call] {
    made(library, .text, templates)
  }
  private static func lists(_ library: String, _ templates: [String]) -> [Call] {
    made(library, .list, templates)
  }
  private static func numbers(_ library: String, _ templates: [String]) -> [Call] {
    made(library, .number, templates)
  }
  private static func maps(_ library: String, _ templates: [String]) -> [Call] {
    made(library, .map, templates)
  }
  private static func tests(_ library: String, _ templates: [String]) -> [Call] {
    made(library, .test, templates)
  }

  private static func wholes(_ library: String, _ templates: [String]) -> [Call] {
    made(library, .whole, templates)
  }

  private static func made(_ library: String, _ kind: Kind, _ templates: [String]) -> [Call] {
    templates.map { Call(library: library, kind: kind, template: $0) }
  }
}
