// SPDX-License-Identifier: Apache-2.0
import Digest
import Encoding
import JSON

/// The paths to remove from an object or to hide in it. All other bytes are kept.
indirect enum ObjectRewrite: Equatable, Sendable {
  case cut
  /// A string becomes `sha256:` and the digest of its bytes.
  case hash
  /// The strings of a map, each base64: the digest is of the decoded bytes, as `sha256sum` of the file would be.
  case hashBase64Members
  case hashMembers
  case inside([String: ObjectRewrite])

  /// For Secrets: their values, and the copy of them that `kubectl apply` leaves in an annotation.
  static let secrets = ObjectRewrite.inside([
    "data": .hashBase64Members, "stringData": .hashMembers,
    "metadata": .inside([
      "annotations": .inside(["kubectl.kubernetes.io/last-applied-configuration": .hash])
    ]),
  ])

  /// Cuts a path such as `metadata.managedFields`; `managedFields` alone is short for that.
  static func cutting(_ path: String) -> ObjectRewrite {
    let names = (path == "managedFields" ? "metadata.managedFields" : path).split(separator: ".").map(
      String.init)
    return names.reversed().reduce(.cut) { .inside([$1: $0]) }
  }

  func merged(with other: ObjectRewrite) -> ObjectRewrite {
    guard case .inside(let left) = self, case .inside(let right) = other else {
      return self == .cut ? self : other
    }
    return .inside(left.merging(right) { $0.merged(with: $1) })
  }

  /// Applies this to one value.
  func apply(to text: Span<UInt8>) throws(JSONError) -> [UInt8] {
    var walker = JSONWalker(at: 0)
    var result: [UInt8] = []
    result.reserveCapacity(text.count)
    try apply(text, &walker, &result)
    return result
  }

  private func apply(
    _ text: Span<UInt8>, _ walker: inout JSONWalker, _ result: inout [UInt8]
  ) throws(JSONError) {
    let first = try walker.peek(text)
    switch self {
    case .hash where first == UInt8(ascii: "\""):
      appendDigest(Array(text.unescaped(try walker.string(text)).utf8), &result)
    case .inside, .hashMembers, .hashBase64Members:
      guard first == UInt8(ascii: "{") else { fallthrough }
      try applyToMembers(text, &walker, &result)
    default:
      result += text.bytes(try walker.skipValue(text))
    }
  }

  private func applyToMembers(
    _ text: Span<UInt8>, _ walker: inout JSONWalker, _ result: inout [UInt8]
  ) throws(JSONError) {
    try walker.enterObject(text)
    result.append(UInt8(ascii: "{"))
    var isFirst = true
    while let key = try walker.nextKey(text) {
      let rule = rule(for: text, key)
      if rule == .cut {
        try walker.skipValue(text)
        continue
      }
      if !isFirst { result.append(UInt8(ascii: ",")) }
      isFirst = false
      result += text.bytes(key.lowerBound - 1..<key.upperBound + 1)
      result.append(UInt8(ascii: ":"))
      if self == .hashBase64Members, try walker.peek(text) == UInt8(ascii: "\"") {
        let value = Array(text.unescaped(try walker.string(text)).utf8)
        appendDigest(Base64.decode(value) ?? value, &result)
      } else if let rule {
        try rule.apply(text, &walker, &result)
      } else {
        result += text.bytes(try walker.skipValue(text))
      }
    }
    result.append(UInt8(ascii: "}"))
  }

  private func rule(for text: Span<UInt8>, _ key: Range<Int>) -> ObjectRewrite? {
    switch self {
    case .inside(let members): members[text.unescaped(key)]
    case .hashMembers: .hash
    default: nil
    }
  }

  private func appendDigest(_ value: [UInt8], _ result: inout [UInt8]) {
    result += Array("\"sha256:\(Hexadecimal.encode(Digest.sha256(value)))\"".utf8)
  }

  /// A value without the white space between its tokens, because an event is one line.
  static func compact(_ text: Span<UInt8>) -> [UInt8] {
    var result: [UInt8] = []
    result.reserveCapacity(text.count)
    var index = 0
    while index < text.count {
      let byte = text[index]
      if byte == UInt8(ascii: "\"") {
        let end = JSONWalker.endOfString(text, from: index + 1).map { $0 + 1 } ?? text.count
        result += text.bytes(index..<end)
        index = end
        continue
      }
      if byte != 0x20, byte != 0x0A, byte != 0x0D, byte != 0x09 { result.append(byte) }
      index += 1
    }
    return result
  }
}
