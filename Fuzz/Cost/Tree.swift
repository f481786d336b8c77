// SPDX-License-Identifier: Apache-2.0

/// An expression as the calls that it was put together from, so that a part can be exchanged for another of
/// the same kind.
struct Tree {
  let kind: Grammar.Kind
  /// The text between the operands.
  private let texts: [String]
  private(set) var operands: [Tree]

  init(_ kind: Grammar.Kind, leaf: String) {
    self.kind = kind
    texts = [leaf]
    operands = []
  }

  init(_ kind: Grammar.Kind, texts: [String], operands: [Tree]) {
    self.kind = kind
    self.texts = texts
    self.operands = operands
  }

  var text: String {
    var text = texts[0]
    for (operand, next) in zip(operands, texts.dropFirst()) { text += operand.text + next }
    return text
  }

  /// The number of parts, itself included.
  var count: Int { operands.reduce(1) { $0 + $1.count } }

  /// The part with this number, counted from the root, which is 0.
  subscript(index: Int) -> Tree {
    get {
      guard index > 0 else { return self }
      var rest = index - 1
      for operand in operands {
        if rest < operand.count { return operand[rest] }
        rest -= operand.count
      }
      return self
    }
    set {
      guard index > 0 else {
        self = newValue
        return
      }
      var rest = index - 1
      for place in operands.indices {
        let count = operands[place].count
        if rest < count {
          operands[place][rest] = newValue
          return
        }
        rest -= count
      }
    }
  }
}
