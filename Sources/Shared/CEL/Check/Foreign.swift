// SPDX-License-Identifier: Apache-2.0

/// Spellings from other languages and other CEL programs, for suggestions in error messages.
enum Foreign {
  /// Words of other languages, with the CEL value that each stands for.
  static let values = [
    "nil": "null", "None": "null", "undefined": "null", "NULL": "null", "Null": "null", "True": "true",
    "False": "false", "TRUE": "true", "FALSE": "false",
  ]

  private static let kyvernoObjects: Set<String> = [
    "resource", "http", "globalContext", "imagedata", "generator",
  ]
  private static let kyvernoFunctions: Set<String> = [
    "image", "parseImageReference", "verifyImageSignatures", "verifyAttestationSignatures", "extractPayload",
    "parseServiceAccount", "getImageData", "registry", "isImage",
  ]
  private static let authorizerFunctions: Set<String> = [
    "serviceAccount", "resource", "group", "check", "allowed",
  ]

  /// Why a function of another CEL program is missing here; nil for a function that is not known from any.
  static func reason(_ function: String, _ target: Expr?) -> String? {
    if case .identifier(let object) = target?.kind {
      if kyvernoObjects.contains(object) {
        return "\(object).\(function) is Kyverno's, and asks the cluster; only the data at hand is read here"
      }
      if object == "authorizer", authorizerFunctions.contains(function) {
        return
          "authorizer is the API server's, and asks it for permissions; only the data at hand is read here"
      }
    }
    return kyvernoFunctions.contains(function) ? "it is Kyverno's" : remedies[function]
  }

  /// What to write instead of functions of other languages that no function of CEL replaces.
  private static let remedies = [
    "select": "an expression is the condition itself", "keys": "the keys of a map are map.map(k, k)",
    "values": "the values of a map are map.transformList(k, v, v)",
    "isEmpty": "write size(x) == 0", "empty": "write size(x) == 0", "not": "write !x",
    "isNull": "write x == null", "isnull": "write x == null",
    "exists": "write has(a.b), or list.exists(x, x > 1)",
    "coalesce": "write a.?b.orValue(c)", "default": "write a.?b.orValue(c)", "concat": "write a + b",
    "substr": "write s.substring(0, 5)", "startsWithAny": "write list.exists(x, s.startsWith(x))",
    "fromjson": "a string with JSON in it cannot be parsed", "todate": "write timestamp(x)",
    "sprintf": "write '%s: %d'.format([a, b])", "count": "write list.filter(x, x > 1).size()",
    "defined": "write has(a.b)", "isset": "write has(a.b)", "isDefined": "write has(a.b)",
    "has": "write \"k\" in map, or has(map.k)", "hasKey": "write \"k\" in map, or has(map.k)",
    "containsKey": "write \"k\" in map, or has(map.k)", "has_key": "write \"k\" in map, or has(map.k)",
    "hasOwnProperty": "write \"k\" in map, or has(map.k)", "get": "write map.?k.orValue(c)",
  ]
}
