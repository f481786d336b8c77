// SPDX-License-Identifier: Apache-2.0

/// Kubernetes' `url` library: URLs and their parts.
public struct URLLibrary: Library {
  /// `kubernetes.urls`
  public let name = "kubernetes.urls"

  /// The library.
  public init() {}

  /// Each byte is read several times and kept.
  private static let reading = Overload.Cost.custom { 40 + 2 * WorkCost.bytes($0[0]) }

  /// Adds the type `kubernetes.URL` and its functions.
  public func declare(in declarations: inout Declarations) {
    declarations.type(URLReference.celTypeName, URLReference.valueType)
    declarations.function(
      "url",
      .unary("string_to_url", cost: Self.reading) { (text: String) throws(EvaluationError) in
        try URLReference(parsing: text)
      })
    declarations.function(
      "isURL",
      .unary("is_url_string", cost: Self.reading) { (text: String) in URLReference.requestProblem(text) == nil
      })
    declarations.function(
      "getScheme", .unary("url_get_scheme", member: true, cost: .linear) { (url: URLReference) in url.scheme }
    )
    declarations.function(
      "getHost", .unary("url_get_host", member: true, cost: .linear) { (url: URLReference) in url.host })
    declarations.function(
      "getHostname",
      .unary("url_get_hostname", member: true, cost: .linear) { (url: URLReference) in url.hostname })
    declarations.function(
      "getPort", .unary("url_get_port", member: true, cost: .linear) { (url: URLReference) in url.port })
    declarations.function(
      "getEscapedPath",
      .unary("url_get_escaped_path", member: true, cost: .linear) { (url: URLReference) in url.escapedPath })
    declarations.function(
      "getQuery",
      .unary(
        "url_get_query", member: true, returns: .map(.string, .list(.string)),
        cost: .custom { URLReference.extract($0[0])?.queryCost ?? 0 }
      ) { (url: URLReference) in
        MapValue(url.query.map { (.string($0.key), .list($0.values.map(Value.string))) })
      })
  }
}
