// SPDX-License-Identifier: Apache-2.0
import NIOCore
import Process

// Replaces TLS and HTTP/2 in a build with `WATCHUTILS_TLS=no`, which needs neither BoringSSL nor
// swift-nio-http2: the types are there, and no value of them is ever made.

struct ServerCertificate: Sendable {
  struct CertificateError: ToolError {
    var description: String
    var status: ExitStatus { .badConfig }
  }

  init(certificate: String, key: String, diagnostics: Diagnostics) throws(CertificateError) {
    throw CertificateError(
      description:
        "serve TLS with '\(certificate)': this wfanout was built without TLS, as 'make demo' builds it; "
        + "run 'make build' and start .build/release/wfanout again")
  }

  func reload() {}
}

final class HTTP2Exchange {
  private init() {}
  let pendingBytes = 0
  func writeHead(_ status: Int, _ headers: [(name: String, value: String)]) {}
  func clientJoined() {}
  func clientLeft() {}
}

extension LingeringClose {
  static func tls(of channel: any Channel) -> ChannelHandlerContext? { nil }
}

extension Pipelines {
  func addTLS(_ certificate: ServerCertificate, to channel: any Channel, on context: LoopContext) throws {}
}
