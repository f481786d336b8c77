// SPDX-License-Identifier: Apache-2.0

/// `range.all(x, predicate)` and `range.exists(x, predicate)`. One false, or one true, decides the result
/// even if other elements fail.
final class QuantifierNode: Node, @unchecked Sendable {
  let range: Node
  let predicate: Node
  let variables: FoldVariables
  /// The predicate value that decides the result: false for `all`, true for `exists`.
  let deciding: Bool

  init(_ offset: Int, _ range: Node, _ predicate: Node, _ variables: FoldVariables, deciding: Bool) {
    self.range = range
    self.predicate = predicate
    self.variables = variables
    self.deciding = deciding
    super.init(offset: offset, cost: range.cost + 1)
  }

  override func evaluateBool(_ activation: inout Activation) throws(EvaluationError) -> Bool {
    var walk = try start(range, variables, &activation)
    var failure: EvaluationError?
    while try walk.next(&activation) {
      try activation.spend(predicate.cost + 1)
      do throws(EvaluationError) {
        if try predicate.evaluateBool(&activation) == deciding { return deciding }
      } catch {
        guard error.isAbsorbable else { throw error }
        failure = failure ?? error
      }
    }
    if let failure { throw failure }
    return !deciding
  }
}

/// `range.exists_one(x, predicate)`. It fails if the predicate fails for any element.
final class ExistsOneNode: Node, @unchecked Sendable {
  let range: Node
  let predicate: Node
  let variables: FoldVariables

  init(_ offset: Int, _ range: Node, _ predicate: Node, _ variables: FoldVariables) {
    self.range = range
    self.predicate = predicate
    self.variables = variables
    super.init(offset: offset, cost: range.cost + 1)
  }

  override func evaluateBool(_ activation: inout Activation) throws(EvaluationError) -> Bool {
    var walk = try start(range, variables, &activation)
    var count = 0
    while try walk.next(&activation) {
      try activation.spend(predicate.cost + 1)
      if try predicate.evaluateBool(&activation) { count += 1 }
    }
    return count == 1
  }
}

extension Node {
  func start(
    _ range: Node, _ variables: FoldVariables, _ activation: inout Activation
  ) throws(EvaluationError) -> Walk {
    let value = try range.evaluate(&activation)
    do throws(EvaluationError) { return try Walk(value, variables) } catch { throw error.located(at: offset) }
  }
}
