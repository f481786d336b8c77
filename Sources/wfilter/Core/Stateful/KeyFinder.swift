// SPDX-License-Identifier: Apache-2.0

import CEL
import Events
import Filter
import JSON

/// The key of a line: the value of `--key`, else the object's uid, else its namespace and name. For one thread.
struct KeyFinder {
  private let evaluator: LineEvaluator?
  /// The bytes of the last key found.
  private(set) var bytes: [UInt8] = []

  /// Why the key expression had no value for the last line.
  private(set) var reason: String?

  /// - Parameter expression: The expression of `--key`.
  init(_ expression: LineFilter?) { evaluator = expression.map { LineEvaluator($0) } }

  /// The line's key; nil if it has none. Its text is in ``bytes`` until the next call.
  mutating func find(_ line: RawJSON, head: EventHead?, context: LineContext) -> KeyHash? {
    bytes.removeAll(keepingCapacity: true)
    if let evaluator {
      do throws(EvaluationError) {
        try evaluator.appendValue(line, head: head, context: context, isRaw: false, to: &bytes)
      } catch {
        reason = evaluator.text(of: error)
        return nil
      }
      JSONText.normalizeEscapes(in: &bytes)
      return KeyHash(bytes)
    }
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

  /// The last key in readable form: a string's text, any other value's JSON.
  var text: [UInt8] {
    guard evaluator != nil, bytes.first == UInt8(ascii: "\"") else { return bytes }
    var text: [UInt8] = []
    let isString = unsafe Line(bytes).withUnsafeBytes { line in
      unsafe RawJSON(padded: line)?.appendString(to: &text) ?? false
    }
    return isString ? text : bytes
  }

  private static let metadataKey = ShortKey("metadata")
  private static let metadata = Array("metadata".utf8)
  private static let uid = Array("uid".utf8)
  private static let namespace = Array("namespace".utf8)
  private static let name = Array("name".utf8)
}
