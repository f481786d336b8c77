// SPDX-License-Identifier: Apache-2.0
import JSON
import Lines
import Process

/// Looks at the lines of a source until one is JSON, so that a source of other text is reported. Lines that are not
/// JSON are passed on all the same.
struct InputCheck {
  let name: String
  let diagnostics: Diagnostics
  private var lines = 0
  private var hasJSON = false

  init(name: String, diagnostics: Diagnostics) {
    self.name = name
    self.diagnostics = diagnostics
  }

  /// The error of a source that had lines, none of which was JSON.
  var error: UnusableInputError? {
    hasJSON || lines == 0 ? nil : UnusableInputError(description: "\(name): none of \(lines) lines is JSON")
  }

  mutating func look(at block: LineBlock) {
    guard !hasJSON else { return }
    unsafe block.forEachLine { line in
      guard let base = line.baseAddress, unsafe !line.allSatisfy({ $0 <= 0x20 }) else { return true }
      lines += 1
      let value = unsafe RawJSON(line: base.assumingMemoryBound(to: UInt8.self), count: line.count)
      guard let fault = value.fault() else {
        hasJSON = true
        return false
      }
      if lines == 1 {
        diagnostics.warning(
          "\(name): the first line is not JSON: \(fault.description); filters and snapshots ignore such lines"
        )
      }
      return true
    }
  }
}

/// Input without a line of JSON.
struct UnusableInputError: ToolError {
  var description: String
  var status: ExitStatus { .badInput }
}
