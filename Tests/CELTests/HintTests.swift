// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import CEL

/// Messages for what people write who know another language, or another program that speaks CEL.
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
    ])
  func suggestsWhatWasMeant(_ expression: String, _ meant: String) throws {
    let error = try #require(refusal(expression))
    #expect(error.suggestion == meant, "\(error)")
  }

  @Test(
    arguments: [
      ("has(object['a-b'])", "\"a-b\" in object"), ("has(object['a-b'])", "has(object.`a-b`)"),
      ("has(object.metadata.annotations['k8s.io/x'])", "has(object.metadata.annotations.`k8s.io/x`)"),
      ("has(object['a b:c'])", "\"a b:c\" in object"), ("resource.Get('v1', 'pods', 'a', 'b')", "Kyverno"),
      ("image(object.image).registry() == 'x'", "Kyverno"), ("http.Get('http://x')", "Kyverno"),
      ("authorizer.group('apps').resource('x').check('get').allowed()", "authorizer"),
    ])
  func saysWhatToDo(_ expression: String, _ text: String) throws {
    let error = try #require(refusal(expression))
    #expect(error.message.contains(text), "\(error)")
  }

  @Test(
    arguments: [
      "object.nil == 1", "object.x ? .5 > 1 : false", "object.x ? object.y : null", "object['None'] == 1",
      "object.x.all(None, None > 1)", "resource.Got == 1", "image == 'a'", "object.check == 1",
    ])
  func leavesAloneWhatIsRight(_ expression: String) { #expect(refusal(expression) == nil) }

  @Test(arguments: [("a/b~c", "a~1b~0c"), ("", ""), ("~1", "~01"), ("é/", "é~1")])
  func escapesKeysOfJSONPointers(_ key: String, _ escaped: String) throws {
    var activation = Activation(Self.environment)
    activation["@rest"] = ["key": .string(key)]
    #expect(
      try Self.environment.compile("jsonpatch.escapeKey(key)").evaluate(&activation) == .string(escaped))
  }
}
