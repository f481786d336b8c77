// SPDX-License-Identifier: Apache-2.0
import Glibc
import NIOSSL
import Pipe
import Synchronization
import Watch

/// `--tls-cert` and `--tls-key`: the server's certificate chain and its key, both PEM.
///
/// Read again whenever one of the files has changed, at most once a second, so that a certificate is renewed without a restart.
/// Files that are half written or do not fit together leave what was in force.
final class ServerCertificate: Sendable {
  struct Failure: ToolError {
    var description: String
    var status: ExitStatus { .badConfig }
  }

  private struct State: Sendable {
    var context: NIOSSLContext
    var stamps: [FileStamp?]
    var checked: Int64
  }

  private let certificatePath: String
  private let keyPath: String
  private let state: Mutex<State>

  init(certificate: String, key: String) throws(Failure) {
    certificatePath = certificate
    keyPath = key
    let stamps = [FileStamp(certificate), FileStamp(key)]
    let context = try ServerCertificate.load(certificate, key)
    state = Mutex(State(context: context, stamps: stamps, checked: 0))
  }

  /// What the next connection is served with. Any event loop.
  var current: NIOSSLContext {
    let now = Timestamp.now.nanoseconds / 1_000_000_000
    return state.withLock { state in
      guard state.checked != now else { return state.context }
      state.checked = now
      let stamps = [FileStamp(certificatePath), FileStamp(keyPath)]
      if stamps != state.stamps, let fresh = try? ServerCertificate.load(certificatePath, keyPath) {
        state.context = fresh
        state.stamps = stamps
      }
      return state.context
    }
  }

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
