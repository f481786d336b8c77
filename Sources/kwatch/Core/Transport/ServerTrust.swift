// SPDX-License-Identifier: Apache-2.0
import CCurl
import CTLS
import Synchronization

/// Why a server's certificate was refused, and what to do: libcurl's message names neither the authority that signed it
/// nor a setting.
enum ServerTrust {
  /// X.509 names of the certificate that the last refusal was about. Behind a lock, although one thread sets and reads it.
  private static let refused = Mutex<(issuer: String, subject: String)>(("", ""))

  /// Notes whose certificate is refused, from inside of OpenSSL's verification.
  static func observe(_ handle: UnsafeMutableRawPointer) {
    unsafe ccurl_set_tls_function(handle) { _, context, _ in
      unsafe ctls_set_verify(context) { isTrusted, store in
        if isTrusted == 0 {
          let names = unsafe (ServerTrust.name(store, ctls_issuer), ServerTrust.name(store, ctls_subject))
          ServerTrust.refused.withLock { $0 = names }
        }
        return isTrusted
      }
      return CURLE_OK
    }
  }

  private static func name(
    _ store: OpaquePointer?, _ read: (OpaquePointer?, UnsafeMutablePointer<CChar>?, Int32) -> Int32
  ) -> String {
    var text = [CChar](repeating: 0, count: 256)
    let count = unsafe text.withUnsafeMutableBufferPointer { unsafe Int(read(store, $0.baseAddress, 256)) }
    return String(decoding: text.prefix(count).map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  /// The remedy for the refusal of a proxy's certificate. `verdict` is OpenSSL's result.
  static func proxyExplanation(_ verdict: Int) -> String {
    let reason = unsafe String(cString: X509_verify_cert_error_string(verdict))
    return
      "the certificate of the proxy is not trusted (\(reason)): as for kubectl, it must be signed by the "
      + "cluster's certificate-authority"
  }

  /// The remedy for a refusal. `detail` is libcurl's message, and `verdict` OpenSSL's result. `authority` is
  /// the place of the cluster's authority in the kubeconfig; nil if the system's authorities are used.
  static func explanation(_ detail: String, _ verdict: Int, authority: String?) -> String {
    switch Int32(verdict) {
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY, X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT,
      X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN, X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT,
      X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE, X509_V_ERR_CERT_SIGNATURE_FAILURE:
      let names = refused.withLock { $0 }
      let signer = names.issuer == names.subject ? "itself ('\(names.issuer)')" : "'\(names.issuer)'"
      let place =
        authority.map { "the certificate authority in \($0) does not include" }
        ?? "this system does not trust"
      return "the server's certificate is signed by \(signer), which \(place): set the cluster's "
        + "certificate-authority to the file of its authority, or insecure-skip-tls-verify: true to connect without a check"
    case X509_V_ERR_CERT_HAS_EXPIRED:
      return
        "the server's certificate has expired ('\(refused.withLock { $0.subject })'): renew it, or set this machine's clock"
    case X509_V_ERR_CERT_NOT_YET_VALID:
      return
        "the server's certificate is not valid yet ('\(refused.withLock { $0.subject })'): set this machine's clock"
    case X509_V_OK, X509_V_ERR_UNSPECIFIED:
      // The chain is good, or was not looked at yet: libcurl compares names first.
      return "\(detail): set the cluster's tls-server-name to a name that the server's certificate has"
    default:
      return
        "\(detail): correct the server's certificate, or set insecure-skip-tls-verify: true to connect without a check"
    }
  }
}
