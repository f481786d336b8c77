// SPDX-License-Identifier: Apache-2.0
import CCurl

/// All exchanges of the process, driven by one thread.
@safe package final class CurlMulti {
  private let multi: UnsafeMutableRawPointer
  private var running: [UnsafeMutableRawPointer: Exchange] = unsafe [:]
  private var isStepping = false
  private var removals: [Exchange] = []

  /// Wakes `wait` from any thread.
  @safe struct Waker: @unchecked Sendable {
    // Sendable: curl_multi_wakeup is the one call that libcurl allows on any thread while the multi lives, and the
    // multi lives as long as the process.
    fileprivate let multi: UnsafeMutableRawPointer
    func wake() { unsafe _ = curl_multi_wakeup(multi) }
  }

  init?() {
    guard ccurl_global_init() == CURLE_OK, let multi = unsafe curl_multi_init() else { return nil }
    unsafe self.multi = multi
  }

  deinit {
    unsafe running.values.forEach { exchange in unsafe _ = curl_multi_remove_handle(multi, exchange.handle) }
    unsafe curl_multi_cleanup(multi)
  }

  var waker: Waker { unsafe Waker(multi: multi) }

  /// Must not be called from a callback of an exchange: libcurl forbids it.
  func start(_ exchange: Exchange) {
    unsafe running[exchange.handle] = exchange
    unsafe curl_multi_add_handle(multi, exchange.handle)
  }

  /// Cancels an exchange; none of its closures is called any more.
  ///
  /// `discarding`: also closes its connection, which may be dead, once nothing else uses it.
  func cancel(_ exchange: Exchange, discarding: Bool = false) {
    exchange.isCancelled = true
    if discarding { exchange.set(CURLOPT_FORBID_REUSE, 1) }
    if isStepping { removals.append(exchange) } else { remove(exchange) }
  }

  private func remove(_ exchange: Exchange) {
    guard unsafe running.removeValue(forKey: exchange.handle) != nil else { return }
    unsafe curl_multi_remove_handle(multi, exchange.handle)
    exchange.releaseClosures()
  }

  /// Transfers the bytes that can be transferred without waiting.
  func step() {
    isStepping = true
    var count: Int32 = 0
    unsafe curl_multi_perform(multi, &count)
    isStepping = false
    for exchange in removals { remove(exchange) }
    removals = []
    var left: Int32 = 0
    while let message = unsafe curl_multi_info_read(multi, &left) {
      guard unsafe message.pointee.msg == CURLMSG_DONE, let handle = unsafe message.pointee.easy_handle,
        let exchange = unsafe running[handle]
      else { continue }
      let code = unsafe ccurl_result(message)
      let onEnd = exchange.onEnd
      remove(exchange)
      guard !exchange.isCancelled else { continue }
      onEnd(exchange.ending(code))
    }
  }

  /// Waits for input, `Waker.wake`, or the end of the time.
  ///
  /// - Returns: whether there is input.
  @discardableResult
  func wait(milliseconds: Int32) -> Bool {
    var count: Int32 = 0
    unsafe _ = curl_multi_poll(multi, nil, 0, milliseconds, &count)
    return count > 0
  }
}
