// SPDX-License-Identifier: Apache-2.0
internal import COpenSSL

/// Message digests, computed by OpenSSL. A separate module, so that a tool without digests does not link
/// libcrypto.
package enum Digest {
  /// SHA-1 (FIPS 180-4 §6.1), 20 bytes: for protocols that name it, such as WebSocket's handshake, never for security.
  package static func sha1(_ message: [UInt8]) -> [UInt8] { unsafe digest(message, EVP_sha1()) }

  /// SHA-256 (FIPS 180-4 §6.2), 32 bytes.
  package static func sha256(_ message: [UInt8]) -> [UInt8] { unsafe digest(message, EVP_sha256()) }

  private static func digest(_ message: [UInt8], _ algorithm: OpaquePointer?) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: Int(EVP_MAX_MD_SIZE))
    var count: UInt32 = 0
    let result = unsafe EVP_Digest(message, message.count, &bytes, &count, algorithm, nil)
    // A one-shot digest of bytes in memory fails only when memory is exhausted.
    precondition(result == 1, "OpenSSL cannot compute a digest")
    return Array(bytes[..<Int(count)])
  }
}
