// SPDX-License-Identifier: Apache-2.0
import CCurl

/// libcurl's options for TLS, which it has twice: for the connection to the server, and to an https proxy.
struct TLSOptions {
  let version, verifiesPeer, verifiesHost, authorityFolder, authority, certificate, key: CURLoption

  static let server = TLSOptions(
    version: CURLOPT_SSLVERSION, verifiesPeer: CURLOPT_SSL_VERIFYPEER, verifiesHost: CURLOPT_SSL_VERIFYHOST,
    authorityFolder: CURLOPT_CAPATH, authority: CURLOPT_CAINFO_BLOB, certificate: CURLOPT_SSLCERT_BLOB,
    key: CURLOPT_SSLKEY_BLOB)

  static let proxy = TLSOptions(
    version: CURLOPT_PROXY_SSLVERSION, verifiesPeer: CURLOPT_PROXY_SSL_VERIFYPEER,
    verifiesHost: CURLOPT_PROXY_SSL_VERIFYHOST, authorityFolder: CURLOPT_PROXY_CAPATH,
    authority: CURLOPT_PROXY_CAINFO_BLOB, certificate: CURLOPT_PROXY_SSLCERT_BLOB,
    key: CURLOPT_PROXY_SSLKEY_BLOB)
}
