// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import CEL

@Suite struct ProgramTests {
  private static let environment = Environment(
    variables: [
      Variable("object", .dyn), Variable("other", .dyn), Variable("@phase", .dyn), Variable("@labels", .dyn),
    ])

  @Test func pathsThatAreClaimedReadTheirSlot() throws {
    let checked = try Self.environment.check(
      Self.environment.parse("object.status.phase == 'Running' || has(object.labels)"))
    let program = try Self.environment.plan(checked) { expression in
      if expression.qualifiedName == "object.status.phase" { return 2 }
      if case .select(let operand, "labels", true) = expression.kind, operand.qualifiedName == "object" {
        return 3
      }
      return nil
    }
    #expect(program.usedSlots == [2, 3])
    var activation = Activation(Self.environment)
    activation.set(2, .string("Running"))
    #expect(try program.test(&activation))
    activation.setAbsent(2, .missingKey)
    activation.setAbsent(3, .missingKey)
    #expect(throws: EvaluationError.self) { try program.test(&activation) }
    activation.set(2, .string("Pending"))
    #expect(try !program.test(&activation))
    activation.set(3, .null)
    #expect(try program.test(&activation))
    activation.setAbsent(3, .missingParent)
    #expect(throws: EvaluationError.self) { try program.test(&activation) }
  }

  @Test func oneActivationServesManyProgramsAndManyRounds() throws {
    let first = try Self.environment.compile("[1, 2, 3].exists(i, i == object)")
    let second = try Self.environment.compile("[object].map(i, [i].map(j, i + j))[0][0]")
    var activation = Activation(Self.environment)
    for number in 1...5 as ClosedRange<Int64> {
      activation["object"] = .int(number)
      #expect(try first.test(&activation) == (number <= 3))
      #expect(try second.evaluate(&activation) == .int(number * 2))
    }
    activation["object"] = nil
    #expect(throws: EvaluationError.self) { try second.evaluate(&activation) }
    activation["unknown"] = .int(1)
    #expect(activation["unknown"] == nil)
  }

  @Test func evaluatesOnManyThreadsAtOnce() async throws {
    let program = try Self.environment.compile(
      "object.map(i, i * 2).filter(i, i % 3 == 0).size() + (other.matches('a+') ? 1 : 0)")
    await withTaskGroup(of: Bool.self) { group in
      for _ in 0..<8 {
        group.addTask {
          var activation = Activation(Self.environment)
          activation["object"] = .list((0..<30).map { Value.int($0) })
          activation["other"] = .string("baa")
          for _ in 0..<200 where (try? program.evaluate(&activation)) != .int(11) { return false }
          return true
        }
      }
      for await isRight in group { #expect(isRight) }
    }
  }

  /// The example at the top of docs/CEL.md.
  @Test func documentedExampleIsTrue() throws {
    let environment = Environment(variables: [Variable("object", .dyn)], libraries: StandardLibraries.all)
    let program = try environment.compile("object.replicas > 3 && object.name.startsWith('web-')")
    var activation = Activation(environment)
    activation["object"] = .map(
      MapValue([(.string("replicas"), .int(5)), (.string("name"), .string("web-1"))]))
    #expect(try program.test(&activation))
  }

  @Test func foldsConstants() throws {
    for source in [
      "1 + 2 == 3", "'a' + 'b' in ['ab']", "duration('1h') > duration('1m')", "[1, 2][1] == 2",
      "true ? 1 : other",
    ] {
      #expect(try Self.environment.compile(source).root.constant != nil, "\(source)")
    }
    // A constant expression that fails is not folded, so that it fails only when it is evaluated.
    #expect(try Self.environment.compile("1 / 0 == 1").root.constant == nil)
  }

  @Test func errorsHaveTheirPosition() throws {
    let program = try Self.environment.compile("1 == 1 && object.status.phase == 'x'")
    var activation = Activation(Self.environment)
    activation["object"] = .map(MapValue([(.string("status"), .map(MapValue([(Value, Value)]())))]))
    do throws(EvaluationError) {
      _ = try program.test(&activation)
      Issue.record("no failure")
    } catch {
      #expect(error.code == .noSuchKey)
      #expect(error.description == "no such key: phase")
      #expect(error.offset == 23)
    }
  }
}
