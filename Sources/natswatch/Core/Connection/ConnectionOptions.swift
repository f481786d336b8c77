// SPDX-License-Identifier: Apache-2.0

import CNATS
import Glibc
import JSON
import Process
import Synchronization

/// libnats' options for a connection: address, credentials, TLS, and callbacks.
@safe final class ConnectionOptions {
  let pointer: OpaquePointer
  /// Nil for a user without a key.
  private let key: UserKey?

  /// - Throws: `badSettings` for values that libnats refuses, such as files that cannot be read.
  init(_ settings: ConnectionSettings, state: ConnectionState) throws(NATSError) {
    cnats_prepare()
    key =
      if let file = settings.credentialsFile {
        try UserKey(credentialsFile: file)
      } else {
        try settings.nkeyFile.map { file throws(NATSError) in try UserKey(seedFile: file) }
      }
    var created: OpaquePointer?
    guard unsafe natsOptions_Create(&created) == NATS_OK, let pointer = unsafe created else {
      throw NATSError(.badSettings, "make connection options: out of memory")
    }
    unsafe self.pointer = pointer
    // When one of these throws, `deinit` runs: all properties are set.
    try unsafe Self.setAddress(pointer, settings)
    try unsafe Self.setCredentials(pointer, settings, key)
    try unsafe Self.setTLS(pointer, settings)
    unsafe Self.setBehaviour(pointer, settings, state)
  }

  deinit { unsafe natsOptions_Destroy(pointer) }

  /// Connects once. With a key, once for each nonce that libnats can answer.
  func connect(_ connection: inout OpaquePointer?) -> natsStatus {
    while true {
      key?.prepare()
      let status = unsafe natsConnection_Connect(&connection, pointer)
      guard status != NATS_OK, key?.needsAnotherNonce == true else { return status }
    }
  }

  private static func check(_ status: natsStatus, _ what: String) throws(NATSError) {
    guard status != NATS_OK else { return }
    let detail = unsafe String(cString: cnats_last_error())
    throw NATSError(.badSettings, "\(what): \(plainText(status, detail))")
  }

  private static func setAddress(_ pointer: OpaquePointer, _ settings: ConnectionSettings) throws(NATSError) {
    // The copies are needed until libnats has made its own.
    let copies = unsafe settings.servers.map { unsafe strdup($0) }
    defer { unsafe copies.forEach { unsafe free($0) } }
    var pointers = unsafe copies.map { unsafe UnsafePointer($0) }
    let status = unsafe pointers.withUnsafeMutableBufferPointer {
      unsafe natsOptions_SetServers(pointer, $0.baseAddress, Int32($0.count))
    }
    try check(
      status,
      "server address \(settings.servers.map(ConnectionSettings.withoutSecrets).joined(separator: ","))")
  }

  private static func setCredentials(
    _ pointer: OpaquePointer, _ settings: ConnectionSettings, _ key: UserKey?
  ) throws(NATSError) {
    if let user = settings.user.map(escaped) {
      let password = escaped(settings.password ?? "")
      try check(unsafe natsOptions_SetUserInfo(pointer, user, password), "NATS_USER")
    }
    if let token = settings.token.map(escaped) {
      try check(unsafe natsOptions_SetToken(pointer, token), "NATS_TOKEN")
    }
    try check(
      unsafe key?.install(in: pointer) ?? NATS_OK,
      settings.credentialsFile.map { "credentials file \($0)" } ?? "NKey file \(settings.nkeyFile ?? "")")
  }

  /// libnats writes credentials into the JSON of CONNECT as they are, so that a quote would end it.
  private static func escaped(_ text: String) -> String {
    var writer = JSONWriter()
    writer.value(text)
    return String(decoding: writer.bytes.dropFirst().dropLast(), as: UTF8.self)
  }

  private static func setTLS(_ pointer: OpaquePointer, _ settings: ConnectionSettings) throws(NATSError) {
    guard settings.usesTLS else { return }
    try check(unsafe natsOptions_SetSecure(pointer, true), "TLS")
    if let file = settings.tlsCA {
      try checkReadable(file, "TLS CA")
      guard unsafe natsOptions_LoadCATrustedCertificates(pointer, file) == NATS_OK else {
        throw NATSError(.badSettings, "TLS CA \(file): there is no valid certificate (PEM) in it")
      }
    }
    if let certificate = settings.tlsCertificate {
      guard let key = settings.tlsKey else {
        throw NATSError(.badSettings, "TLS certificate \(certificate): its key is missing: use --tls-key")
      }
      try checkReadable(certificate, "TLS certificate")
      try checkReadable(key, "TLS key")
      try check(
        unsafe natsOptions_LoadCertificatesChain(pointer, certificate, key), "TLS certificate \(certificate)")
    }
  }

  private static func checkReadable(_ file: String, _ what: String) throws(NATSError) {
    guard unsafe access(file, R_OK) != 0 else { return }
    throw NATSError(.badSettings, "\(what) \(file): \(systemMessage(errno))")
  }

  private static func setBehaviour(
    _ pointer: OpaquePointer, _ settings: ConnectionSettings, _ state: ConnectionState
  ) {
    unsafe natsOptions_SetName(pointer, settings.name)
    unsafe natsOptions_SetTimeout(pointer, 3_000)
    // Called on a thread of libnats: records the server's refusal and returns.
    unsafe natsOptions_SetErrorHandler(
      pointer,
      { connection, _, status, closure in
        guard status == NATS_NOT_PERMITTED else { return }
        unsafe ConnectionState.named(closure)?.deny(unsafe ConnectionOptions.lastError(connection))
      }, UnsafeMutableRawPointer(bitPattern: state.identifier))
  }

  /// The reason why a connection was closed.
  static func loss(_ connection: OpaquePointer?) -> ConnectionState.Loss {
    var text: UnsafePointer<CChar>?
    let status = unsafe natsConnection_GetLastError(connection, &text)
    let detail = unsafe text.map { unsafe String(cString: $0) } ?? ""
    return .init(reason: plainText(status, detail), isAuthentication: status == NATS_CONNECTION_AUTH_FAILED)
  }

  private static func lastError(_ connection: OpaquePointer?) -> String {
    var text: UnsafePointer<CChar>?
    let status = unsafe natsConnection_GetLastError(connection, &text)
    return unsafe text.map { unsafe withoutPosition(String(cString: $0)) } ?? plainText(status)
  }
}
