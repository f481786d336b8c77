// SPDX-License-Identifier: Apache-2.0

import Synchronization

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Finds the offset of a zone: a fixed offset such as `+02:00` or `-9:30`, or an IANA zone. IANA zones are
/// read from the system's compiled files (RFC 9636), so that updates of the system apply.
enum TimeZoneRules {
  private static let directories = ["/usr/share/zoneinfo/", "/usr/lib/zoneinfo/", "/usr/share/lib/zoneinfo/"]
  /// The zone files that have been read. The cache is bounded, because names come from expressions and data.
  private static let cache = Mutex<[String: TimeZoneFile]>([:])
  private static let cacheLimit = 600

  /// The offset at a point in time, in seconds east of UTC.
  ///
  /// - Throws: `invalidArgument` if there is no such zone
  static func offset(of name: String, at seconds: Int64) throws(EvaluationError) -> Int64 {
    if name == "UTC" || name.isEmpty { return 0 }
    if let fixed = try fixedOffset(name) { return fixed }
    if let known = cache.withLock({ $0[name] }) { return known.offset(at: seconds) }
    guard let file = read(name) else { throw .invalidArgument("unknown time zone '\(name.prefix(64))'") }
    cache.withLock { if $0.count < cacheLimit { $0[name] = file } }
    return file.offset(at: seconds)
  }

  /// The offset of `±hh:mm`, where the sign and the first digit are optional; nil for a name of another form.
  private static func fixedOffset(_ name: String) throws(EvaluationError) -> Int64? {
    let isNegative = name.hasPrefix("-")
    let digits = isNegative || name.hasPrefix("+") ? name.dropFirst() : name[...]
    let parts = digits.split(separator: ":", omittingEmptySubsequences: false)
    guard parts.count == 2, digits.utf8.allSatisfy({ $0.isDigit || $0 == UInt8(ascii: ":") }) else {
      return nil
    }
    guard (1...2).contains(parts[0].utf8.count), parts[1].utf8.count == 2, let hours = Int64(parts[0]),
      let minutes = Int64(parts[1]), hours < 24, minutes < 60
    else { throw .invalidArgument("'\(name.prefix(64))' is not an offset such as +02:00") }
    return (isNegative ? -1 : 1) * (hours * 3600 + minutes * 60)
  }

  private static func read(_ name: String) -> TimeZoneFile? {
    // A name is a path below the zone directory. It must not lead to other files.
    let isSafe =
      name.utf8.count <= 64
      && name.split(separator: "/", omittingEmptySubsequences: false).allSatisfy { part in
        part.utf8.first.map { $0.isIdentifierStart } ?? false
          && part.utf8.allSatisfy {
            $0.isIdentifierPart || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "+")
          }
      }
    guard isSafe else { return nil }
    for directory in directories {
      if let bytes = contents(directory + name), let file = TimeZoneFile(bytes) { return file }
    }
    return nil
  }

  private static func contents(_ path: String) -> [UInt8]? {
    let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    var bytes = [UInt8](repeating: 0, count: 1 << 16)
    var count = 0
    while count < bytes.count {
      let got = unsafe bytes.withUnsafeMutableBytes { buffer in
        unsafe Glibc.read(descriptor, buffer.baseAddress.map { unsafe $0 + count }, buffer.count - count)
      }
      if got < 0, errno == EINTR { continue }
      guard got >= 0 else { return nil }
      if got == 0 { break }
      count += got
    }
    return Array(bytes[..<count])
  }
}
