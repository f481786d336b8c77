// SPDX-License-Identifier: Apache-2.0
internal import Glibc

/// The number of files that the process may have open.
package enum DescriptorLimit {
  /// The soft limit with which we were started. Our children get it, because select(2) cannot handle
  /// descriptors above 1023.
  static let original: UInt64 = UInt64(current.rlim_cur)

  private static var current: rlimit {
    var limit = rlimit()
    unsafe _ = getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    return limit
  }

  /// The number of files that we may have open now.
  package static var soft: Int { Int(clamping: current.rlim_cur) }

  /// Raises our soft limit to the hard one.
  package static func raise() {
    _ = original
    var limit = current
    limit.rlim_cur = limit.rlim_max
    unsafe _ = setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
  }
}
