// SPDX-License-Identifier: Apache-2.0

import CEL
import Events
import Filter
import JSON

/// The key of a line: the value of `--key`, else the object's uid, else its namespace and name. For one thread.
struct KeyFinder {
  private var expression: ValueHasher?
  /// The bytes of the last uid or name.
  private var bytes: [UInt8] = []

  /// Why the key expression had no value for the last line.
  private(set) var reason: String?

  /// A finder for the expression of `--key`.
  init(_ expression: LineFilter?) { self.expression = expression.map { ValueHasher($0) } }

  /// The line's key; nil if it has none.
  mutating func find(_ line: RawJSON, head: EventHead?, context: LineContext) -> KeyHash? {
    do throws(EvaluationError) {
      if let key = try expression?.hash(line, head: head, context: context) { return key }
    } catch {
      reason = expression?.text(of: error)
      return nil
    }
    bytes.removeAll(keepingCapacity: true)
    let object = head?.object ?? line
    // Most plain lines have no metadata at all.
    guard head != nil || line.mayHave(Self.metadataKey), let metadata = object.member(Self.metadata) else {
      return nil
    }
    if let uid = metadata.member(Self.uid), uid.appendString(to: &bytes), !bytes.isEmpty {
      return KeyHash(bytes)
    }
    if let namespace = metadata.member(Self.namespace) { namespace.appendString(to: &bytes) }
    bytes.append(UInt8(ascii: "/"))
    guard let name = metadata.member(Self.name), name.appendString(to: &bytes) else { return nil }
    return KeyHash(bytes)
  }

  /// The key of the line that ``find(_:head:context:)`` had last, in readable form: a string's text, or JSON.
  mutating func text(_ line: RawJSON, head: EventHead?, context: LineContext) -> [UInt8] {
    guard expression != nil else { return bytes }
    guard var text = try? expression?.value(line, head: head, context: context) else { return [] }
    JSONText.unquote(from: 0, in: &text)
    return text
  }

  private static let metadataKey = ShortKey("metadata")
  private static let metadata = Array("metadata".utf8)
  private static let uid = Array("uid".utf8)
  private static let namespace = Array("namespace".utf8)
  private static let name = Array("name".utf8)
}
