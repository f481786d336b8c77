// SPDX-License-Identifier: Apache-2.0

import CJSON

#if canImport(Glibc)
  import Glibc
#else
  import Musl
#endif

/// A ``Comparison`` laid out for the hot path: no reference counting, no allocation. Its arena owns the memory.
@safe
struct CompiledComparison {
  let operation: Comparison.Operation
  let resultWhenMissing: Bool
  let operands: UnsafeMutableBufferPointer<CompiledOperand>

  /// The result for a path with a value (`state` is `.present`) or without one.
  @inline(__always)
  func truth(_ value: RawJSON, _ state: PathState) -> Truth {
    guard state == .present else { return truthWithout(state) }
    switch operation {
    case .equal: return Truth(unsafe operands[0].equals(value))
    case .notEqual: return Truth(unsafe !operands[0].equals(value))
    case .startsWith: return unsafe operands[0].isPrefix(of: value)
    default: return otherTruth(value)
    }
  }

  private func truthWithout(_ state: PathState) -> Truth {
    switch operation {
    // As in Kubernetes: false below a scalar, an error below a list.
    case .has: state == .missingKey || state == .scalarParent ? .no : .error
    case .textOneOf, .textNoneOf, .exists, .existsNot, .textGreater, .textLess: Truth(resultWhenMissing)
    default: .error
    }
  }

  private func otherTruth(_ value: RawJSON) -> Truth {
    switch operation {
    case .oneOf: return Truth(anyOperandEquals(value))
    case .less: return unsafe operands[0].order(of: value) { $0 < 0 }
    case .lessOrEqual: return unsafe operands[0].order(of: value) { $0 <= 0 }
    case .greater: return unsafe operands[0].order(of: value) { $0 > 0 }
    case .greaterOrEqual: return unsafe operands[0].order(of: value) { $0 >= 0 }
    case .has: return .yes
    case .isTrue: return value.bool.map(Truth.init) ?? .error
    case .endsWith, .contains: return textTruth(value)
    case .exists: return Truth(value.isNull ? resultWhenMissing : true)
    case .existsNot: return Truth(value.isNull ? resultWhenMissing : false)
    case .textOneOf: return Truth(value.isNull ? resultWhenMissing : anyOperandIsText(of: value))
    case .textNoneOf: return Truth(value.isNull ? resultWhenMissing : !anyOperandIsText(of: value))
    case .textGreater, .textLess:
      guard !value.isNull, let integer = value.string.flatMap({ Int64($0, radix: 10) }) else { return .no }
      let bound = unsafe Int64(bitPattern: operands[0].integer)
      return Truth(operation == .textGreater ? integer > bound : integer < bound)
    case .equal, .notEqual, .startsWith: return .error  // answered by `truth`
    }
  }

  private func anyOperandEquals(_ value: RawJSON) -> Bool {
    // A number is read once, not for each operand.
    if value.kind == .number {
      guard let number = value.number else { return false }
      return unsafe operands.contains { $0.equals(number) }
    }
    for index in unsafe operands.indices where unsafe operands[index].equals(value) { return true }
    return false
  }

  private func anyOperandIsText(of value: RawJSON) -> Bool {
    for index in unsafe operands.indices where unsafe operands[index].isText(of: value) { return true }
    return false
  }

  private func textTruth(_ value: RawJSON) -> Truth {
    guard value.kind == .string else { return .error }
    if let plain = unsafe value.plainString { return Truth(unsafe isMet(by: plain)) }
    var bytes: [UInt8] = []
    guard value.appendString(to: &bytes) else { return .error }
    return unsafe bytes.withUnsafeBufferPointer { Truth(unsafe isMet(by: $0)) }
  }

  private func isMet(by text: UnsafeBufferPointer<UInt8>) -> Bool {
    let wanted = unsafe operands[0].bytes
    guard wanted.count > 0 else { return true }
    guard let start = wanted.baseAddress, let base = text.baseAddress,
      text.count >= wanted.count
    else { return false }
    if operation == .contains {
      return unsafe json_contains(base, base + text.count, start, wanted.count)
    }
    return unsafe memcmp(base + text.count - wanted.count, start, wanted.count) == 0
  }
}
