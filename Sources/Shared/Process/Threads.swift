// SPDX-License-Identifier: Apache-2.0
internal import Glibc

/// Starts a detached POSIX thread.
///
/// The tools are synchronous and their few threads live as long as the process, so that neither Dispatch nor
/// the cooperative pool is needed. Returns `false` when the system refuses another thread.
@discardableResult
package func startThread(_ body: @escaping @Sendable () -> Void) -> Bool {
  final class Start {
    let body: @Sendable () -> Void
    init(_ body: @escaping @Sendable () -> Void) { self.body = body }
  }
  let start = unsafe Unmanaged.passRetained(Start(body))
  var thread = pthread_t()
  let status = unsafe pthread_create(
    &thread, nil,
    { argument in
      guard let argument = unsafe argument else { return nil }
      let start = unsafe Unmanaged<Start>.fromOpaque(argument).takeRetainedValue()
      start.body()
      return nil
    }, start.toOpaque())
  guard status == 0 else {
    unsafe start.release()
    return false
  }
  pthread_detach(thread)
  return true
}
