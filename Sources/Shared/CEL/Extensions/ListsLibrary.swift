// SPDX-License-Identifier: Apache-2.0

/// The `lists` extension: `distinct`, `flatten`, `lists.range`, `reverse`, `slice`, `sort`, `sortBy`, `first` and `last`.
public struct ListsLibrary: Library {
  /// `lists`
  public let name = "lists"

  private let dialect: Dialect

  /// Creates the library. For a negative size, `lists.range` fails in the specification's dialect and returns
  /// `[]` in others.
  public init(_ dialect: Dialect = .celGo) { self.dialect = dialect }

  /// Adds the functions and the macro `sortBy`.
  public func declare(in declarations: inout Declarations) {
    let dialect = dialect
    let list = ValueType.list(.t)
    declarations.function(
      "slice",
      .ternary(
        "list_slice", member: true, list, returns: list,
        cost: .custom { Steps.making(elements: WorkCost.size($0[0])) }
      ) { (list: ListValue, start: Int64, end: Int64) throws(EvaluationError) in
        try ListOperations.slice(list, start, end)
      })
    let deep = Overload.Cost.custom { Steps.making(elements: $0[0].weight) }
    declarations.function(
      "flatten",
      // Accepts a flat list too, because the type of dyn elements is only known at evaluation.
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
          return count > ListOperations.rangeLimit ? 0 : Steps.making(elements: max(Int(clamping: count), 0))
        }
      ) { (count: Int64) throws(EvaluationError) in
        try ListOperations.range(dialect == .specification ? count : max(count, 0))
      })
    declarations.function(
      "reverse",
      .unary("list_reverse", member: true, list, returns: list, cost: .linear) { (list: ListValue) in
        ListValue(list.rawElements.reversed())
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
        Value.optional(list.rawElements.first)
      })
    declarations.function(
      "last",
      .unary("list_last", member: true, list, returns: .optional(.t)) { (list: ListValue) in
        Value.optional(list.rawElements.last)
      })
    let sorting = Overload.Cost.custom { arguments in
      let keys = arguments[arguments.count - 1]
      return (keys.weight.multipliedSaturated(by: Int.bitWidth - WorkCost.size(keys).leadingZeroBitCount))
        .addingSaturated(Steps.making(elements: WorkCost.size(keys).multipliedSaturated(by: 3)))
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

extension Value {
  /// The elements of a list, not decoded; nil if the value is not a list.
  fileprivate var elementsOfList: [Value]? {
    switch self {
    case .list(let list): list.rawElements
    case .foreign(let foreign) where foreign.kind == .list: foreign.elements
    default: nil
    }
  }
}

/// The functions of the lists extension. They do not decode the elements that they move, so that a list of a
/// thousand large values of a document needs only the memory of a thousand references.
enum ListOperations {
  /// The greatest valid argument of `lists.range`.
  static let rangeLimit = 1_000_000

  static func range(_ count: Int64) throws(EvaluationError) -> ListValue {
    guard count >= 0 else {
      throw .invalidArgument("lists.range: size must be non-negative, got \(count)")
    }
    guard count <= rangeLimit else {
      throw .invalidArgument("lists.range: size \(count) exceeds maximum allowed (\(rangeLimit))")
    }
    return ListValue((0..<count).map { Value.int($0) })
  }

  static func slice(_ list: ListValue, _ start: Int64, _ end: Int64) throws(EvaluationError) -> ListValue {
    guard start >= 0, end >= 0 else {
      throw .invalidArgument("cannot slice(\(start), \(end)), negative indexes not supported")
    }
    guard start <= end else {
      throw .invalidArgument(
        "cannot slice(\(start), \(end)), start index must be less than or equal to end index")
    }
    guard end <= list.count else {
      throw .invalidArgument("cannot slice(\(start), \(end)), list is length \(list.count)")
    }
    return ListValue(list.rawElements[Int(start)..<Int(end)])
  }

  /// The list with inner lists replaced by their elements, down to `depth` levels.
  static func flatten(_ list: ListValue, depth: Int64) throws(EvaluationError) -> ListValue {
    guard depth >= 0 else { throw .invalidArgument("level must be non-negative") }
    var output: [Value] = []
    // An explicit stack instead of recursion, because the depth comes from the expression.
    var walks = [list.rawElements.makeIterator()]
    while !walks.isEmpty {
      guard let element = walks[walks.count - 1].next() else {
        walks.removeLast()
        continue
      }
      if walks.count <= depth, let inner = element.elementsOfList {
        walks.append(inner.makeIterator())
      } else {
        output.append(element)
      }
    }
    return ListValue(output)
  }

  /// The distinct values, in order of their first occurrence.
  static func distinct(_ list: ListValue) -> ListValue {
    var seen: Set<MapKey> = []
    var others: [Value] = []
    var output: [Value] = []
    for element in list.rawElements {
      if let key = MapKey(element) {
        guard seen.insert(key).inserted else { continue }
      } else {
        guard !others.contains(element) else { continue }
        others.append(element)
      }
      output.append(element)
    }
    return ListValue(output)
  }

  /// The cost of `distinct`: values that can be map keys are hashed, other values are compared with each
  /// other.
  static func distinctCost(_ value: Value) -> Int {
    guard case .list(let list) = value else { return 1 }
    var others = 0
    var size = 0
    // The cost is computed without decoding any element.
    for element in list.rawElements where !element.isHashedAsKey {
      others += 1
      size = size.addingSaturated(element.weight)
    }
    return (list.weight.multipliedSaturated(by: 10)).addingSaturated(
      others.multipliedSaturated(by: size).multipliedSaturated(by: 2))
  }

  // MARK: - Sorting

  /// The name of the function that `sortBy` expands to.
  static let sortByKeys = "@sortByAssociatedKeys"

  /// Sorts the list by its keys, stably. All keys must have the same type. NaN comes first.
  static func sort(_ list: ListValue, by keys: ListValue) throws(EvaluationError) -> ListValue {
    guard list.count == keys.count else {
      throw .invalidArgument("sortBy has \(keys.count) keys for \(list.count) elements")
    }
    var pairs = Array(zip(keys, list.rawElements))
    guard let first = pairs.first?.0 else { return list }
    for (key, _) in pairs where key.typeName != first.typeName {
      throw .invalidArgument("list elements must have the same type")
    }
    guard (try? ValueOrder.compare(first, first)) != nil else {
      throw .invalidArgument("list elements must be comparable")
    }
    pairs.sort { left, right in
      guard let order = (try? ValueOrder.compare(left.0, right.0)) ?? nil else {
        return left.0 != left.0 && right.0 == right.0
      }
      return order < 0
    }
    return ListValue(pairs.map(\.1))
  }

  private static let sortByInput = "@__sortBy_input__"

  /// Expands `list.sortBy(e, key)`: binds the list to a name, maps it to its keys, and sorts it by them.
  static func expandSortBy(
    _ context: inout MacroContext, _ target: Expr?, _ arguments: [Expr]
  ) throws(MacroError) -> Expr? {
    guard let target, arguments.count == 2 else { return nil }
    switch target.kind {
    case .list, .select, .identifier, .comprehension, .call: break
    case .literal, .map, .message:
      throw MacroError(
        target, "sortBy can only be applied to a list, identifier, comprehension, call or select expression")
    }
    guard case .identifier(let variable) = arguments[0].kind else {
      throw MacroError(arguments[0], "argument must be a simple name")
    }
    let accumulator = MacroContext.accumulator
    let step = context.call("_+_", context.identifier(accumulator), context.list(arguments[1]))
    let keys = Expr.Comprehension(
      iterationVariable: variable, secondVariable: nil, range: context.identifier(sortByInput),
      accumulator: accumulator, initial: context.list(), condition: context.literal(.bool(true)), step: step,
      result: context.identifier(accumulator))
    let sorted = context.call(
      on: context.identifier(sortByInput), sortByKeys, context.make(.comprehension(keys)))
    return context.bind(sortByInput, to: target, in: sorted)
  }
}
