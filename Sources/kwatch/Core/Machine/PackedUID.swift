// SPDX-License-Identifier: Apache-2.0

/// A uid in the form that Kubernetes gives it, RFC 9562's in lower case, as its 16 bytes instead of 36.
struct PackedUID: Equatable {
  static let byteCount = 16

  private var high: UInt64 = 0
  private var low: UInt64 = 0

  /// - Returns: nil for text of any other form.
  init?(_ text: Span<UInt8>) {
    guard text.count == 36 else { return nil }
    for index in 0..<36 {
      let byte = text[index]
      let nibble: UInt8
      switch byte {
      case UInt8(ascii: "-") where Self.isHyphen(index): continue
      case _ where Self.isHyphen(index): return nil
      case 0x30...0x39: nibble = byte - 0x30
      case 0x61...0x66: nibble = byte - 0x57
      default: return nil
      }
      high = high << 4 | low >> 60
      low = low << 4 | UInt64(nibble)
    }
  }

  /// Reads back `bytes`, of which there are 16.
  init(packed bytes: Span<UInt8>) {
    for index in 0..<bytes.count {
      high = high << 8 | low >> 56
      low = low << 8 | UInt64(bytes[index])
    }
  }

  var bytes: [UInt8] {
    [high, low].flatMap { half in
      stride(from: UInt64(56), through: 0, by: -8).map { UInt8(truncatingIfNeeded: half >> $0) }
    }
  }

  /// The 36 characters.
  var text: [UInt8] {
    let digits = Array("0123456789abcdef".utf8)
    var nibbles = bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }
    for index in [8, 13, 18, 23] { nibbles.insert(UInt8(ascii: "-"), at: index) }
    return nibbles
  }

  private static func isHyphen(_ index: Int) -> Bool {
    index == 8 || index == 13 || index == 18 || index == 23
  }
}
