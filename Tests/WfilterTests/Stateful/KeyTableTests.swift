// SPDX-License-Identifier: Apache-2.0
import Foundation
import TestSupport
import Testing

@testable import WfilterCore

struct KeyTableTests {
  @Test func forgetsTheKeyUsedLeastRecently() {
    var table = KeyTable<Int>(limit: 2)
    let first = table.insert(KeyHash("a"), 1)
    table.insert(KeyHash("b"), 2)
    table.touch(first)
    let forgotten = table.makeRoom()
    #expect(forgotten?.state == 2)
    table.insert(KeyHash("c"), 3)
    #expect(table.slot(of: KeyHash("b")) == nil)
    #expect(table.slot(of: KeyHash("a")) == first)
    #expect(table.count == 2 && table.evictions == 1)
  }

  @Test func keepsInsertionOrderIfNothingIsUsed() {
    var table = KeyTable<Int>(limit: 10)
    for (index, name) in ["a", "b", "c"].enumerated() { table.insert(KeyHash(name), index) }
    if let middle = table.slot(of: KeyHash("b")) { table.remove(middle) }
    table.insert(KeyHash("d"), 3)
    var order: [Int] = []
    while let oldest = table.oldest, let state = table.remove(oldest) { order.append(state) }
    #expect(order == [0, 2, 3])
  }

  @Test func removesKeysOnlyWhenItIsFull() {
    var table = KeyTable<Int>(limit: 1)
    #expect(table.makeRoom() == nil)
    table.insert(KeyHash("a"), 1)
    #expect(table.makeRoom()?.state == 1)
    #expect(table.count == 0)
  }

  /// Compares the table with an array of pairs in order of use.
  @Test func behavesLikeAListOfPairs() {
    var numbers = SeededNumbers(seed: 11)
    var table = KeyTable<Int>(limit: 20)
    var model: [(key: KeyHash, state: Int)] = []
    for step in 0..<20_000 {
      let key = KeyHash("key\(Int.random(in: 0..<40, using: &numbers))")
      switch (Int.random(in: 0..<4, using: &numbers), table.slot(of: key)) {
      case (0, let slot?):
        let removed = table.remove(slot)
        #expect(removed == model.first { $0.key == key }?.state)
        model.removeAll { $0.key == key }
      case (_, let slot?):
        table[slot] = step
        table.touch(slot)
        model.removeAll { $0.key == key }
        model.append((key, step))
      case (_, nil):
        if model.count == 20 { model.removeFirst() }
        table.insert(key, step)
        model.append((key, step))
      }
      #expect(table.count == model.count)
      #expect(table.oldest.map { table.key(at: $0) } == model.first?.key)
    }
    for (key, state) in model { #expect(table.slot(of: key).flatMap { table[$0] } == state) }
  }

  /// Checks the size that the type's comment states. It runs in a separate process, because other tests
  /// allocate at the same time.
  @Test func staysSmall() async {
    guard !isUnderAddressSanitizer else {
      return notTested("the memory of a key", because: "the address sanitizer allocates more")
    }
    await #expect(processExitsWith: .success) {
      let count = 100_000
      let before = try residentBytes()
      var table = KeyTable<Void>(limit: count)
      for index in 0..<count {
        table.insert(KeyHash("\(index)"), ())
      }
      let used = try residentBytes() - before
      #expect(table.count == count)
      #expect(used / count < 150, "\(used / count) bytes a key")
      print("KeyTable: \(used / count) bytes a key")
    }
  }
}

/// The memory of this process, in bytes.
private func residentBytes() throws -> Int {
  let fields = try String(contentsOfFile: "/proc/self/statm", encoding: .utf8).split(separator: " ")
  return (fields.count > 1 ? Int(fields[1]) ?? 0 : 0) * 4096
}
