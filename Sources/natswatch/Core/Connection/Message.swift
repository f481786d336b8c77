// SPDX-License-Identifier: Apache-2.0

import CNATS

/// A message of libnats, freed at the end of the value.
@safe struct Message: ~Copyable {
  let pointer: OpaquePointer

  init(owning pointer: OpaquePointer) { unsafe self.pointer = pointer }

  deinit { unsafe cnats_free(pointer) }

  /// The bytes of the payload; valid as long as the message.
  var payload: UnsafeBufferPointer<UInt8> {
    guard let data = unsafe natsMsg_GetData(pointer) else {
      return unsafe UnsafeBufferPointer(start: nil, count: 0)
    }
    let count = Int(unsafe natsMsg_GetDataLength(pointer))
    return unsafe UnsafeBufferPointer(
      start: UnsafeRawPointer(data).assumingMemoryBound(to: UInt8.self), count: count)
  }

  var subjectBytes: UnsafeBufferPointer<UInt8> { unsafe Self.bytes(natsMsg_GetSubject(pointer)) }
  var replyBytes: UnsafeBufferPointer<UInt8> { unsafe Self.bytes(natsMsg_GetReply(pointer)) }

  var subject: String { unsafe String(decoding: subjectBytes, as: UTF8.self) }
  var reply: String { unsafe String(decoding: replyBytes, as: UTF8.self) }

  /// The first value of a header.
  func header(_ name: String) -> String? {
    var value: UnsafePointer<CChar>?
    guard unsafe natsMsgHeader_Get(pointer, name, &value) == NATS_OK, let value = unsafe value else {
      return nil
    }
    return unsafe String(cString: value)
  }

  /// All headers in the order of their names, each with its values.
  var headers: HeaderBlock.Headers {
    guard let block = unsafe block else { return listedHeaders }
    return block.isEmpty ? [] : unsafe HeaderBlock.parse(block.span) ?? listedHeaders
  }

  /// The header block, empty if there is none. libnats has no function for it, but keeps it between the reply
  /// subject and the payload, each followed by a NUL. Nil if the message is laid out otherwise.
  private var block: UnsafeBufferPointer<UInt8>? {
    guard let data = unsafe natsMsg_GetData(pointer), let reply = unsafe natsMsg_GetReply(pointer) else {
      return nil
    }
    let start = unsafe UnsafeRawPointer(reply) + strlen(reply) + 1
    let distance = unsafe UnsafeRawPointer(data) - start
    guard distance >= 0, distance < Self.blockLimit else { return nil }
    let count = max(0, distance - 1)
    return unsafe UnsafeBufferPointer(start: start.assumingMemoryBound(to: UInt8.self), count: count)
  }

  /// More than a server accepts.
  private static let blockLimit = 1 << 26

  /// The headers as libnats reads them.
  private var listedHeaders: HeaderBlock.Headers {
    var keys: UnsafeMutablePointer<UnsafePointer<CChar>?>?
    var count: Int32 = 0
    guard unsafe natsMsgHeader_Keys(pointer, &keys, &count) == NATS_OK, let keys = unsafe keys else {
      return []
    }
    defer { unsafe free(keys) }
    var result: HeaderBlock.Headers = []
    for index in 0..<Int(count) {
      guard let key = unsafe keys[index] else { continue }
      var values: UnsafeMutablePointer<UnsafePointer<CChar>?>?
      var valueCount: Int32 = 0
      guard unsafe natsMsgHeader_Values(pointer, key, &values, &valueCount) == NATS_OK,
        let values = unsafe values
      else { continue }
      defer { unsafe free(values) }
      let texts = (0..<Int(valueCount)).compactMap { index in
        unsafe values[index].map { unsafe HeaderValue(String(cString: $0)) }
      }
      unsafe result.append((String(cString: key), texts))
    }
    return result.sorted { $0.name < $1.name }
  }

  private static func bytes(_ text: UnsafePointer<CChar>?) -> UnsafeBufferPointer<UInt8> {
    guard let text = unsafe text else { return unsafe UnsafeBufferPointer(start: nil, count: 0) }
    return unsafe UnsafeBufferPointer(
      start: UnsafeRawPointer(text).assumingMemoryBound(to: UInt8.self), count: strlen(text))
  }
}
