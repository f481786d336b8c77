// SPDX-License-Identifier: Apache-2.0

/// A semantic version (semver.org 2.0), parsed as strictly as in github.com/blang/semver/v4.
///
/// Build metadata is ignored in comparisons.
struct SemanticVersion: Sendable, OpaqueRepresentable {
  static let celTypeName = "kubernetes.Semver"

  /// A dot-separated part of a pre-release.
  enum Identifier: Sendable, Equatable {
    case number(UInt64)
    case text(String)
  }

  let major: UInt64
  let minor: UInt64
  let patch: UInt64
  let preRelease: [Identifier]
  let build: [String]

  var weight: Int { 20 + preRelease.count * 4 + build.count * 4 + textLength / 5 }

  /// The length of its texts, in bytes.
  private var textLength: Int {
    preRelease.reduce(build.reduce(0) { $0 + $1.utf8.count }) { sum, part in
      if case .text(let text) = part { return sum + text.utf8.count }
      return sum
    }
  }

  /// Parses `MAJOR.MINOR.PATCH[-PRE][+BUILD]`.
  ///
  /// - Parameters:
  ///   - text: The version.
  ///   - normalising: Whether a leading `v`, leading zeros and a missing minor or patch number are accepted.
  /// - Throws: ``EvaluationError`` with the reason.
  init(parsing text: String, normalising: Bool = false) throws(EvaluationError) {
    let bytes = normalising ? try SemanticVersion.normalised(Array(text.utf8)) : Array(text.utf8)
    guard !bytes.isEmpty else { throw .invalidArgument("Version string empty") }
    let parts = bytes.split(separator: UInt8(ascii: "."), maxSplits: 2, omittingEmptySubsequences: false)
    guard parts.count == 3 else { throw .invalidArgument("No Major.Minor.Patch elements found") }
    major = try SemanticVersion.number(parts[0], "Major number")
    minor = try SemanticVersion.number(parts[1], "Minor number")

    var patch = parts[2]
    var build: [String] = []
    if let plus = patch.firstIndex(of: UInt8(ascii: "+")) {
      for part in SemanticVersion.fields(patch[(plus + 1)...]) {
        guard !part.isEmpty else { throw .invalidArgument("Build meta data is empty") }
        guard SemanticVersion.isIdentifier(part) else {
          throw .invalidArgument(
            "Invalid character(s) found in build meta data \(SemanticVersion.shown(part))")
        }
        build.append(String(decoding: part, as: UTF8.self))
      }
      patch = patch[..<plus]
    }
    var preRelease: [Identifier] = []
    if let dash = patch.firstIndex(of: UInt8(ascii: "-")) {
      for part in SemanticVersion.fields(patch[(dash + 1)...]) {
        preRelease.append(try SemanticVersion.identifier(part))
      }
      patch = patch[..<dash]
    }
    self.patch = try SemanticVersion.number(patch, "Patch number")
    self.preRelease = preRelease
    self.build = build
  }

  static func == (left: SemanticVersion, right: SemanticVersion) -> Bool { left.compare(right) == 0 }

  /// -1, 0 or 1 by precedence.
  func compare(_ other: SemanticVersion) -> Int {
    for (a, b) in [(major, other.major), (minor, other.minor), (patch, other.patch)] where a != b {
      return a < b ? -1 : 1
    }
    // A version without a pre-release is later than one with it.
    if preRelease.isEmpty || other.preRelease.isEmpty {
      return preRelease.isEmpty == other.preRelease.isEmpty ? 0 : (preRelease.isEmpty ? 1 : -1)
    }
    for (a, b) in zip(preRelease, other.preRelease) {
      let order = SemanticVersion.compare(a, b)
      if order != 0 { return order }
    }
    return (preRelease.count - other.preRelease.count).signum()
  }

  private static func compare(_ left: Identifier, _ right: Identifier) -> Int {
    switch (left, right) {
    case (.number(let a), .number(let b)): a == b ? 0 : (a < b ? -1 : 1)
    case (.number, .text): -1
    case (.text, .number): 1
    case (.text(let a), .text(let b)): a.compareUTF8(to: b)
    }
  }

  // MARK: - Parts

  private static func fields(_ bytes: ArraySlice<UInt8>) -> [ArraySlice<UInt8>] {
    bytes.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
  }

  private static func number(_ bytes: ArraySlice<UInt8>, _ name: String) throws(EvaluationError) -> UInt64 {
    guard bytes.allSatisfy(isDigit) else {
      throw .invalidArgument("Invalid character(s) found in \(name.lowercased()) \(shown(bytes))")
    }
    guard bytes.count <= 1 || bytes.first != UInt8(ascii: "0") else {
      throw .invalidArgument("\(name) must not contain leading zeroes \(shown(bytes))")
    }
    guard let value = UInt64(String(decoding: bytes, as: UTF8.self)) else {
      throw .invalidArgument("\(name) \(shown(bytes)) is not a uint64")
    }
    return value
  }

  private static func identifier(_ bytes: ArraySlice<UInt8>) throws(EvaluationError) -> Identifier {
    guard !bytes.isEmpty else { throw .invalidArgument("Prerelease is empty") }
    if bytes.allSatisfy(isDigit) { return .number(try number(bytes, "Numeric PreRelease version")) }
    guard isIdentifier(bytes) else {
      throw .invalidArgument("Invalid character(s) found in prerelease \(shown(bytes))")
    }
    return .text(String(decoding: bytes, as: UTF8.self))
  }

  private static func isDigit(_ byte: UInt8) -> Bool { byte >= 0x30 && byte <= 0x39 }

  private static func isIdentifier(_ bytes: ArraySlice<UInt8>) -> Bool {
    bytes.allSatisfy { isDigit($0) || ($0 | 0x20 >= 0x61 && $0 | 0x20 <= 0x7A) || $0 == UInt8(ascii: "-") }
  }

  private static func shown(_ bytes: ArraySlice<UInt8>) -> String {
    "\"\(String(decoding: bytes, as: UTF8.self))\""
  }

  /// The text as Kubernetes normalises it: without a leading `v` and leading zeros, and with all three
  /// numbers.
  private static func normalised(_ bytes: [UInt8]) throws(EvaluationError) -> [UInt8] {
    let bare = bytes.first == UInt8(ascii: "v") ? bytes.dropFirst() : bytes[...]
    var parts = bare.split(separator: UInt8(ascii: "."), maxSplits: 2, omittingEmptySubsequences: false)
      .map { part -> [UInt8] in
        guard part.count > 1 else { return Array(part) }
        let trimmed = part.drop { $0 == UInt8(ascii: "0") }
        return (trimmed.first.map(isDigit) ?? false) ? Array(trimmed) : [UInt8(ascii: "0")] + trimmed
      }
    if parts.count < 3 {
      guard !(parts.last ?? []).contains(where: { $0 == UInt8(ascii: "+") || $0 == UInt8(ascii: "-") }) else {
        throw .invalidArgument("short version cannot contain PreRelease/Build meta data")
      }
      while parts.count < 3 { parts.append([UInt8(ascii: "0")]) }
    }
    return Array(parts.joined(separator: [UInt8(ascii: ".")]))
  }
}
