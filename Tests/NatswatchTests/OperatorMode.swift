// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// The identities of a server in operator mode: an operator, an account and a user. Each has an Ed25519 key,
/// and signs the JWT of the next (NATS ADR-14; the nkeys README describes the encoding of keys). openssl(1)
/// makes the signatures.
struct OperatorMode {
  enum Role: UInt8 {
    case `operator` = 112
    case account = 0
    case user = 160
  }

  let configuration: String
  /// The user's credentials file.
  let credentials: String
  /// The same JWT with the seed of another user.
  let forgedCredentials: String

  init(in folder: TemporaryDirectory) throws {
    let keys = try ["operator", "account", "user", "stranger", "system"].map { try Key($0, in: folder) }
    let (root, account, user, system) = (keys[0], keys[1], keys[2], keys[4])
    let rootJWT = try root.sign(
      #"{"type":"operator","version":2}"#, about: root.name(.operator), as: .operator)
    let limits =
      #""subs":-1,"data":-1,"payload":-1,"imports":-1,"exports":-1,"wildcards":true,"conn":-1,"leaf":-1"#
    let storage = #","mem_storage":-1,"disk_storage":-1,"streams":-1,"consumer":-1"#
    let (accountJWT, systemJWT) = try (
      root.sign(
        #"{"type":"account","version":2,"limits":{\#(limits)\#(storage)}}"#, about: account.name(.account),
        as: .operator),
      root.sign(
        #"{"type":"account","version":2,"limits":{\#(limits)}}"#, about: system.name(.account), as: .operator)
    )
    let userJWT = try account.sign(
      #"{"type":"user","version":2,"pub":{},"sub":{},"subs":-1,"data":-1,"payload":-1}"#,
      about: user.name(.user), as: .account)
    configuration = """
      operator: \(rootJWT)
      system_account: \(system.name(.account))
      resolver: MEMORY
      resolver_preload: { \(account.name(.account)): \(accountJWT), \(system.name(.account)): \(systemJWT) }
      """
    credentials = try folder.write(Self.credentials(userJWT, user.seed(.user)), to: "user.creds")
    forgedCredentials = try folder.write(Self.credentials(userJWT, keys[3].seed(.user)), to: "forged.creds")
  }

  private static func credentials(_ jwt: String, _ seed: String) -> String {
    """
    -----BEGIN NATS USER JWT-----
    \(jwt)
    ------END NATS USER JWT------

    -----BEGIN USER NKEY SEED-----
    \(seed)
    ------END USER NKEY SEED------

    """
  }

  private struct Key {
    let file: String
    let folder: TemporaryDirectory
    let privateBytes: [UInt8]
    let publicBytes: [UInt8]

    init(_ file: String, in folder: TemporaryDirectory) throws {
      self.file = file
      self.folder = folder
      let made = try Tool.shell(
        """
        set -e
        openssl genpkey -algorithm ed25519 -out \(file).pem
        openssl pkey -in \(file).pem -outform DER | tail -c 32 >\(file).private
        openssl pkey -in \(file).pem -pubout -outform DER | tail -c 32 >\(file).public
        """, in: folder.url)
      try #require(try made.waitForEnd().status == 0)
      privateBytes = try Array(Data(contentsOf: folder.url.appending(path: "\(file).private")))
      publicBytes = try Array(Data(contentsOf: folder.url.appending(path: "\(file).public")))
    }

    func name(_ role: Role) -> String { OperatorMode.encoded([role.rawValue] + publicBytes) }

    func seed(_ role: Role) -> String {
      OperatorMode.encoded([144 | role.rawValue >> 5, (role.rawValue & 31) << 3] + privateBytes)
    }

    func sign(_ claims: String, about subject: String, as role: Role) throws -> String {
      let time = Int(Date.now.timeIntervalSince1970)
      let body = """
        {"jti":"\(subject)","iat":\(time),"iss":"\(name(role))","name":"\(subject)","sub":"\(subject)","nats":\(claims)}
        """
      let text =
        OperatorMode.base64(Data(#"{"typ":"JWT","alg":"ed25519-nkey"}"#.utf8)) + "."
        + OperatorMode.base64(Data(body.utf8))
      _ = try folder.write(text, to: "text")
      let signed = try Tool.shell(
        "openssl pkeyutl -sign -inkey \(file).pem -rawin -in text -out signature", in: folder.url)
      try #require(try signed.waitForEnd().status == 0)
      return try text + "." + OperatorMode.base64(Data(contentsOf: folder.url.appending(path: "signature")))
    }
  }

  private static func base64(_ data: Data) -> String {
    data.base64EncodedString().replacing("+", with: "-").replacing("/", with: "_").replacing("=", with: "")
  }

  /// Base 32 of the bytes and their CRC-16 (XMODEM), low byte first.
  private static func encoded(_ bytes: [UInt8]) -> String {
    var crc: UInt16 = 0
    for byte in bytes {
      crc ^= UInt16(byte) << 8
      for _ in 0..<8 { crc = crc & 0x8000 != 0 ? crc << 1 ^ 0x1021 : crc << 1 }
    }
    let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567")
    var text = ""
    var bits = 0
    var count = 0
    for byte in bytes + [UInt8(crc & 0xff), UInt8(crc >> 8)] {
      bits = bits << 8 | Int(byte)
      count += 8
      while count >= 5 {
        count -= 5
        text.append(alphabet[bits >> count & 31])
      }
      bits &= (1 << count) - 1
    }
    if count > 0 { text.append(alphabet[bits << (5 - count) & 31]) }
    return text
  }
}
