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
    return kyvernoFunctions.contains(function) ? "it is Kyverno's" : nil
  }
}
