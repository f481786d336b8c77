// SPDX-License-Identifier: Apache-2.0

/// The line of a watch event: `{"type":T,"object":O}` or `{"type":T,"object":O,"source":S}`, with its newline.
///
/// `object` and `source` are JSON text and are written byte for byte.
package enum EventLine {
  package static func make(_ type: EventType, object: some Sequence<UInt8>, source: [UInt8] = []) -> [UInt8] {
    var line = prefix(type)
    line.append(contentsOf: object)
    line.append(contentsOf: suffix(source: source))
    return line
  }

  /// Everything before the object.
  package static func prefix(_ type: EventType) -> [UInt8] {
    Array("{\"type\":\"\(type.rawValue)\",\"object\":".utf8)
  }

  /// Everything after the object, the newline included.
  package static func suffix(source: [UInt8]) -> [UInt8] {
    source.isEmpty ? [0x7D, 0x0A] : Array(",\"source\":".utf8) + source + [0x7D, 0x0A]
  }
}
