// SPDX-License-Identifier: Apache-2.0

/// CEL's standard library: operators, conversions, macros, optionals. Every environment has it.
struct StandardLibrary: Library {
  let name = "standard"

  func declare(in declarations: inout Declarations) {}
}
