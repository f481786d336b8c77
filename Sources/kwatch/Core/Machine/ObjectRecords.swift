// SPDX-License-Identifier: Apache-2.0

/// What is kept of objects, one record behind the other in one array: 100,000 objects cost no 100,000 allocations.
///
/// A record is named by the place of its first byte. It has 11 bytes of head (length of name in 2, of uid, of
/// resourceVersion, room for that, the rounds that have seen and touched it, number of namespace in 4), then name,
/// uid, and resourceVersion with its room. Longer names than 65,535 bytes, and longer resourceVersions and uids than
/// 255 and 254, are cut.
struct ObjectRecords: Sendable {
  private static let headSize = 11
  /// In the place of a uid's length: it is kept as a `PackedUID`.
  private static let packed: UInt8 = 255

  private var bytes: [UInt8] = []
  private var garbage = 0
  private var namespaces: [[UInt8]] = []
  private var namespaceNumbers: [[UInt8]: UInt32] = [:]

  init() {}

  /// Room for what of `others` is no garbage.
  init(sizedAs others: ObjectRecords) { bytes.reserveCapacity(others.bytes.count - others.garbage) }

  var byteCount: Int { bytes.capacity + namespaces.reduce(0) { $0 + 2 * $1.capacity + 80 } }

  var isMostlyGarbage: Bool { garbage > 64 << 10 && garbage > bytes.count / 2 }

  // MARK: - Writing

  mutating func append(
    _ namespace: Span<UInt8>, _ name: Span<UInt8>, _ uid: Span<UInt8>, _ version: Span<UInt8>
  ) -> UInt32 {
    let record = UInt32(bytes.count)
    let name = name.extracting(0..<min(name.count, 65_535))
    let version = version.extracting(0..<min(version.count, 255))
    // One byte of room: resourceVersions grow by a digit.
    let room = min(255, version.count + 1)
    let packed = PackedUID(uid)
    let uidLength = packed == nil ? UInt8(min(uid.count, 254)) : Self.packed
    bytes += [
      UInt8(name.count >> 8), UInt8(name.count & 255), uidLength, UInt8(version.count), UInt8(room), 0, 0,
    ]
    append(number: number(of: namespace))
    append(name)
    if let packed { bytes += packed.bytes } else { append(uid.extracting(0..<Int(uidLength))) }
    append(version)
    for _ in version.count..<room { bytes.append(0) }
    return record
  }

  /// A record of others, marks and all.
  mutating func append(copying record: UInt32, of others: ObjectRecords) -> UInt32 {
    let copy = UInt32(bytes.count)
    let start = Int(record)
    let number = number(of: others.namespace(of: record).span)
    bytes += others.bytes[start..<start + 7]
    append(number: number)
    bytes += others.bytes[start + Self.headSize..<others.end(of: record)]
    return copy
  }

  /// The record is of no use any more.
  mutating func discard(_ record: UInt32) { garbage += end(of: record) - Int(record) }

  /// Sets the resourceVersion; false where there is no room.
  mutating func set(_ version: Span<UInt8>, of record: UInt32) -> Bool {
    let place = versionRange(of: record)
    guard version.count <= Int(bytes[Int(record) + 4]) else { return false }
    for index in 0..<version.count { bytes[place.lowerBound + index] = version[index] }
    bytes[Int(record) + 3] = UInt8(version.count)
    return true
  }

  mutating func mark(_ record: UInt32, _ round: UInt8, touching: Bool = false) {
    bytes[Int(record) + 5] = round
    if touching { bytes[Int(record) + 6] = round }
  }

  mutating func unmark(_ record: UInt32) {
    bytes[Int(record) + 5] = 0
    bytes[Int(record) + 6] = 0
  }

  private mutating func append(_ text: Span<UInt8>) {
    unsafe text.withUnsafeBufferPointer { unsafe bytes.append(contentsOf: $0) }
  }

  private mutating func append(number: UInt32) {
    for shift in [24, 16, 8, 0] as [UInt32] { bytes.append(UInt8(truncatingIfNeeded: number >> shift)) }
  }

  private mutating func number(of namespace: Span<UInt8>) -> UInt32 {
    let namespace = namespace.bytes(0..<namespace.count)
    if let number = namespaceNumbers[namespace] { return number }
    let number = UInt32(namespaces.count)
    namespaces.append(namespace)
    namespaceNumbers[namespace] = number
    return number
  }

  // MARK: - Reading

  func isSeen(_ record: UInt32, in round: UInt8) -> Bool { bytes[Int(record) + 5] == round }

  func isTouched(_ record: UInt32, in round: UInt8) -> Bool { bytes[Int(record) + 6] == round }

  func isNamed(_ record: UInt32, _ namespace: Span<UInt8>, _ name: Span<UInt8>) -> Bool {
    Self.equal(bytes.span.extracting(nameRange(of: record)), name.extracting(0..<min(name.count, 65_535)))
      && Self.equal(self.namespace(of: record).span, namespace)
  }

  /// Whether it is an object of that uid; a uid that is missing here or there differs from none.
  func mayHave(_ record: UInt32, uid: Span<UInt8>) -> Bool {
    let own = bytes.span.extracting(uidRange(of: record))
    if own.isEmpty || uid.isEmpty { return true }
    guard bytes[Int(record) + 2] == Self.packed else {
      return Self.equal(own, uid.extracting(0..<min(uid.count, 254)))
    }
    return PackedUID(uid) == PackedUID(packed: own)
  }

  func has(_ record: UInt32, version: Span<UInt8>) -> Bool {
    Self.equal(
      bytes.span.extracting(versionRange(of: record)), version.extracting(0..<min(version.count, 255)))
  }

  func identity(of record: UInt32) -> Identity {
    let uid = bytes.span.extracting(uidRange(of: record))
    return Identity(
      uid: bytes[Int(record) + 2] == Self.packed ? PackedUID(packed: uid).text : uid.bytes(0..<uid.count),
      resourceVersion: Array(bytes[versionRange(of: record)]), namespace: namespace(of: record),
      name: Array(bytes[nameRange(of: record)]))
  }

  func hash(of record: UInt32) -> Int {
    Self.hash(namespace(of: record).span, bytes.span.extracting(nameRange(of: record)))
  }

  /// FNV-1a, folded, of what `isNamed` compares.
  static func hash(_ namespace: Span<UInt8>, _ name: Span<UInt8>) -> Int {
    var hash: UInt64 = 0x9E37_79B9_7F4A_7C15
    for index in 0..<min(name.count, 65_535) { hash = (hash ^ UInt64(name[index])) &* 0x100_0000_01b3 }
    for index in 0..<namespace.count { hash = (hash ^ UInt64(namespace[index])) &* 0x100_0000_01b3 }
    return Int(truncatingIfNeeded: hash ^ hash >> 32)
  }

  private func namespace(of record: UInt32) -> [UInt8] {
    namespaces[(7..<11).reduce(0) { $0 << 8 | Int(bytes[Int(record) + $1]) }]
  }

  private func nameRange(of record: UInt32) -> Range<Int> {
    let start = Int(record) + Self.headSize
    return start..<start + (Int(bytes[Int(record)]) << 8 | Int(bytes[Int(record) + 1]))
  }

  private func uidRange(of record: UInt32) -> Range<Int> {
    let start = nameRange(of: record).upperBound
    let length = bytes[Int(record) + 2]
    return start..<start + (length == Self.packed ? PackedUID.byteCount : Int(length))
  }

  private func versionRange(of record: UInt32) -> Range<Int> {
    let start = uidRange(of: record).upperBound
    return start..<start + Int(bytes[Int(record) + 3])
  }

  private func end(of record: UInt32) -> Int {
    uidRange(of: record).upperBound + Int(bytes[Int(record) + 4])
  }

  private static func equal(_ left: Span<UInt8>, _ right: Span<UInt8>) -> Bool {
    guard left.count == right.count else { return false }
    for index in 0..<left.count where left[index] != right[index] { return false }
    return true
  }
}
