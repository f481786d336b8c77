// SPDX-License-Identifier: Apache-2.0

/// Iterates over the range of a comprehension, and sets its variables to each element.
struct Walk {
  private enum Source {
    case elements([Value])
    case foreignList(ForeignSource, ForeignCursor)
    case entries([(key: Value, value: Value)])
    case foreignMap(ForeignSource, ForeignCursor)
  }

  private var source: Source
  private var index = 0
  private let first: Int
  private let second: Int?

  /// - Throws: `noMatchingOverload` if the range is neither a list nor a map
  init(_ range: Value, _ variables: FoldVariables) throws(EvaluationError) {
    first = variables.first
    second = variables.second
    switch range {
    case .list(let list): source = .elements(list.rawElements)
    case .map(let map): source = .entries(map.entries)
    case .foreign(let foreign):
      switch foreign.kind {
      case .list: source = .foreignList(foreign.source, ForeignCursor(node: foreign.node))
      case .map: source = .foreignMap(foreign.source, ForeignCursor(node: foreign.node))
      case .number, .string: throw .noMatchingOverload
      }
    default: throw .noMatchingOverload
    }
  }

  /// Sets the variables to the next element. Returns false at the end.
  ///
  /// - Throws: `costLimitExceeded` if finding the element costs too much
  @inline(__always)
  mutating func next(_ activation: inout Activation) throws(EvaluationError) -> Bool {
    try activation.settleSources()
    switch source {
    case .elements(let elements):
      guard index < elements.count else { return false }
      setElement(elements[index], &activation)
    case .foreignList(let list, var cursor):
      let element = list.nextElement(&cursor)
      try activation.settle(list)
      guard let element else { return false }
      source = .foreignList(list, cursor)
      setElement(element, &activation)
    case .entries(let entries):
      guard index < entries.count else { return false }
      activation.locals[first] = entries[index].key
      if let second { activation.locals[second] = entries[index].value }
    case .foreignMap(let map, var cursor):
      let entry = map.nextEntry(&cursor)
      try activation.settle(map)
      guard let entry else { return false }
      source = .foreignMap(map, cursor)
      activation.locals[first] = entry.key
      if let second { activation.locals[second] = entry.value }
    }
    index += 1
    return true
  }

  /// Sets the variables to an element: one variable is the element; of two, the first is the index.
  @inline(__always)
  private func setElement(_ element: Value, _ activation: inout Activation) {
    if let second {
      activation.locals[first] = .int(Int64(index))
      activation.locals[second] = element
    } else {
      activation.locals[first] = element
    }
  }
}

/// The places of a comprehension's variables.
struct FoldVariables: Sendable {
  let first: Int
  let second: Int?
}
