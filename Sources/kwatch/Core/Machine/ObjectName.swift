// SPDX-License-Identifier: Apache-2.0
import JSON

/// The namespace and name by which an object is known. Raw bytes of JSON strings' content, as the server sent them.
struct ObjectName: Hashable, Sendable {
  /// `namespace/name`: a namespace has no slash.
  private let bytes: [UInt8]
  /// Computed once. A dictionary then tells most names apart without their bytes, also when it grows.
  private let hash: Int

  init(namespace: [UInt8], name: [UInt8]) { self.init(namespace + [UInt8(ascii: "/")] + name) }

  private init(_ bytes: [UInt8]) {
    self.bytes = bytes
    var hasher = Hasher()
    // An array hashes byte by byte.
    unsafe bytes.withUnsafeBytes { buffer in unsafe hasher.combine(bytes: buffer) }
    hash = hasher.finalize()
  }

  init(_ text: Span<UInt8>, _ header: ObjectHeader) {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(header.namespace.count + 1 + header.name.count)
    text.append(header.namespace, to: &bytes)
    bytes.append(UInt8(ascii: "/"))
    text.append(header.name, to: &bytes)
    self.init(bytes)
  }

  static func == (left: ObjectName, right: ObjectName) -> Bool {
    left.hash == right.hash && left.bytes == right.bytes
  }

  func hash(into hasher: inout Hasher) { hasher.combine(hash) }

  var namespace: [UInt8] { Array(bytes.prefix { $0 != UInt8(ascii: "/") }) }
  var name: [UInt8] { Array(bytes.drop { $0 != UInt8(ascii: "/") }.dropFirst()) }
}
