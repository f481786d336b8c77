// SPDX-License-Identifier: Apache-2.0

/// Kubernetes' functions on lists: `isSorted`, `sum`, `min`, `max`, `indexOf`, `lastIndexOf` and `includes`.
public struct KubernetesListsLibrary: Library {
  /// `kubernetes.lists`
  public let name = "kubernetes.lists"

  /// The library.
  public init() {}

  /// Adds the functions.
  public func declare(in declarations: inout Declarations) {
    declareOrder(in: &declarations)
    declareSearch(in: &declarations)
    let zeros: [(ValueType, Value)] = [
      (.int, .int(0)), (.uint, .uint(0)), (.double, .double(0)),
      (.duration, .duration(DurationValue(nanoseconds: 0))),
    ]
    declarations.function(
      "sum",
      zeros.map { type, zero in
        .unary("list_\(type)_sum_\(type)", member: true, .list(type), returns: type, cost: .linear) {
          (list: ListValue) throws(EvaluationError) in try KubernetesListsLibrary.sum(list, zero)
        }
      })
  }

  private func declareOrder(in declarations: inout Declarations) {
    let deep = Overload.Cost.custom { $0[0].weight.multipliedSaturated(by: 2) }
    declarations.function(
      "isSorted",
      ValueOrder.types.map { type in
        .unary("list_\(type)_is_sorted_bool", member: true, .list(type), cost: deep) {
          (list: ListValue) throws(EvaluationError) in
          var previous: Value?
          for element in list {
            if let order = try ValueOrder.compare(previous ?? element, element), order > 0 { return false }
            previous = element
          }
          return true
        }
      })
    for (name, preferred) in [("min", -1), ("max", 1)] {
      declarations.function(
        name,
        ValueOrder.types.map { type in
          .unary("list_\(type)_\(name)_\(type)", member: true, .list(type), returns: type, cost: deep) {
            (list: ListValue) throws(EvaluationError) -> Value in
            var best: (value: Value, index: Int)?
            for (index, element) in list.enumerated() {
              // The first of equal elements is the result. A comparison with NaN does not change the result.
              guard let order = try ValueOrder.compare(element, best?.value ?? element) else { continue }
              if best == nil || order == preferred { best = (element, index) }
            }
            guard let result = list.rawElement(best?.index ?? 0) else {
              throw .invalidArgument("\(name) called on empty list")
            }
            return result
          }
        })
    }
  }

  private func declareSearch(in declarations: inout Declarations) {
    let comparing = Overload.Cost.custom { arguments in
      arguments[0].weight.addingSaturated(
        WorkCost.size(arguments[0]).multipliedSaturated(by: arguments[1].weight))
    }
    declarations.function(
      "indexOf",
      .binary("list_a_index_of_int", member: true, .list(.t), .t, cost: comparing) {
        (list: ListValue, element: Value) -> Int64 in
        Int64(list.rawElements.firstIndex(of: element) ?? -1)
      })
    declarations.function(
      "lastIndexOf",
      .binary("list_a_last_index_of_int", member: true, .list(.t), .t, cost: comparing) {
        (list: ListValue, element: Value) -> Int64 in
        Int64(list.rawElements.lastIndex(of: element) ?? -1)
      })
    declarations.function(
      "includes",
      .binary("list_includes_dyn_dyn", member: true, cost: comparing) { (target: Value, element: Value) in
        guard case .list(let list) = target else { return target == element }
        return list.rawElements.contains(element)
      })
  }

  /// The sum; `zero` for an empty list. Overflow is an error.
  private static func sum(_ list: ListValue, _ zero: Value) throws(EvaluationError) -> Value {
    var iterator = list.makeIterator()
    guard var total = iterator.next() else { return zero }
    switch total {
    case .int, .uint, .double, .duration: break
    default: throw .noMatchingOverload
    }
    while let element = iterator.next() {
      switch (total, element) {
      case (.int(let left), .int(let right)):
        let (sum, overflow) = left.addingReportingOverflow(right)
        guard !overflow else { throw EvaluationError(.overflow) }
        total = .int(sum)
      case (.uint(let left), .uint(let right)):
        let (sum, overflow) = left.addingReportingOverflow(right)
        guard !overflow else { throw EvaluationError(.overflow) }
        total = .uint(sum)
      case (.double(let left), .double(let right)): total = .double(left + right)
      case (.duration(let left), .duration(let right)):
        let (sum, overflow) = left.nanoseconds.addingReportingOverflow(right.nanoseconds)
        guard !overflow else { throw EvaluationError(.overflow) }
        total = .duration(DurationValue(nanoseconds: sum))
      default: throw .noMatchingOverload
      }
    }
    return total
  }
}
