// SPDX-License-Identifier: Apache-2.0

import CEL

/// The names that an expression over a line may use.
///
/// In an event: `type`, `object`, `source`, `self`, `now`, `old`, `changes`, and any other name is a key of
/// `object`. In a plain line a name is a key of the line; `self`, `now`, `old` and `changes` mean the same.
enum Scope {
  /// The slots of an activation: these names first, then places for the paths that an expression touches.
  /// `@rest` has the keys that stand for themselves.
  static let names = ["type", "object", "source", "self", "now", "old", "@rest", "changes"]

  static let nowSlot = 4
  static let oldSlot = 5
  static let changesSlot = 7

  /// The maximum number of paths of an expression that are read in place. Further ones are read through these
  /// roots.
  static let pathLimit = 64

  /// The slots of the roots of paths.
  static let roots: [(slot: Int, path: ScopedPath)] = [
    (0, ScopedPath(isAbsolute: true, keys: ["type"])), (1, ScopedPath(isAbsolute: true, keys: ["object"])),
    (2, ScopedPath(isAbsolute: true, keys: ["source"])), (3, ScopedPath(isAbsolute: true, keys: [])),
    (6, ScopedPath(isAbsolute: false, keys: [])),
  ]

  /// The slot of a path.
  static func slot(path: Int) -> Int { names.count + path }

  /// An environment with all libraries; `costLimit` bounds one evaluation, `schema` declares the objects of
  /// events.
  static func environment(costLimit: Int?, schema: (any ObjectSchema)? = nil) -> Environment {
    var options = Environment.Options(.kubernetes)
    options.fallbackVariable = "@rest"
    options.refuseTypeName = { name in
      let key = name.drop { $0 == "." }
      return "'\(key)' is the name of a CEL type: write self.\(key) for the key"
    }
    var limits = Limits()
    if let costLimit { limits.cost = costLimit }
    // An expression cannot name these slots, because `@` is not allowed in CEL names.
    let places = (0..<pathLimit).map { Variable("@\($0)", .dyn) }
    return Environment(
      variables: names.map { Variable($0, type(of: $0, schema)) } + places,
      libraries: StandardLibraries.libraries(.kubernetes), objectTypes: schema.map(LineTypes.init),
      options: options,
      limits: limits)
  }

  private static func type(of name: String, _ schema: (any ObjectSchema)?) -> ValueType {
    switch name {
    case "now": .timestamp
    case "changes": .list(.map(.string, .dyn))
    case "self", "old": schema == nil ? .dyn : .object(LineTypes.line)
    case "source": schema == nil ? .dyn : .object(LineTypes.source)
    case "object", "@rest": schema.map { .object($0.rootType) } ?? .dyn
    default: .dyn
    }
  }
}

/// A path of keys, as an expression or a selector names it.
struct ScopedPath: Hashable, Sendable {
  /// Whether it starts at the line itself; else at `object`, or at the line where that is not an event.
  let isAbsolute: Bool
  let keys: [String]

  /// The keys from the line down.
  func keys(inEvent: Bool) -> [String] { isAbsolute || !inEvent ? keys : ["object"] + keys }
}
