// SPDX-License-Identifier: Apache-2.0
import CCurl
import Synchronization

/// Sends one token to the server of `--auth-url`. Blocks, so for worker threads only.
///
/// Connections are reused.
final class ValidatorClient: Sendable {
  struct Response: Sendable, Equatable {
    var status: Int
    var body: [UInt8]
  }

  struct ValidatorError: Error, CustomStringConvertible { var description: String }

  private let url: String
  /// The file of the certificate authorities that the server is verified with; nil uses the system's.
  private let authority: String?
  private let timeoutMilliseconds: Int
  private let idle = Mutex<[Handle]>([])

  static let bodyLimit = 64 << 10

  /// A curl handle. Only the thread that took it out of `idle` uses it.
  @safe private final class Handle: @unchecked Sendable {
    let curl: UnsafeMutableRawPointer
    var body: [UInt8] = []

    init?() {
      guard let curl = unsafe curl_easy_init() else { return nil }
      unsafe self.curl = curl
    }

    deinit { unsafe curl_easy_cleanup(curl) }

    /// - Returns: Fewer bytes than were received if the body is too long, which ends the transfer.
    func receive(_ bytes: UnsafeMutablePointer<CChar>?, _ count: Int) -> Int {
      guard let bytes = unsafe bytes, body.count + count <= ValidatorClient.bodyLimit else { return 0 }
      unsafe body.append(contentsOf: UnsafeRawBufferPointer(start: bytes, count: count))
      return count
    }
  }

  init(url: ValidatorURL, authority: String?, timeout: Duration) {
    self.url = url.description
    self.authority = authority
    timeoutMilliseconds = Int(max(1, timeout / .milliseconds(1)))
    _ = ccurl_global_init()
  }

  func ask(about token: String) throws(ValidatorError) -> Response {
    guard let handle = idle.withLock({ $0.popLast() }) ?? Handle() else {
      throw ValidatorError(description: "no memory")
    }
    defer { idle.withLock { $0.append(handle) } }
    let curl = unsafe handle.curl
    unsafe curl_easy_reset(curl)
    handle.body = []
    unsafe ccurl_set_string(curl, CURLOPT_URL, url)
    unsafe ccurl_set_string(curl, CURLOPT_PROTOCOLS_STR, "http,https")
    unsafe ccurl_set_string(curl, CURLOPT_COPYPOSTFIELDS, Introspection.body(token))
    unsafe ccurl_set_long(curl, CURLOPT_TIMEOUT_MS, timeoutMilliseconds)
    unsafe ccurl_set_long(curl, CURLOPT_NOSIGNAL, 1)
    if let authority { unsafe ccurl_set_string(curl, CURLOPT_CAINFO, authority) }
    var headers: UnsafeMutablePointer<curl_slist>?
    for line in ["Authorization: Bearer \(token)", "Accept: application/json"] {
      unsafe headers = curl_slist_append(headers, line) ?? headers
    }
    defer { unsafe curl_slist_free_all(headers) }
    unsafe ccurl_set_list(curl, CURLOPT_HTTPHEADER, headers)
    unsafe ccurl_set_sinks(
      curl,
      { bytes, size, count, context in
        guard let context = unsafe context else { return 0 }
        return unsafe Unmanaged<Handle>.fromOpaque(context).takeUnretainedValue().receive(bytes, size * count)
      }, { _, size, count, _ in size * count }, Unmanaged.passUnretained(handle).toOpaque())
    let code = unsafe curl_easy_perform(curl)
    guard code == CURLE_OK else { throw ValidatorError(description: describe(code)) }
    var status = 0
    unsafe ccurl_get_long(curl, CURLINFO_RESPONSE_CODE, &status)
    return Response(status: status, body: handle.body)
  }

  private func describe(_ code: CURLcode) -> String {
    switch code {
    case CURLE_OPERATION_TIMEDOUT: "no response within \(timeoutMilliseconds) ms"
    case CURLE_WRITE_ERROR: "the response has more than 64 KiB"
    default: unsafe String(cString: curl_easy_strerror(code))
    }
  }
}
