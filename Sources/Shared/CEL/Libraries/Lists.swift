// SPDX-License-Identifier: Apache-2.0

/// The `lists` extension: `distinct`, `flatten`, `lists.range`, `reverse`, `slice`, `sort`, `sortBy`, `first` and `last`.
public struct ListsLibrary: Library {
  /// `lists`
  public let name = "lists"

  /// The library.
  public init() {}

  /// Adds the functions and the macro `sortBy`.
  public func declare(in declarations: inout Declarations) {
    let list = ValueType.list(.t)
    declarations.function(
      "slice",
      .ternary(
        "list_slice", member: true, list, returns: list, cost: .custom { WorkCost.size($0[0]) }
      ) { (list: ListValue, start: Int64, end: Int64) throws(EvaluationError) in
        try ListOperations.slice(list, start, end)
      })
    let deep = Overload.Cost.custom { $0[0].weight }
    declarations.function(
      "flatten",
      // Takes a list that is flat already, too: only running tells when its elements are dyn.
      .unary("list_flatten", member: true, .list(list), returns: list, cost: deep) {
        (list: ListValue) throws(EvaluationError) in try ListOperations.flatten(list, depth: 1)
      },
      .binary("list_flatten_int", member: true, .dynList, returns: .dynList, cost: deep) {
        (list: ListValue, depth: Int64) throws(EvaluationError) in
        try ListOperations.flatten(list, depth: depth)
      })
    declarations.function(
      "lists.range",
      .unary(
        "lists_range", returns: .list(.int),
        cost: .custom { arguments in
          guard case .int(let count) = arguments[0] else { return 0 }
          return count > ListOperations.rangeLimit ? 0 : max(Int(count), 0)
        }
      ) { (count: Int64) throws(EvaluationError) in try ListOperations.range(count) })
    declarations.function(
      "reverse",
      .unary("list_reverse", member: true, list, returns: list, cost: .linear) { (list: ListValue) in
        ListValue(list.reversed())
      })
    declarations.function(
      "distinct",
      .unary(
        "list_distinct", member: true, list, returns: list,
        cost: .custom { ListOperations.distinctCost($0[0]) }
      ) { (list: ListValue) in ListOperations.distinct(list) })
    declarations.function(
      "first",
      .unary("list_first", member: true, list, returns: .optional(.t)) { (list: ListValue) in
        Value.optional(list.first)
      })
    declarations.function(
      "last",
      .unary("list_last", member: true, list, returns: .optional(.t)) { (list: ListValue) in
        Value.optional(list.last)
      })
    let sorting = Overload.Cost.custom { arguments in
      let keys = arguments[arguments.count - 1]
      return keys.weight.multipliedSaturated(
        by: Int.bitWidth - WorkCost.size(keys).leadingZeroBitCount)
    }
    declarations.function(
      "sort",
      ValueOrder.types.map { type in
        .unary("list_\(type)_sort", member: true, .list(type), returns: .list(type), cost: sorting) {
          (list: ListValue) throws(EvaluationError) in try ListOperations.sort(list, by: list)
        }
      })
    declarations.function(
      ListOperations.sortByKeys,
      ValueOrder.types.map { type in
        .binary(
          "list_\(type)_sortByAssociatedKeys", member: true, list, .list(type), returns: list, cost: sorting
        ) { (list: ListValue, keys: ListValue) throws(EvaluationError) in
          try ListOperations.sort(list, by: keys)
        }
      })
    declarations.macro(Macro("sortBy", member: true, arguments: 2, ListOperations.expandSortBy))
  }
}
