// SPDX-License-Identifier: Apache-2.0
import NIOSSL
import Process

/// `--tls-cert` and `--tls-key`: the server's certificate chain and its key, both PEM.
struct ServerCertificate: Sendable {
  struct Failure: ToolError {
    var description: String
    var status: ExitStatus { .badConfig }
  }

  private let files: WatchedFiles<NIOSSLContext>

  init(certificate: String, key: String, diagnostics: Diagnostics) throws(Failure) {
    files = try WatchedFiles([certificate, key], diagnostics: diagnostics) { () throws(Failure) in
      try ServerCertificate.load(certificate, key)
    }
  }

  /// What the next connection is served with. Any event loop.
  var current: NIOSSLContext { files.current }

  private static func load(_ certificate: String, _ key: String) throws(Failure) -> NIOSSLContext {
    let chain: [NIOSSLCertificate]
    do {
      chain = try NIOSSLCertificate.fromPEMFile(certificate)
    } catch {
      throw Failure(description: "read certificate '\(certificate)': \(error)")
    }
    do {
      var configuration = TLSConfiguration.makeServerConfiguration(
        certificateChain: chain.map { .certificate($0) },
        privateKey: .privateKey(try NIOSSLPrivateKey(file: key, format: .pem)))
      configuration.minimumTLSVersion = .tlsv12
      configuration.applicationProtocols = ["h2", "http/1.1"]
      return try NIOSSLContext(configuration: configuration)
    } catch {
      throw Failure(description: "use key '\(key)' for certificate '\(certificate)': \(error)")
    }
  }
}
