// SPDX-License-Identifier: Apache-2.0
internal import Glibc

/// The number of files that the process may have open.
package enum DescriptorLimit {
  /// The soft limit with which we were started, which our children get again: select(2) cannot take more than 1024.
  static let original: UInt64 = UInt64(current.rlim_cur)

  private static var current: rlimit {
    var limit = rlimit()
    unsafe _ = getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    return limit
  }

  /// Raises our soft limit to the hard one.
  package static func raise() {
    _ = original
    var limit = current
    limit.rlim_cur = limit.rlim_max
    unsafe _ = setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
  }
}
