// SPDX-License-Identifier: Apache-2.0
import Lines
import NIOSSL
import Process

/// `--tls-cert` and `--tls-key`: the server's certificate chain and its key, both PEM.
struct ServerCertificate: Sendable {
  struct CertificateError: ToolError {
    var description: String
    var status: ExitStatus { .badConfig }
  }

  private let files: WatchedFiles<NIOSSLContext>

  init(certificate: String, key: String, diagnostics: Diagnostics) throws(CertificateError) {
    files = try WatchedFiles([certificate, key], diagnostics: diagnostics) { () throws(CertificateError) in
      try ServerCertificate.load(certificate, key, diagnostics)
    }
  }

  /// The context for new connections. Any event loop.
  var current: NIOSSLContext { files.current }

  /// Has the files read again within a second.
  func reload() { files.reload() }

  private static func load(
    _ certificate: String, _ key: String, _ diagnostics: Diagnostics
  ) throws(CertificateError) -> NIOSSLContext {
    let chain: [NIOSSLCertificate]
    let privateKey: NIOSSLPrivateKey
    let certificateText = try read(certificate, "certificate", diagnostics)
    do {
      chain = try NIOSSLCertificate.fromPEMBytes(certificateText)
      guard !chain.isEmpty else { throw NIOSSLError.failedToLoadCertificate }
    } catch {
      throw CertificateError(
        description:
          "read certificate '\(certificate)': it contains no PEM certificate (BEGIN CERTIFICATE)")
    }
    let keyText = try read(key, "key", diagnostics)
    do {
      privateKey = try NIOSSLPrivateKey(bytes: keyText, format: .pem)
    } catch {
      throw CertificateError(
        description:
          "read key '\(key)': it contains no PEM private key (BEGIN PRIVATE KEY) without a password")
    }
    do {
      var configuration = TLSConfiguration.makeServerConfiguration(
        certificateChain: chain.map { .certificate($0) }, privateKey: .privateKey(privateKey))
      configuration.minimumTLSVersion = .tlsv12
      // Forward secrecy and authenticated encryption only, as in TLS 1.3.
      configuration.cipherSuites = "ECDHE+AESGCM:ECDHE+CHACHA20"
      configuration.applicationProtocols = ["h2", "http/1.1"]
      return try NIOSSLContext(configuration: configuration)
    } catch {
      throw CertificateError(
        description:
          "use key '\(key)' for certificate '\(certificate)': the key does not match the certificate")
    }
  }

  private static func read(
    _ path: String, _ what: String, _ diagnostics: Diagnostics
  ) throws(CertificateError) -> [UInt8] {
    do throws(FileError) {
      return try WholeFile.read(path, warn: diagnostics.warning)
    } catch {
      throw CertificateError(description: "read \(what) '\(path)': \(error)")
    }
  }
}
