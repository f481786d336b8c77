// SPDX-License-Identifier: Apache-2.0
import Glibc

enum ProcessEnvironment {
  /// The value of a variable; nil when it is not set.
  static func value(_ name: String) -> String? { unsafe getenv(name).map { unsafe String(cString: $0) } }
}
