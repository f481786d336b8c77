// SPDX-License-Identifier: Apache-2.0
import JSON

/// The namespace and name by which an object is known. Raw bytes of JSON strings' content, as the server sent them.
struct ObjectName: Hashable, Sendable {
  /// `namespace/name`: a namespace has no slash.
  private let bytes: [UInt8]

  init(namespace: [UInt8], name: [UInt8]) { bytes = namespace + [UInt8(ascii: "/")] + name }

  init(_ text: Span<UInt8>, _ header: ObjectHeader) {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(header.namespace.count + 1 + header.name.count)
    text.append(header.namespace, to: &bytes)
    bytes.append(UInt8(ascii: "/"))
    text.append(header.name, to: &bytes)
    self.bytes = bytes
  }

  var namespace: [UInt8] { Array(bytes.prefix { $0 != UInt8(ascii: "/") }) }
  var name: [UInt8] { Array(bytes.drop { $0 != UInt8(ascii: "/") }.dropFirst()) }

  /// An array hashes byte by byte.
  func hash(into hasher: inout Hasher) {
    unsafe bytes.withUnsafeBytes { buffer in unsafe hasher.combine(bytes: buffer) }
  }
}
