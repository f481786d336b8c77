// SPDX-License-Identifier: Apache-2.0

// A stand-in for the FoundationEssentials module in release builds: the few declarations that swift-argument-parser
// uses. The real module adds 6 MB to every binary, for one hidden flag, --experimental-dump-help, that prints JSON.
// Here that flag prints nothing; debug builds and tests use the real module. See docs/BUILDING.md.

public protocol LocalizedError: Error {
  var errorDescription: String? { get }
}

public struct Data: Sendable {}

public final class JSONEncoder {
  public struct OutputFormatting: OptionSet, Sendable {
    public let rawValue: UInt
    public init(rawValue: UInt) { self.rawValue = rawValue }
    public static let prettyPrinted = OutputFormatting(rawValue: 1)
    public static let sortedKeys = OutputFormatting(rawValue: 2)
  }

  public var outputFormatting: OutputFormatting = []
  public init() {}
  public func encode(_ value: some Encodable) throws -> Data { Data() }
}

extension String {
  public enum Encoding { case utf8 }
  public init?(data: Data, encoding: Encoding) { return nil }
}
