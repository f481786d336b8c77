// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import CEL

/// Messages for the habits of people who know another language, or another program that uses CEL.
struct HintTests {
  private static let environment: Environment = {
    var options = Environment.Options(.kubernetes)
    options.fallbackVariable = "@rest"
    return Environment(
      variables: [Variable("object", .dyn), Variable("now", .timestamp), Variable("@rest", .dyn)],
      libraries: StandardLibraries.libraries(.kubernetes), options: options)
  }()

  private func refusal(_ expression: String) -> CompileError? {
    do throws(CompileError) { _ = try Self.environment.compile(expression) } catch { return error }
    return nil
  }

  @Test(
    arguments: [
      ("object.x == nil", "null"), ("object.x != None", "null"), ("undefined == object.x", "null"),
      ("object.ready == True", "true"), ("object.ready || FALSE", "false"), ("object.since < now()", "now"),
      ("object.since < time.now()", "now"), ("object?.a", ".?"), ("object.a?.b == 1", ".?"),
      ("object.a ?? 'none'", ".orValue("),
      ("object.a === 1", "=="), ("object.a !== 1", "!="), ("object.a <> 1", "!="), ("object.a = 1", "=="),
      ("object.a & object.b", "&&"), ("object.a | object.b", "||"), ("object.a =~ 'x'", ".matches("),
      ("object.a ~ 'x'", ".matches("), ("object.a like 'x'", ".matches("),
      ("object.a contains 'x'", ".contains("),
      ("object.a gte 1", ">="), ("object.a == 1 # why", "//"),
      ("object.a.toLowerCase() == 'x'", "lowerAscii"),
      ("abs(object.a) > 1", "math.abs"), ("object.a.hasPrefix('x')", "startsWith"),
      ("object.a.length() > 1", "size"), ("object.a.lowercase() == 'x'", "lowerAscii"),
      ("object.a LIKE 'x'", ".matches("),
      ("object.a startswith 'x'", ".startsWith("), ("object.a StartsWith 'x'", ".startsWith("),
      ("strings.HasPrefix(object.a, 'x')", "startsWith"), ("object.a.regex('x')", "matches"),
      ("object.a && not object.b", "!"), ("object.a ≥ 1", ">="), ("object.a − 1 == 0", "-"),
      ("object.a\u{A0}== 1", " "), ("int64(object.a) == 1", "int"), ("isNaN(object.a)", "math.isNaN"),
      ("object.a.trimStart() == 'x'", "trim"), ("object.a instanceof int", "type(x) =="),
    ])
  func suggestsTheIntendedName(_ expression: String, _ meant: String) throws {
    let error = try #require(refusal(expression))
    #expect(error.suggestion == meant, "\(error)")
  }

  @Test(
    arguments: [
      ("has(object['a-b'])", "\"a-b\" in object"), ("has(object['a-b'])", "has(object.`a-b`)"),
      ("has(object.metadata.annotations['k8s.io/x'])", "has(object.metadata.annotations.`k8s.io/x`)"),
      ("has(object['a b:c'])", "\"a b:c\" in object"), ("resource.Get('v1', 'pods', 'a', 'b')", "Kyverno"),
      ("image(object.image).registry() == 'x'", "Kyverno"), ("http.Get('http://x')", "Kyverno"),
      ("object.l.exists(x => x > 1)", "list.exists(x, x > 1)"),
      ("object.l.exists(x > 1)", "takes 2 or 3 arguments"),
      ("object.l.map(x)", "takes 2 or 3 arguments"), ("has(object.a, 1)", "takes 1 argument"),
      ("object.l.exists(x -> x > 1)", "list.exists(x, x > 1)"), ("defined(object.a)", "has(a.b)"),
      ("object.m.get('k') == 1", ".?k.orValue("), ("object.m.containsKey('k')", "\"k\" in map"),
      ("object.m.has('k')", "\"k\" in map"),
      ("has('a-b')", "\"a-b\" in m"), ("object.l.contains(1)", "x in list"),
      ("type(object.a) == 'int'", "without quotes"),
      ("object.a > 10Mi", "quantity(\"10Mi\")"), ("min(object.a, 2) == 1", "math.least"),
      ("math.max(object.a, 2) == 1", "math.greatest"), ("any(object.l, x > 1)", "list.exists(x, x > 1)"),
      ("all(object.l, x > 1)", "list.all(x"), ("lower(object.a) == 'x'", "s.lowerAscii()"),
      ("ascii_downcase(object.a) == 'x'", "s.lowerAscii()"), ("object.a.toString() == '3'", "string(x)"),
      ("object.a.equals('x')", "a == b"), ("object.a.oneOf(['x'])", "x in [a, b]"),
      ("test(object.a, 'x')", "s.matches('…')"), ("includes(object.a, 'x')", "called on a value"),
      ("math.max(1, 2) == 2", "a function of a list"), ("Math.floor(object.a) == 1.0", "math.floor"),
      ("Math.max(object.a, 1) == 1", "math.greatest"), ("object.in == 1", "[\"in\"]"),
      ("has(object.labels.app-name)", "has(object.labels.`app-name`)"),
      ("has(object.labels.my-app-name)", "has(object.labels.`my-app-name`)"),
      ("object.\u{200B}a == 1", "U+200B"), ("gsub(object.a; 'x'; 'y')", "separate arguments"),
      ("ends_with(object.a, 'x')", "s.endsWith"), ("object.m.entries() == []", "transformList"),
      ("object.l[] == 1", "list.exists"), ("object.l[0:2]", "slice"), ("object.a in {1, 2}", "[a, b]"),
      ("if object.a then 1 else 2", "condition ? value : other"), ("for x in object.l", "list.all"),
      ("object.a not in [1]", "!(a in b)"), ("not (object.a == 1)", "write !x"),
      ("1 < object.a < 3", "a < b && b < c"),
      ("!object.a == 1", "!(a == b)"), ("'a' + 1 == 'a1'", "string(x)"), ("now - now > '1h'", "duration("),
      ("now > '2026-01-01'", "timestamp("), ("1 + 1.5 > 2.0", "double(x)"), ("object.a == 1;", "';'"),
      ("object.a /* b */ == 1", "//"), ("object.a ** 2", "powers"), ("$a == 1", "'$'"),
      ("object.a == `b`", "string"),
      ("object.a == 9223372036854775808", "with u"), ("select(object.a == 1)", "condition itself"),
      ("keys(object.a) == ['b']", "map.map(k, k)"), ("timestamp('2024-01-01') < now", "2026-01-31T00:00:00Z"),
      ("duration('1d') > duration('1h')", "1h30m"), ("object.a.matches('(?=x)')", "lookahead"),
      ("object.a.matches('(a)\\\\1')", "back references"), ("object.a.matches('(?<!x)y')", "look"),
      ("authorizer.group('apps').resource('x').check('get').allowed()", "authorizer"),
    ])
  func namesTheRemedy(_ expression: String, _ text: String) throws {
    let error = try #require(refusal(expression))
    #expect(error.message.contains(text), "\(error)")
  }

  @Test(
    arguments: [
      "object.nil == 1", "object.x ? .5 > 1 : false", "object.x ? object.y : null", "object['None'] == 1",
      "object.a - -1 > 0", "!!object.a", "object.like == 1", "object.select == 1",
      "[object.a == 1] == [!object.b]", "object.a != -1", "(object.a == 1) == object.b",
      "object.keys.exists(k, k == 'a')",
      "object.x.all(None, None > 1)", "resource.Got == 1", "image == 'a'", "object.check == 1",
    ])
  func doesNotRefuseValidExpressions(_ expression: String) { #expect(refusal(expression) == nil) }

  @Test(
    arguments: [
      ("object.a + 'x'", "int + string"), ("object.a < 'x'", "int < string"),
      ("!object.a", "int is not a bool"),
      ("object.a || false", "int is not a bool"), ("1 in object.a", "int in int"),
      ("object.a[0]", "int[int]"),
      ("size(object.n)", "size(null_type)"), ("object.a.lowerAscii()", "lowerAscii(int)"),
      ("-object.s", "-(string)"),
      ("object.a.startsWith('x')", "startsWith"), ("object.s % 2", "string % int"),
      ("object.a.replace('x', object.s)", "replace(int, string, string)"),
    ])
  func namesTheTypesOfAnEvaluation(_ expression: String, _ text: String) throws {
    var activation = Activation(Self.environment)
    activation["object"] = ["a": 1, "n": .null, "s": "x"]
    let program = try Self.environment.compile(expression)
    let error = #expect(throws: EvaluationError.self) { try program.evaluate(&activation) }
    #expect(error?.description.contains(text) == true, "\(String(describing: error))")
  }

  @Test(arguments: [("a/b~c", "a~1b~0c"), ("", ""), ("~1", "~01"), ("é/", "é~1")])
  func escapesKeysOfJSONPointers(_ key: String, _ escaped: String) throws {
    var activation = Activation(Self.environment)
    activation["@rest"] = ["key": .string(key)]
    #expect(
      try Self.environment.compile("jsonpatch.escapeKey(key)").evaluate(&activation) == .string(escaped))
  }
}
