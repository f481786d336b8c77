// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Events

/// The paths of a flag.
///
/// - Throws: `ValidationError` for one that cannot be read.
/// - Returns: the paths, in order.
func patterns(_ texts: [String], of flag: String) throws -> [PathPattern] {
  try texts.map { text in
    do { return try PathPattern(text) } catch { throw ValidationError("\(flag) \(error)") }
  }
}
