// SPDX-License-Identifier: Apache-2.0
import JSON
import Lines
import Process

/// Checks the lines of a source until one is JSON, to report a source that has none. Lines that are not JSON
/// are delivered anyway.
struct InputCheck {
  let name: String
  /// Receives a warning about the first line; if nil, it is in the error.
  let diagnostics: Diagnostics?
  private var firstFault: String?
  private var lines = 0
  private(set) var hasJSON = false

  init(name: String, diagnostics: Diagnostics?) {
    self.name = name
    self.diagnostics = diagnostics
  }

  /// The error of a source that had lines, none of which was JSON.
  var error: UnusableInputError? {
    guard !hasJSON, lines > 0 else { return nil }
    let fault = diagnostics == nil ? firstFault.map { "; the first line: \($0)" } ?? "" : ""
    return UnusableInputError(description: "\(name): none of \(lines) lines is JSON\(fault)")
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
        firstFault = fault.description
        diagnostics?.warning(
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
