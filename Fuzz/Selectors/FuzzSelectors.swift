// SPDX-License-Identifier: Apache-2.0
//
// libFuzzer's entry for field and label selectors. How to run it: Fuzz/README.md.

@testable import Selectors

/// Parses the input as both kinds of selectors. A selector that is printed must be parsed as the same
/// selector.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzSelectors(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  let text = unsafe String(decoding: UnsafeBufferPointer(start: start, count: count), as: UTF8.self)
  if let selector = try? LabelSelector(parsing: text) {
    precondition((try? LabelSelector(parsing: selector.description)) == selector)
  }
  precondition(FieldSelector.terms(of: text).joined(separator: ",").utf8.elementsEqual(text.utf8))
  if let selector = try? FieldSelector(parsing: text) {
    let again = try? FieldSelector(parsing: selector.description)
    precondition(again?.requirements.count == selector.requirements.count)
  }
  precondition(
    (try? FieldSelector.unescaped(FieldSelector.escaped(text))).map { $0.utf8.elementsEqual(text.utf8) }
      ?? false)
  return 0
}
