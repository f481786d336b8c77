// SPDX-License-Identifier: Apache-2.0

/// The release that this tree builds; `--version` prints it after the tool's name.
package enum Version {
  package static let string = "0.2.0"
}
