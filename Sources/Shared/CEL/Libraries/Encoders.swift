// SPDX-License-Identifier: Apache-2.0

/// The `encoders` extension: `base64.encode`, `base64.decode`, their `Url` variants, and `json.encode`.
///
/// Decoding takes text with or without padding.
public struct EncodersLibrary: Library {
  /// `encoders`
  public let name = "encoders"

  /// The library.
  public init() {}

  /// Adds the functions.
  public func declare(in declarations: inout Declarations) {
    declareBase64("base64.encode", "base64.decode", "", .standard, in: &declarations)
    declareBase64("base64.encodeUrl", "base64.decodeUrl", "_url", .url, in: &declarations)
    declarations.function(
      "json.encode",
      .unary("json_encode_dyn", cost: .custom { $0[0].weight.multipliedSaturated(by: 2) }) {
        (value: Value) throws(EvaluationError) in try JSONEncoding.encode(value)
      })
  }

  private func declareBase64(
    _ encode: String, _ decode: String, _ suffix: String, _ alphabet: Base64.Alphabet,
    in declarations: inout Declarations
  ) {
    declarations.function(
      encode,
      .unary("base64_encode\(suffix)_bytes", cost: .linear) { (bytes: [UInt8]) in
        Base64.encode(bytes, alphabet)
      })
    declarations.function(
      decode,
      .unary("base64_decode\(suffix)_string", cost: .linear) { (text: String) throws(EvaluationError) in
        guard let bytes = Base64.decode(text, alphabet) else { throw .invalidArgument("not base64") }
        return bytes
      })
  }
}
