// SPDX-License-Identifier: Apache-2.0

import CEL
import JSON

/// A number of the command line, with its text.
final class NumberConstant: ForeignSource, @unchecked Sendable {
  // Unchecked as its superclass is: nothing of it changes.
  let text: [UInt8]
  private let value: Value

  init(_ number: JSONNumber, text: some Sequence<UInt8>) {
    self.text = Array(text)
    self.value = Value(number)
    super.init()
  }

  override func kind(_ node: UInt64) -> ForeignKind { .number }
  override func number(_ node: UInt64) -> Value { value }
}
