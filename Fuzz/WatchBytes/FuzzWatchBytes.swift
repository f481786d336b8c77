// SPDX-License-Identifier: Apache-2.0
//
// libFuzzer's entry for what a server sends to kwatch. How to run it: Fuzz/README.md.
import Events
import JSON

@testable import KwatchCore

/// Feeds the input to the watch decoder and the list decoder, whole and cut in two at its first byte's place: the
/// same lines and items must come out, and each must go through everything that is done with one.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzWatchBytes(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  let input = unsafe Array(UnsafeBufferPointer(start: start, count: count))
  guard let first = input.first else { return 0 }
  let body = Array(input.dropFirst())
  let cut = body.isEmpty ? 0 : Int(first) % body.count
  let halves = [Array(body[..<cut]), Array(body[cut...])]
  let (whole, cutOne) = (lines([body]), lines(halves))
  precondition(whole == cutOne)
  for line in whole { take(apart: line) }
  let (list, cutList) = (items([body]), items(halves))
  precondition(list.items == cutList.items && list.isComplete == cutList.isComplete)
  for item in list.items { take(item) }
  _ = try? JSONValue(parsing: body)
  return 0
}

private func lines(_ chunks: [[UInt8]]) -> [[UInt8]] {
  var decoder = WatchDecoder()
  var lines: [[UInt8]] = []
  for chunk in chunks {
    do {
      try decoder.feed(chunk.span) { line in
        lines.append(line.bytes(0..<line.count))
        return true
      }
    } catch { return lines }
  }
  return lines
}

private func items(_ chunks: [[UInt8]]) -> (items: [[UInt8]], isComplete: Bool) {
  var decoder = ListDecoder()
  var items: [[UInt8]] = []
  for chunk in chunks {
    do {
      try decoder.feed(chunk.span) { item in
        items.append(item.bytes(0..<item.count))
        return true
      }
    } catch { return (items, false) }
  }
  return (items, decoder.isComplete)
}

private func take(apart line: [UInt8]) {
  guard let parsed = try? WatchLine(line.span), let range = try? parsed.object(in: line.span) else { return }
  take(line.span.bytes(range))
}

private func take(_ object: [UInt8]) {
  var machine = ScopeMachine(settings: ScopeSettings()) { 0.5 }
  _ = machine.event(.start, at: .zero)
  for isRow in [false, true] {
    guard let header = try? ObjectHeader(object.span, namespaced: true, row: isRow, walkingAll: true) else {
      continue
    }
    for type in [EventType.added, .modified, .deleted] {
      _ = machine.watchEvent(machine.state.transfer?.id ?? 0, type, object.span, header, at: .zero)
    }
  }
  _ = try? ObjectRewrite.secrets.merged(with: .cutting("metadata.managedFields")).apply(to: object.span)
  let compact = ObjectRewrite.compact(object.span)
  precondition(ObjectRewrite.compact(compact.span) == compact)
}
