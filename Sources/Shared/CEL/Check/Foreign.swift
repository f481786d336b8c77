// SPDX-License-Identifier: Apache-2.0

/// Spellings from other languages, and from other programs that use CEL.
enum Foreign {
  /// Other languages' words for values of CEL.
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

  /// Why a function of another program is not there, or nil for one that none is known to have.
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
    return kyvernoFunctions.contains(function) ? "it is Kyverno's" : nil
  }
}
