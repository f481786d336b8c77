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
        return
          "\(object).\(function) exists only in Kyverno, where it asks the cluster; an expression here reads only its input"
      }
      if object == "Math" {
        let names = ["max": "greatest", "min": "least"]
        return "write math.\(names[function] ?? function)"
      }
      if object == "authorizer", authorizerFunctions.contains(function) {
        return
          "authorizer exists only in the API server, which knows permissions; an expression here reads only its input"
      }
    }
    if kyvernoFunctions.contains(function) { return "it exists only in Kyverno" }
    return remedies[function] ?? (target == nil ? remediesOutside[function] : nil)
  }

  /// What to write instead of functions that are not called on a value, as jq's, SQL's and Python's are.
  private static let remediesOutside = [
    "any": "write list.exists(x, x > 1)", "some": "write list.exists(x, x > 1)",
    "every": "write list.all(x, x > 1)", "lower": "write s.lowerAscii()", "toLower": "write s.lowerAscii()",
    "ascii_downcase": "write s.lowerAscii()", "upper": "write s.upperAscii()",
    "toUpper": "write s.upperAscii()", "ascii_upcase": "write s.upperAscii()",
    "test": "write s.matches('…')", "match": "write s.matches('…')", "regexMatch": "write s.matches('…')",
    "regex_match": "write s.matches('…')", "re_match": "write s.matches('…')",
    "startswith": "write s.startsWith('…')", "starts_with": "write s.startsWith('…')",
    "hasPrefix": "write s.startsWith('…')", "endswith": "write s.endsWith('…')",
    "ends_with": "write s.endsWith('…')", "hasSuffix": "write s.endsWith('…')",
    "unique": "write list.distinct()", "add": "write list.sum()", "round": "write math.round(x)",
    "floor": "write math.floor(x)", "ceil": "write math.ceil(x)",
  ]

  /// What to write instead of functions of other languages that no function of CEL replaces.
  private static let remedies = [
    "select": "write the condition itself, without select()",
    "keys": "write map.map(k, k) for the keys of a map",
    "values": "write map.transformList(k, v, v) for the values of a map",
    "isEmpty": "write size(x) == 0", "empty": "write size(x) == 0", "not": "write !x",
    "isNull": "write x == null", "isnull": "write x == null", "is_null": "write x == null",
    "entries": "write map.transformList(k, v, [k, v])", "to_entries": "write map.transformList(k, v, [k, v])",
    "items": "write map.transformList(k, v, [k, v])", "append": "write list + [x]",
    "push": "write list + [x]",
    "flatMap": "write list.map(x, x.parts).flatten()", "flat_map": "write list.map(x, x.parts).flatten()",
    "pow": "CEL has no function for powers", "env": "an expression reads only its input",
    "getenv": "an expression reads only its input",
    "exists": "write has(a.b), or list.exists(x, x > 1)",
    "coalesce": "write a.?b.orValue(c)", "default": "write a.?b.orValue(c)", "concat": "write a + b",
    "substr": "write s.substring(0, 5)", "startsWithAny": "write list.exists(x, s.startsWith(x))",
    "fromjson": "CEL has no function that parses JSON in a string", "todate": "write timestamp(x)",
    "sprintf": "write '%s: %d'.format([a, b])", "count": "write list.filter(x, x > 1).size()",
    "toString": "write string(x)", "tostring": "write string(x)", "tonumber": "write double(x)",
    "equals": "write a == b", "equalsIgnoreCase": "write a.lowerAscii() == b", "oneOf": "write x in [a, b]",
    "isIn": "write x in [a, b]", "isin": "write x in [a, b]",
    "defined": "write has(a.b)", "isset": "write has(a.b)", "isDefined": "write has(a.b)",
    "has": "write \"k\" in map, or has(map.k)", "hasKey": "write \"k\" in map, or has(map.k)",
    "containsKey": "write \"k\" in map, or has(map.k)", "has_key": "write \"k\" in map, or has(map.k)",
    "hasOwnProperty": "write \"k\" in map, or has(map.k)", "get": "write map.?k.orValue(c)",
  ]
}
