// SPDX-License-Identifier: Apache-2.0

/// The frame format of RFC 6455 section 5.2.
enum WebSocketFrame {
  enum Opcode: UInt8, Sendable {
    case continuation = 0x0
    case text = 0x1
    case binary = 0x2
    case close = 0x8
    case ping = 0x9
    case pong = 0xA

    var isControl: Bool { rawValue >= 0x8 }
  }

  /// Appends the header of a whole, unmasked message; a server never masks (section 5.1).
  static func appendHeader(
    opcode: Opcode, length: Int, isCompressed: Bool = false, into output: inout [UInt8]
  ) {
    output.append(0x80 | (isCompressed ? 0x40 : 0) | opcode.rawValue)
    switch length {
    case ..<126: output.append(UInt8(length))
    case ..<65536:
      output.append(126)
      output.append(UInt8(length >> 8))
      output.append(UInt8(length & 0xFF))
    default:
      output.append(127)
      for shift in stride(from: 56, through: 0, by: -8) {
        output.append(UInt8(truncatingIfNeeded: UInt64(length) >> UInt64(shift)))
      }
    }
  }

  /// Appends a whole message, compressed if there is a `deflater` and that makes it shorter.
  static func append(
    _ opcode: Opcode, _ bytes: [UInt8], _ range: Range<Int>, with deflater: Deflater? = nil,
    into output: inout [UInt8]
  ) {
    if let deflater {
      var payload: [UInt8] = []
      if deflater.append(bytes, range, to: &payload) {
        appendHeader(opcode: opcode, length: payload.count, isCompressed: true, into: &output)
        output.append(contentsOf: payload)
        return
      }
    }
    appendHeader(opcode: opcode, length: range.count, into: &output)
    output.append(contentsOf: bytes[range])
  }

  static func message(_ opcode: Opcode, _ payload: [UInt8], with deflater: Deflater? = nil) -> [UInt8] {
    var output: [UInt8] = []
    output.reserveCapacity(payload.count + 10)
    append(opcode, payload, payload.indices, with: deflater, into: &output)
    return output
  }

  /// A close frame; the reason is truncated to the limit of a control frame.
  static func close(code: UInt16, reason: String = "") -> [UInt8] {
    var payload: [UInt8] = [UInt8(code >> 8), UInt8(code & 0xFF)]
    for character in reason {
      guard payload.count + character.utf8.count <= 125 else { break }
      payload.append(contentsOf: character.utf8)
    }
    return message(.close, payload)
  }
}
