// SPDX-License-Identifier: Apache-2.0
internal import Glibc

/// Waits in poll(2) until a descriptor has input or its other end is closed, at most `milliseconds`; -1 is no
/// limit. False if the time has passed, or a signal has interrupted the wait.
@discardableResult
package func waitForInput(_ descriptor: Int32, milliseconds: Int32) -> Bool {
  var event = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
  return unsafe poll(&event, 1, milliseconds) > 0
}
