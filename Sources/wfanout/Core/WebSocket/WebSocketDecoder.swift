// SPDX-License-Identifier: Apache-2.0

/// Decodes the frames of a client into messages (RFC 6455 sections 5 and 8.1, RFC 7692), from bytes that are
/// cut anywhere.
///
/// Text is validated as it arrives, so that it fails at its first invalid byte; compressed text when the
/// message is complete.
struct WebSocketDecoder {
  enum Event: Equatable, Sendable {
    case text([UInt8])
    case binary([UInt8])
    case ping([UInt8])
    case pong([UInt8])
    /// The code is 1005 if the frame has none.
    case close(code: UInt16, reason: String)
  }

  /// A protocol violation by the peer: the close code and the reason.
  struct ProtocolError: Error, Equatable, Sendable {
    var code: UInt16
    var reason: String

    static func broken(_ reason: String) -> ProtocolError { ProtocolError(code: 1002, reason: reason) }
    static let malformedText = ProtocolError(code: 1007, reason: "text is not UTF-8")
  }

  private enum State: Sendable {
    case header
    case payload(remaining: Int)
  }

  /// The maximum size of a message with all its fragments, compressed and decompressed.
  private let messageLimit: Int
  /// Nil without compression; its bit is then reserved.
  private let inflater: Inflater?
  private var state = State.header
  private var header: [UInt8] = []
  private var opcode = WebSocketFrame.Opcode.text
  private var isFinal = true
  private var mask: [UInt8] = [0, 0, 0, 0]
  private var maskIndex = 0
  private var control: [UInt8] = []
  /// The message whose fragments are being received.
  private var message: [UInt8] = []
  private var messageOpcode: WebSocketFrame.Opcode?
  private var isMessageCompressed = false
  private var validator = UTF8Validator()
  private var isClosed = false

  init(messageLimit: Int = 65_536, inflater: Inflater? = nil) {
    self.messageLimit = messageLimit
    self.inflater = inflater
  }

  /// The next event that the bytes complete; nil when all of them are read. Bytes after a close frame are
  /// ignored.
  mutating func next(_ bytes: inout some IteratorProtocol<UInt8>) throws(ProtocolError) -> Event? {
    while let byte = bytes.next(), !isClosed {
      switch state {
      case .header:
        header.append(byte)
        guard let length = try headerLength(), header.count == length else { continue }
        let remaining = try beginPayload()
        state = .payload(remaining: remaining)
        guard remaining == 0 else { continue }
      case .payload(let remaining):
        try take(byte ^ mask[maskIndex])
        maskIndex = (maskIndex + 1) & 3
        state = .payload(remaining: remaining - 1)
        guard remaining == 1 else { continue }
      }
      if let event = try endFrame() { return event }
    }
    return nil
  }

  /// The length of the header, once its first two bytes are there; violations in them are refused at once.
  private func headerLength() throws(ProtocolError) -> Int? {
    let first = header[0]
    guard let opcode = WebSocketFrame.Opcode(rawValue: first & 0x0F) else { throw .broken("reserved opcode") }
    let isFinal = first & 0x80 != 0
    let isCompressed = first & 0x40 != 0
    if first & 0x30 != 0 { throw .broken("reserved bit set") }
    if isCompressed, inflater == nil || opcode.isControl || opcode == .continuation {
      throw .broken("reserved bit set")
    }
    if opcode.isControl, !isFinal { throw .broken("fragmented control frame") }
    if opcode == .continuation, messageOpcode == nil { throw .broken("continuation of nothing") }
    if opcode == .text || opcode == .binary, messageOpcode != nil {
      throw .broken("message inside a message")
    }
    guard header.count > 1 else { return nil }
    let second = header[1]
    if second & 0x80 == 0 { throw .broken("frame is not masked") }
    let short = second & 0x7F
    if opcode.isControl, short > 125 { throw .broken("control frame over 125 bytes") }
    return 6 + (short == 126 ? 2 : short == 127 ? 8 : 0)
  }

  /// - Returns: The number of payload bytes that follow.
  private mutating func beginPayload() throws(ProtocolError) -> Int {
    let short = header[1] & 0x7F
    var length = UInt64(short)
    if short >= 126 {
      length = header[2..<(header.count - 4)].reduce(0) { $0 << 8 | UInt64($1) }
      if short == 127, header[2] & 0x80 != 0 { throw .broken("frame length over 63 bits") }
    }
    opcode = WebSocketFrame.Opcode(rawValue: header[0] & 0x0F) ?? .close
    isFinal = header[0] & 0x80 != 0
    mask = Array(header.suffix(4))
    maskIndex = 0
    if opcode.isControl {
      control.removeAll(keepingCapacity: true)
    } else {
      if opcode != .continuation {
        messageOpcode = opcode
        isMessageCompressed = header[0] & 0x40 != 0
        message.removeAll(keepingCapacity: false)
        validator = UTF8Validator()
      }
      guard length <= UInt64(messageLimit - min(messageLimit, message.count)) else {
        throw ProtocolError(code: 1009, reason: "message over \(messageLimit) bytes")
      }
    }
    header.removeAll(keepingCapacity: true)
    return Int(length)
  }

  private mutating func take(_ byte: UInt8) throws(ProtocolError) {
    guard !opcode.isControl else {
      control.append(byte)
      return
    }
    message.append(byte)
    if messageOpcode == .text, !isMessageCompressed, !validator.accept(byte) { throw .malformedText }
  }

  /// - Returns: Nil if the frame is not the last of its message.
  private mutating func endFrame() throws(ProtocolError) -> Event? {
    state = .header
    switch opcode {
    case .ping: return .ping(control)
    case .pong: return .pong(control)
    case .close:
      isClosed = true
      return try WebSocketDecoder.close(control)
    case .text, .binary, .continuation:
      guard isFinal else { return nil }
      let isText = messageOpcode == .text
      var whole = message
      message = []
      messageOpcode = nil
      if isMessageCompressed, let inflater {
        whole = try inflater.message(whole, limit: messageLimit)
        if isText, !whole.allSatisfy({ validator.accept($0) }) { throw .malformedText }
      }
      if isText, !validator.isComplete { throw .malformedText }
      return isText ? .text(whole) : .binary(whole)
    }
  }

  /// The valid codes are those of section 7.4 and of its IANA registry.
  private static func close(_ payload: [UInt8]) throws(ProtocolError) -> Event {
    if payload.isEmpty { return .close(code: 1005, reason: "") }
    guard payload.count >= 2 else { throw .broken("close frame of one byte") }
    let code = UInt16(payload[0]) << 8 | UInt16(payload[1])
    switch code {
    case 1000...1003, 1007...1014, 3000...4999: break
    default: throw .broken("close code \(code)")
    }
    var validator = UTF8Validator()
    for byte in payload[2...] {
      guard validator.accept(byte) else { throw .malformedText }
    }
    guard validator.isComplete else { throw .malformedText }
    return .close(code: code, reason: String(decoding: payload[2...], as: UTF8.self))
  }
}
