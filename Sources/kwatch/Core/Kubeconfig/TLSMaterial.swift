// SPDX-License-Identifier: Apache-2.0
import COpenSSL

/// The certificates and the key of one connection, read from where the kubeconfig has them and found to be usable.
///
/// libcurl gets them as bytes: it starts a new connection where they differ from those of the connections it has,
/// so a file that was replaced is used from the next request on. Its own messages about a bad file name neither the
/// file nor the field, and for an encrypted key OpenSSL asks for a password on the terminal.
struct TLSMaterial: Equatable, Sendable {
  /// PEM; nil: the authorities that the system trusts.
  var authority: [UInt8]?
  /// PEM, the leaf first; nil: no client certificate.
  var certificate: [UInt8]?
  var key: [UInt8]?

  /// `checked`: what was found to be usable before; it is not checked again.
  /// - Throws: `ConfigError` that names the file or field which cannot be used.
  init(
    authority: Kubeconfig.Material?, certificate: Kubeconfig.Material?, key: Kubeconfig.Material?,
    checked: TLSMaterial? = nil
  ) throws(ConfigError) {
    if let authority {
      let bytes = try authority.read(as: "certificate authority")
      if bytes != checked?.authority { try Self.checkAuthority(bytes, authority.place) }
      self.authority = bytes
    }
    switch (certificate, key) {
    case (nil, nil): break
    case (let certificate?, nil):
      throw ConfigError("the client certificate of \(certificate.place) has no key: add client-key")
    case (nil, let key?):
      throw ConfigError("the client key of \(key.place) has no certificate: add client-certificate")
    case (let certificate?, let key?):
      let pair = (try certificate.read(as: "client certificate"), try key.read(as: "client key"))
      if pair.0 != checked?.certificate || pair.1 != checked?.key {
        try Self.checkPair(pair.0, certificate.place, pair.1, key.place)
      }
      (self.certificate, self.key) = pair
    }
  }

  private static func checkAuthority(_ bytes: [UInt8], _ place: String) throws(ConfigError) {
    let count = unsafe bytes.withUnsafeBytes { unsafe copenssl_count_certificates($0.baseAddress, $0.count) }
    guard count <= 0 else { return }
    throw ConfigError(
      "the certificate authority in \(place) "
        + (count == 0 ? "contains no PEM certificate" : "contains a certificate that cannot be read"))
  }

  private static func checkPair(
    _ certificate: [UInt8], _ certificatePlace: String, _ key: [UInt8], _ keyPlace: String
  ) throws(ConfigError) {
    let verdict = unsafe certificate.withUnsafeBytes { certificate in
      unsafe key.withUnsafeBytes { key in
        unsafe copenssl_check_pair(certificate.baseAddress, certificate.count, key.baseAddress, key.count)
      }
    }
    switch verdict {
    case COPENSSL_NO_CERTIFICATE:
      throw ConfigError("the client certificate in \(certificatePlace) contains no PEM certificate")
    case COPENSSL_NO_KEY: throw ConfigError("the client key in \(keyPlace) is not a PEM private key")
    case COPENSSL_ENCRYPTED_KEY:
      throw ConfigError(
        "the client key in \(keyPlace) is encrypted: decrypt it, as with 'openssl pkey -in KEY -out NEW-KEY'")
    case COPENSSL_MISMATCH:
      throw ConfigError(
        "the client key in \(keyPlace) does not belong to the certificate in \(certificatePlace)")
    default: break
    }
  }
}

extension Kubeconfig.Material {
  /// For messages: the file, or the field of the kubeconfig.
  var place: String {
    switch self {
    case .file(let path): "'\(path)'"
    case .inline(_, let place): place
    }
  }

  /// - Throws: `ConfigError` for a file that is missing or cannot be read.
  func read(as what: String) throws(ConfigError) -> [UInt8] {
    switch self {
    case .inline(let bytes, _): return bytes
    case .file(let path):
      guard let bytes = try KubeconfigLoader.credential(path, as: what) else {
        throw ConfigError("the \(what) '\(path)' does not exist")
      }
      return bytes
    }
  }
}
