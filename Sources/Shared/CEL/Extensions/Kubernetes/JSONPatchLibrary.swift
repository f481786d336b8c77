// SPDX-License-Identifier: Apache-2.0

/// Kubernetes' `jsonpatch.escapeKey(key)`: escapes a key for a JSON pointer, `~` as `~0` and `/` as `~1`.
public struct JSONPatchLibrary: Library {
  /// `kubernetes.jsonpatch`
  public let name = "kubernetes.jsonpatch"

  /// The library.
  public init() {}

  /// Adds the function.
  public func declare(in declarations: inout Declarations) {
    declarations.function(
      "jsonpatch.escapeKey",
      .unary("string_jsonpatch_escapeKey_string", cost: .linear) { (key: String) in
        var output: [UInt8] = []
        for byte in key.utf8 {
          switch byte {
          case UInt8(ascii: "~"): output += "~0".utf8
          case UInt8(ascii: "/"): output += "~1".utf8
          default: output.append(byte)
          }
        }
        return String(decoding: output, as: UTF8.self)
      })
  }
}
