// SPDX-License-Identifier: Apache-2.0

import CNATS

/// A user's NKey, which signs the server's nonce, and the JWT of a credentials file.
///
/// Signed here, by OpenSSL: libnats would sign by itself, but leaves a signature out of its CONNECT whose first byte is
/// zero (its `nats_Base64RawURL_EncodeString` takes such bytes for an empty text, at least in 3.4), so that the server
/// refused one connection of 256. Ed25519 gives one signature for each nonce: only another connection helps.
@safe final class UserKey {
  let publicKey: String
  private let jwt: String?
  private let seed: [UInt8]
  /// Whether the last signature began with a zero byte, and the connection was given up before the server saw it.
  private(set) var needsAnotherNonce = false

  /// - Throws: `badSettings` when the file cannot be read or contains no seed.
  init(seedFile path: String) throws(NATSError) {
    guard let text = ConnectionSettings.text(path) else {
      throw NATSError(.badSettings, "NKey file \(path): cannot be read")
    }
    guard let key = Self.key(in: text) else {
      throw NATSError(.badSettings, "NKey file \(path): contains no seed (a line that starts with SU)")
    }
    (seed, publicKey, jwt) = (key.seed, key.publicKey, nil)
  }

  /// - Throws: `badSettings` when the file cannot be read or lacks the JWT or the seed.
  init(credentialsFile path: String) throws(NATSError) {
    guard let text = ConnectionSettings.text(path) else {
      throw NATSError(.badSettings, "credentials file \(path): cannot be read")
    }
    guard let jwt = Self.jwt(in: text), let key = Self.key(in: text) else {
      throw NATSError(
        .badSettings, "credentials file \(path): no user JWT and seed in it, as nsc generate creds writes")
    }
    (seed, publicKey, self.jwt) = (key.seed, key.publicKey, jwt)
  }

  /// Makes libnats ask this key, which must outlive the attempt to connect.
  func install(in options: OpaquePointer) -> natsStatus {
    let key = unsafe Unmanaged.passUnretained(self).toOpaque()
    guard jwt != nil else {
      return unsafe natsOptions_SetNKey(options, publicKey, Self.sign, key)
    }
    return unsafe natsOptions_SetUserCredentialsCallbacks(
      options,
      { jwt, _, key in
        // libnats frees the copy.
        unsafe jwt?.pointee = UserKey.from(key)?.jwt.flatMap { unsafe strdup($0) }
        return NATS_OK
      }, key, Self.sign, key)
  }

  /// Before each attempt to connect.
  func prepare() { needsAnotherNonce = false }

  private static let sign: natsSignatureHandler = { _, signature, count, nonce, key in
    guard let key = unsafe UserKey.from(key), let nonce = unsafe nonce,
      let bytes = unsafe key.signature(of: Array(UnsafeRawBufferPointer(start: nonce, count: strlen(nonce))))
    else { return NATS_ERR }
    // libnats frees the copy.
    guard let copy = unsafe malloc(bytes.count) else { return NATS_NO_MEMORY }
    unsafe copy.copyMemory(from: bytes, byteCount: bytes.count)
    unsafe signature?.pointee = copy.assumingMemoryBound(to: UInt8.self)
    unsafe count?.pointee = Int32(bytes.count)
    return NATS_OK
  }

  private func signature(of nonce: [UInt8]) -> [UInt8]? {
    var signature = [UInt8](repeating: 0, count: 64)
    guard unsafe cnats_ed25519_sign(seed, nonce, nonce.count, &signature) == 1 else { return nil }
    needsAnotherNonce = signature[0] == 0
    return needsAnotherNonce ? nil : signature
  }

  private static func from(_ pointer: UnsafeMutableRawPointer?) -> UserKey? {
    unsafe pointer.map { unsafe Unmanaged<UserKey>.fromOpaque($0).takeUnretainedValue() }
  }

  // MARK: - Files

  /// The first seed among the lines of a `.nk` or `.creds` file.
  private static func key(in text: String) -> (seed: [UInt8], publicKey: String)? {
    for line in text.split(whereSeparator: \.isNewline) {
      guard let seed = NKey.seed(String(line).trimmed), let key = NKey.publicKey(seed) else { continue }
      return (seed.bytes, key)
    }
    return nil
  }

  /// The line between `-----BEGIN NATS USER JWT-----` and `------END NATS USER JWT------`.
  private static func jwt(in text: String) -> String? {
    var isInside = false
    for line in text.split(whereSeparator: \.isNewline).map({ String($0).trimmed }) where !line.isEmpty {
      if line.hasPrefix("---") {
        isInside = true
      } else if isInside {
        return line
      }
    }
    return nil
  }
}
