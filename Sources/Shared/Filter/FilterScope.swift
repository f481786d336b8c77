// SPDX-License-Identifier: Apache-2.0

package import CEL
package import Events
import JSON

/// The constants and names that the command line gives to all expressions of a run.
package struct FilterScope: Sendable {
  /// A name for an expression (`--let`).
  package struct Definition: Sendable {
    package var name: String
    package var expression: String

    package init(name: String, expression: String) {
      self.name = name
      self.expression = expression
    }
  }

  /// The members of `arg`, in order.
  package private(set) var arguments: [(name: String, value: Value)] = []
  /// Each expression may use the names before it.
  package var definitions: [Definition] = []
  /// The paths that `changes` leaves out, besides those that Kubernetes changes with every write.
  package var ignored: [PathPattern] = []
  /// The type of the objects of events, where a schema declares it.
  package var schema: (any ObjectSchema)?

  package init() {}

  /// Adds a member of `arg` that is a string.
  package mutating func addArgument(_ name: String, text: String) { arguments.append((name, .string(text))) }

  /// Adds a member of `arg` that is a JSON value. False if the text is not JSON.
  package mutating func addArgument(_ name: String, json: String) -> Bool {
    let bytes = Array(json.utf8) + [UInt8](repeating: 0x20, count: JSONCursor.padding)
    let value: Value? = unsafe bytes.withUnsafeBufferPointer { buffer in
      guard let base = buffer.baseAddress else { return nil }
      let raw = unsafe RawJSON(line: base, count: json.utf8.count)
      guard raw.fault(strictly: true) == nil else { return nil }
      return JSONSource(raw, keepsNumbers: true).value(raw).copiedWithNumbers()
    }
    guard let value else { return false }
    arguments.append((name, value))
    return true
  }
}

/// Object types, and the one of an event's object.
package protocol ObjectSchema: ObjectTypeProvider {
  var rootType: String { get }
}

extension Value {
  /// As ``Value/copied()``, but numbers keep their text.
  fileprivate func copiedWithNumbers() -> Value {
    if case .foreign(let foreign) = self, foreign.kind == .number, let source = foreign.source as? JSONSource
    {
      let raw = source.raw(foreign.node)
      guard let number = raw.number, let text = unsafe raw.bytes else { return native }
      return .foreign(ForeignValue(source: unsafe NumberConstant(number, text: text), node: 0))
    }
    switch native {
    case .list(let list): return .list(list.rawElements.map { $0.copiedWithNumbers() })
    case .map(let map):
      return .map(MapValue(map.entries.map { ($0.key.copied(), $0.value.copiedWithNumbers()) }))
    case let other: return other
    }
  }
}
