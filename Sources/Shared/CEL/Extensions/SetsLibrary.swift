// SPDX-License-Identifier: Apache-2.0

/// The `sets` extension: `sets.contains`, `sets.equivalent` and `sets.intersects`, which treat lists as sets.
public struct SetsLibrary: Library {
  /// `sets`
  public let name = "sets"

  /// The library.
  public init() {}

  /// Adds the functions.
  public func declare(in declarations: inout Declarations) {
    let list = ValueType.list(.t)
    // Each element of one list may have to be compared with each element of the other.
    let comparison: @Sendable ([Value]) -> Int = { arguments in
      WorkCost.size(arguments[0]).multipliedSaturated(by: arguments[1].weight)
        .addingSaturated(WorkCost.size(arguments[1]).multipliedSaturated(by: arguments[0].weight))
    }
    let comparing = Overload.Cost.custom(comparison)
    declarations.function(
      "sets.contains",
      .binary("list_sets_contains_list", list, list, cost: comparing) { (all: ListValue, some: ListValue) in
        SetsLibrary.contains(all, some)
      })
    let comparingTwice = Overload.Cost.custom { arguments in
      comparison(arguments).multipliedSaturated(by: 2)
    }
    declarations.function(
      "sets.equivalent",
      .binary("list_sets_equivalent_list", list, list, cost: comparingTwice) {
        (left: ListValue, right: ListValue) in
        SetsLibrary.contains(left, right) && SetsLibrary.contains(right, left)
      })
    declarations.function(
      "sets.intersects",
      .binary("list_sets_intersects_list", list, list, cost: comparing) {
        (left: ListValue, right: ListValue) in
        left.rawElements.contains { right.rawElements.contains($0) }
      })
  }

  private static func contains(_ all: ListValue, _ some: ListValue) -> Bool {
    some.rawElements.allSatisfy { all.rawElements.contains($0) }
  }
}
