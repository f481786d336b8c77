// SPDX-License-Identifier: Apache-2.0
internal import CProcess
internal import Glibc

/// The two descriptors of a pipe, both close-on-exec from the start. The caller closes them.
package struct PipeEnds: Sendable {
  package let reader: Int32
  package let writer: Int32

  /// Opens a pipe; nil with `errno` set when there are no descriptors left.
  package init?() {
    var ends: [Int32] = [-1, -1]
    guard unsafe cprocess_pipe(&ends) == 0 else { return nil }
    (reader, writer) = (ends[0], ends[1])
  }
}
