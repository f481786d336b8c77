// SPDX-License-Identifier: Apache-2.0
import CZlib

/// Decompresses messages, each for itself (RFC 7692 section 7.2.2). For one thread at a time.
@safe final class Inflater {
  private let stream: UnsafeMutablePointer<z_stream>?

  /// - Parameter windowBits: the largest window that is read, 2 to the power of this, 9 to 15.
  init(windowBits: Int = 15) { unsafe stream = czlib_inflater(Int32(windowBits)) }

  deinit { unsafe czlib_free_inflater(stream) }

  /// The decompressed message.
  ///
  /// - Throws: a violation: 1009 as soon as the message has more than `limit` bytes; 1007 for a payload that
  ///   is not a deflate stream, or ends inside a block.
  func message(_ payload: [UInt8], limit: Int) throws(WebSocketDecoder.ProtocolError) -> [UInt8] {
    guard let stream = unsafe stream, unsafe inflateReset(stream) == Z_OK else {
      throw WebSocketDecoder.ProtocolError(code: 1011, reason: "no memory to decompress with")
    }
    var message: [UInt8] = []
    var isAtBoundary = false
    var taken = 0
    let input = payload + Deflater.mark
    while taken < input.count {
      let start = message.count
      let room = min(max(1024, 4 * payload.count), limit + 1 - start)
      message.append(contentsOf: repeatElement(0, count: room))
      let status = unsafe input.withUnsafeBufferPointer { input in
        unsafe message.withUnsafeMutableBufferPointer { message in
          unsafe stream.pointee.next_in = UnsafeMutablePointer(
            mutating: input.baseAddress?.advanced(by: taken))
          unsafe stream.pointee.avail_in = UInt32(input.count - taken)
          unsafe stream.pointee.next_out = message.baseAddress?.advanced(by: start)
          unsafe stream.pointee.avail_out = UInt32(room)
          // Stops after each block, so that the last stop shows whether the payload ended with a block.
          return unsafe inflate(stream, Z_BLOCK)
        }
      }
      message.removeLast(unsafe Int(stream.pointee.avail_out))
      taken = unsafe input.count - Int(stream.pointee.avail_in)
      guard message.count <= limit else {
        throw WebSocketDecoder.ProtocolError(code: 1009, reason: "message over \(limit) bytes")
      }
      switch status {
      case Z_OK, Z_BUF_ERROR: isAtBoundary = unsafe stream.pointee.data_type & 128 != 0
      case Z_STREAM_END:
        // More blocks may follow one that is marked as the last (section 7.2.3.4).
        unsafe inflateReset(stream)
        isAtBoundary = true
      default: throw Inflater.malformed
      }
    }
    guard isAtBoundary else { throw Inflater.malformed }
    return message
  }

  private static let malformed = WebSocketDecoder.ProtocolError(code: 1007, reason: "not a deflate stream")
}
