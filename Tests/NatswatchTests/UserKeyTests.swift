// SPDX-License-Identifier: Apache-2.0

import Foundation
import Glibc
import Synchronization
import TestSupport
import Testing

@testable import NatswatchCore

/// Connections with a key: the client signs every nonce of a server correctly.
@Suite(.timeLimit(.minutes(20))) struct UserKeyTests {
  private static let seed = "SUACSSL3UAHUDXKFSNVUZRF5UHPMWZ6BFDTJ7M6USDXIEDNPPQYYYCU3VY"
  private static let publicKey = "UDXU4RCSJNZOIQHZNWXHXORDPRTGNJAHAHFRGZNEEJCPQTT2M7NLCNF4"
  /// With the seed above, the signatures of these nonces begin with a zero byte. libnats 3.4 does not send
  /// such a signature.
  private static let unsendable = ["FHfr3ygDAa2ZUeQ", "5wHabBJBXd0osgQ"]
  private static let sendable = "AAAAAAAAAAAAAAA"
  private static let signature =
    "mUV7WA9nBu9hMvKOyQuhNfo_HrV44upvMNrO8dv-LadwTuUrJP_sIrFZ2znzBExhdB9kdDwjD0M3mcTNDmGICA"

  private let folder: TemporaryDirectory
  private let seedFile: String

  init() throws {
    folder = try TemporaryDirectory()
    seedFile = try folder.write("\(Self.seed)\n", to: "user.nk")
  }

  private func credentials(_ jwt: String) throws -> String {
    try folder.write(
      """
      -----BEGIN NATS USER JWT-----\r
      \(jwt)\r
      ------END NATS USER JWT------\r
      \r
      ************************* IMPORTANT *************************
      -----BEGIN USER NKEY SEED-----
      \(Self.seed)
      ------END USER NKEY SEED------
      """, to: "user.creds")
  }

  /// Sends each of `nonces` to one connection, and returns the CONNECT lines that arrived. A line is empty if
  /// none arrived.
  private func connectLines(_ listener: LoopbackSocket, _ nonces: [String]) -> [String] {
    nonces.map { nonce in
      guard let socket = listener.accept() else { return "nobody" }
      defer { socket.close() }
      let greeting =
        #"INFO {"server_id":"S","version":"2.9.10","proto":1,"host":"h","port":1,"headers":true,"max_payload":1048576,"#
        + #""auth_required":true,"nonce":"\#(nonce)"}"# + "\r\n"
      _ = unsafe write(socket.descriptor, greeting, greeting.utf8.count)
      var bytes = [UInt8](repeating: 0, count: 4096)
      let count = unsafe read(socket.descriptor, &bytes, bytes.count)
      let refusal = "-ERR 'Authorization Violation'\r\n"
      _ = unsafe write(socket.descriptor, refusal, refusal.utf8.count)
      return String(decoding: bytes[..<max(0, count)], as: UTF8.self)
    }
  }

  /// One signature in 256 begins with a zero byte, and https://github.com/nats-io/nats.c left it out of
  /// CONNECT.
  @Test(arguments: [false, true]) func asksForAnotherNonceIfTheSignatureCannotBeSent(_ hasJWT: Bool) throws {
    let listener = try #require(LoopbackSocket.listen())
    defer { listener.close() }
    let flags = hasJWT ? ["--creds", try credentials("eyJ0.jwt.x")] : ["--nkey", seedFile]
    let tool = try Tool.start(
      "natswatch", ["a.>", "--stream", "S", "--server", "nats://127.0.0.1:\(listener.port)"] + flags)
    let lines = connectLines(listener, Self.unsendable + [Self.sendable])
    #expect(lines.dropLast() == ["", ""])
    #expect(lines.last?.contains("\"sig\":\"\(Self.signature)\"") == true, "\(lines)")
    #expect(
      lines.last?.contains(hasJWT ? "\"jwt\":\"eyJ0.jwt.x\"" : "\"nkey\":\"\(Self.publicKey)\"") == true)
    // A refusal by the server is final.
    #expect(try tool.waitForEnd().status == 77)
  }

  @Test(arguments: NATSServer.Version.installed) func noConnectionWithTheRightKeyIsRefused(
    _ version: NATSServer.Version
  ) throws {
    let mode = try OperatorMode(in: folder)
    let byJWT = try NATSServer.start(
      version, configuration: mode.configuration + "\nauthorization { timeout: 60 }\n")
    let byKey = try NATSServer.start(
      version, configuration: "authorization { timeout: 60, users: [ { nkey: \(Self.publicKey) } ] }")
    var withCredentials = ConnectionSettings()
    withCredentials.servers = [byJWT.url]
    withCredentials.credentialsFile = mode.credentials
    var withKey = ConnectionSettings()
    withKey.servers = [byKey.url]
    withKey.nkeyFile = seedFile
    for settings in [withCredentials, withKey] {
      let errors = Self.connect(settings, times: ContinuityTests.isSoak ? 3_000 : 200)
      #expect(errors.isEmpty, "\(errors.count): \(errors.first ?? "")")
    }
    for server in [byJWT, byKey] { #expect(!server.log.lowercased().contains("auth")) }
  }

  /// Connects on 20 threads, because closing a connection takes some time, and returns the errors.
  private static func connect(_ settings: ConnectionSettings, times count: Int) -> [String] {
    let errors = Mutex<[String]>([])
    let group = DispatchGroup()
    for _ in 0..<20 {
      group.enter()
      Thread.detachNewThread {
        for _ in 0..<count / 20 {
          do {
            _ = try Connection(settings)
          } catch {
            errors.withLock { $0.append("\(error)") }
          }
        }
        group.leave()
      }
    }
    group.wait()
    return errors.withLock { $0 }
  }

  @Test func readsTheFileThatTheFlagNames() throws {
    func settings(_ flags: ConnectionSettings.Flags, _ variables: [String: String]) throws
      -> ConnectionSettings
    {
      try ConnectionSettings.resolve(flags: flags, environment: { variables[$0] }, readFile: { _ in nil })
    }
    let key = try settings(.init(nkey: "k"), ["NATS_CREDS": "c"])
    #expect(key.nkeyFile == "k" && key.credentialsFile == nil)
    let credentials = try settings(.init(credentials: "c"), ["NATS_NKEY": "k"])
    #expect(credentials.nkeyFile == nil && credentials.credentialsFile == "c")
    #expect(throws: NATSError.self) { try settings(.init(), ["NATS_NKEY": "k", "NATS_CREDS": "c"]) }
  }
}
