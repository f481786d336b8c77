// SPDX-License-Identifier: Apache-2.0

import CEL

/// The names that an expression over a line may use.
///
/// In a watch event: `type`, `object`, `source`, `self`, `now`, `old`, and any other name is a key of `object`. In any
/// other line a name is a key of the line; `self`, `now` and `old` stay.
enum Scope {
  /// The slots of an activation: these names first, then places for the paths that an expression touches.
  /// `@rest` has the keys that stand for themselves.
  static let names = ["type", "object", "source", "self", "now", "old", "@rest"]

  static let nowSlot = 4
  static let oldSlot = 5

  /// How many different paths of an expression are read where they lie; further ones are read through these roots.
  static let pathLimit = 64

  /// Where the roots of paths have their slots.
  static let roots: [(slot: Int, path: ScopedPath)] = [
    (0, ScopedPath(isAbsolute: true, keys: ["type"])), (1, ScopedPath(isAbsolute: true, keys: ["object"])),
    (2, ScopedPath(isAbsolute: true, keys: ["source"])), (3, ScopedPath(isAbsolute: true, keys: [])),
    (6, ScopedPath(isAbsolute: false, keys: [])),
  ]

  /// The slot of a path.
  static func slot(path: Int) -> Int { names.count + path }

  /// An environment with all libraries; `costLimit` bounds one evaluation.
  static func environment(costLimit: Int?) -> Environment {
    var options = Environment.Options()
    options.fallbackVariable = "@rest"
    var limits = Limits()
    if let costLimit { limits.cost = costLimit }
    // No expression can name a place: `@` is no letter of CEL.
    let places = (0..<pathLimit).map { Variable("@\($0)", .dyn) }
    return Environment(
      variables: names.map { Variable($0, $0 == "now" ? .timestamp : .dyn) } + places,
      libraries: StandardLibraries.all, options: options, limits: limits)
  }
}

/// A path of keys, as an expression or a selector names it.
struct ScopedPath: Hashable, Sendable {
  /// Whether it starts at the line itself; else at `object`, or at the line where that is no event.
  let isAbsolute: Bool
  let keys: [String]

  /// The keys from the line down.
  func keys(inEvent: Bool) -> [String] { isAbsolute || !inEvent ? keys : ["object"] + keys }
}
