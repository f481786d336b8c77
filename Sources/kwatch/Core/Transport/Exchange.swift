// SPDX-License-Identifier: Apache-2.0
import CCurl

/// The end of an exchange.
enum ExchangeEnding: Equatable, Sendable {
  /// It ended cleanly, with any HTTP status.
  case complete
  /// The connection failed or broke, with libcurl's message.
  case broken(String)
  /// The server's certificate is not trusted; with what to do.
  case untrusted(String)
}

/// One HTTP request and its answer, on a `CurlMulti`. Its closures are called on the multi's thread.
@safe package final class Exchange {
  /// The maximum kept size of a body whose status is not 200.
  static let errorLimit = 64 << 10

  let handle: UnsafeMutableRawPointer
  private(set) var status = 0
  /// Whether all headers have arrived.
  private var hasHeaders = false
  /// The target of a 3xx.
  private(set) var location = ""
  private(set) var errorBody: [UInt8] = []
  var isCancelled = false
  /// The place of the cluster's certificate authority in the kubeconfig, for messages.
  var authorityPlace: String?
  /// The address of the proxy, for messages.
  var proxyPlace: String?

  /// A 200 and all its headers have arrived.
  var onOpen: () -> Void = {}
  /// Bytes of a 200's body. Returning false cancels the exchange.
  var onBytes: (Span<UInt8>) -> Bool = { _ in true }
  /// Called once, unless the exchange is cancelled.
  var onEnd: (ExchangeEnding) -> Void = { _ in }

  private var headers: UnsafeMutablePointer<curl_slist>?
  private var connectTo: UnsafeMutablePointer<curl_slist>?
  private let errorText: UnsafeMutablePointer<CChar>

  init?() {
    guard let handle = unsafe curl_easy_init() else { return nil }
    unsafe self.handle = handle
    unsafe errorText = .allocate(capacity: Int(CURL_ERROR_SIZE))
    unsafe errorText.initialize(repeating: 0, count: Int(CURL_ERROR_SIZE))
    unsafe ccurl_set_pointer(handle, CURLOPT_ERRORBUFFER, errorText)
    set(CURLOPT_NOSIGNAL, 1)
    // 64 KiB a read: as large as the output's buffer, and small enough for a hundred watches.
    set(CURLOPT_BUFFERSIZE, 64 << 10)
    set(CURLOPT_CONNECTTIMEOUT, 10)
    // No CURLOPT_PIPEWAIT: over HTTP/1.1 it makes a second request wait for the end of the first, and a watch has
    // none. Discovery has opened the HTTP/2 connection that all later requests share.
    set(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1)
    unsafe ccurl_tune_sockets(handle)
    unsafe ccurl_set_sinks(
      handle,
      { bytes, size, count, context in
        unsafe Exchange.of(context)?.receive(bytes, size * count) ?? 0
      },
      { bytes, size, count, context in
        unsafe Exchange.of(context)?.receiveHeader(bytes, size * count) ?? 0
      }, Unmanaged.passUnretained(self).toOpaque())
  }

  deinit {
    unsafe curl_easy_cleanup(handle)
    unsafe curl_slist_free_all(headers)
    unsafe curl_slist_free_all(connectTo)
    unsafe errorText.deallocate()
  }

  /// Releases the closures, which usually hold the exchange: this breaks the retain cycle.
  func releaseClosures() {
    onOpen = {}
    onBytes = { _ in false }
    onEnd = { _ in }
  }

  /// Ends the exchange if nothing arrives for this long, in whole seconds.
  func limitSilence(_ patience: Duration) {
    set(CURLOPT_LOW_SPEED_LIMIT, 1)
    set(CURLOPT_LOW_SPEED_TIME, Int(patience.components.seconds))
  }

  func set(_ option: CURLoption, _ value: Int) { unsafe ccurl_set_long(handle, option, value) }

  func set(_ option: CURLoption, _ value: String) { unsafe ccurl_set_string(handle, option, value) }

  /// Removes libcurl's own default.
  func unset(_ option: CURLoption) { unsafe ccurl_set_pointer(handle, option, nil) }

  func set(_ option: CURLoption, bytes: [UInt8]) {
    unsafe bytes.withUnsafeBytes { unsafe _ = ccurl_set_bytes(handle, option, $0.baseAddress, $0.count) }
  }

  func addHeader(_ line: String) {
    unsafe headers = curl_slist_append(headers, line) ?? headers
    unsafe ccurl_set_list(handle, CURLOPT_HTTPHEADER, headers)
  }

  /// `HOST:PORT:OTHER-HOST:OTHER-PORT`: connects to the second address where the URL names the first.
  func setConnectTo(_ line: String) {
    unsafe connectTo = curl_slist_append(connectTo, line) ?? connectTo
    unsafe ccurl_set_list(handle, CURLOPT_CONNECT_TO, connectTo)
  }

  /// Calls `ServerTrust` for each certificate that is refused.
  func observeTrust() { unsafe ServerTrust.observe(handle) }

  /// How libcurl's result ends the exchange.
  func ending(_ code: CURLcode) -> ExchangeEnding {
    // What is kept of an error is enough, although the rest may not have arrived.
    guard code != CURLE_OK, errorBody.count < Self.errorLimit else { return .complete }
    let detail = unsafe String(cString: errorText)
    let message = detail.isEmpty ? unsafe String(cString: curl_easy_strerror(code)) : detail
    // libcurl names the host that it cannot reach, but not its role.
    if let proxyPlace, [CURLE_COULDNT_CONNECT, CURLE_COULDNT_RESOLVE_PROXY, CURLE_PROXY].contains(code) {
      return .broken("proxy \(proxyPlace): \(message)")
    }
    // libcurl's buffer for a header is limited, and this is its only result for one that is full.
    if code == CURLE_OUT_OF_MEMORY, status != 0, !hasHeaders {
      return .broken("a header of the response is longer than libcurl accepts (100 KB)")
    }
    guard code == CURLE_PEER_FAILED_VERIFICATION else { return .broken(tunnelRefusal ?? message) }
    let verdict = value(CURLINFO_SSL_VERIFYRESULT)
    let proxyVerdict = value(CURLINFO_PROXY_SSL_VERIFYRESULT)
    guard proxyVerdict == 0 else { return .untrusted(ServerTrust.proxyExplanation(proxyVerdict)) }
    return .untrusted(ServerTrust.explanation(message, verdict, authority: authorityPlace))
  }

  /// The proxy's refusal to connect to the server; nil if it did not refuse.
  private var tunnelRefusal: String? {
    let status = value(CURLINFO_HTTP_CONNECTCODE)
    switch status {
    case 407: return Proxy.needsCredentials
    case 300...: return "the proxy does not connect to the server, but answers \(status)"
    default: return nil
    }
  }

  private func value(_ information: CURLINFO) -> Int {
    var value = 0
    unsafe ccurl_get_long(handle, information, &value)
    return value
  }

  /// How long the server asks to wait, in seconds or until a date (RFC 9110, 10.2.3); an hour at most.
  var retryAfter: Duration? {
    let seconds = unsafe ccurl_retry_after(handle)
    return seconds > 0 ? .seconds(min(seconds, 3600)) : nil
  }

  private static func of(_ context: UnsafeMutableRawPointer?) -> Exchange? {
    unsafe context.map { unsafe Unmanaged<Exchange>.fromOpaque($0).takeUnretainedValue() }
  }

  private func receive(_ bytes: UnsafeMutablePointer<CChar>?, _ count: Int) -> Int {
    guard !isCancelled else { return 0 }
    guard let bytes = unsafe bytes, count > 0 else { return count }
    let body = unsafe UnsafeRawBufferPointer(start: bytes, count: count)
    guard status == 200 else {
      unsafe errorBody.append(contentsOf: body.prefix(Self.errorLimit - errorBody.count))
      return errorBody.count < Self.errorLimit ? count : 0
    }
    let goOn = unsafe body.withMemoryRebound(to: UInt8.self) { unsafe onBytes(Span(_unsafeElements: $0)) }
    return goOn && !isCancelled ? count : 0
  }

  private func receiveHeader(_ bytes: UnsafeMutablePointer<CChar>?, _ count: Int) -> Int {
    guard let bytes = unsafe bytes, !isCancelled else { return isCancelled ? 0 : count }
    let line = unsafe String(decoding: UnsafeRawBufferPointer(start: bytes, count: count), as: UTF8.self)
    if line.hasPrefix("HTTP/") {
      status = Int(line.split(separator: " ").dropFirst().first?.prefix(3) ?? "") ?? 0
      (hasHeaders, location, errorBody) = (false, "", [])
    } else if line == "\r\n" || line == "\n" {
      hasHeaders = true
      if status == 200 { onOpen() }
    } else if line.first == "l" || line.first == "L", line.lowercased().hasPrefix("location:") {
      location = String(line.dropFirst("location:".count).filter { !$0.isWhitespace }.prefix(200))
    }
    return isCancelled ? 0 : count
  }
}
