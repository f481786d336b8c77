// SPDX-License-Identifier: Apache-2.0

/// A URL as Go's net/url parses it, because Kubernetes' CEL library is based on net/url.
///
/// Percent-escapes are decoded to bytes, which may be invalid UTF-8. Invalid bytes are printed as U+FFFD.
struct URLReference: Sendable, OpaqueRepresentable {
  static let celTypeName = "kubernetes.URL"

  /// The scheme in lower case; empty if there is none.
  private(set) var scheme = ""
  /// The text after the scheme if it does not begin with a slash, as in `mailto:a@b`.
  private(set) var opaque = ""
  /// The text before `@` in the authority, as written; nil without `@`.
  private(set) var userInfo: String?
  /// Host and port, unescaped, with brackets.
  private(set) var host = ""
  /// The path, unescaped.
  private(set) var path: [UInt8] = []
  /// The path as written, if escaping `path` would give another text.
  private(set) var rawPath: [UInt8]?
  /// The text after `?`, as written.
  private(set) var rawQuery: [UInt8] = []
  /// The text after `#`, as written.
  private(set) var rawFragment: [UInt8] = []

  var weight: Int { 20 + 2 * length }

  /// The approximate length of the source text.
  private var length: Int {
    host.utf8.count + path.count + rawQuery.count + rawFragment.count + opaque.utf8.count
  }

  /// The cost of parsing the query: each parameter becomes a list in a map.
  var queryCost: Int { rawQuery.count + 40 * (1 + rawQuery.count { $0 == UInt8(ascii: "&") }) }

  /// Parses an absolute URL or an absolute path, as Kubernetes' `url()` does.
  ///
  /// As in Kubernetes, it must also be a valid request target, where `#` is an ordinary character.
  ///
  /// - Throws: ``EvaluationError`` with Go's message.
  init(parsing text: String) throws(EvaluationError) {
    if let problem = URLReference.requestProblem(text) {
      throw .invalidArgument("URL parse error during conversion from string: \(problem)")
    }
    do throws(URLEscape.FormatError) {
      var bytes = Array(text.utf8)[...]
      if let hash = bytes.firstIndex(of: UInt8(ascii: "#")) {
        let fragment = bytes[(hash + 1)...]
        _ = try URLEscape.unescape(fragment, .fragment)
        rawFragment = Array(fragment)
        bytes = bytes[..<hash]
      }
      try parse(bytes, isRequest: false)
    } catch {
      throw .invalidArgument(
        "URL parse error during conversion from string: parse \"\(text)\": \(error.reason)")
    }
  }

  /// Why `text` is not an absolute URL or path; nil if it is one. `isURL` depends on this alone.
  static func requestProblem(_ text: String) -> String? {
    do throws(URLEscape.FormatError) {
      var url = URLReference()
      try url.parse(Array(text.utf8)[...], isRequest: true)
      return nil
    } catch {
      return "parse \"\(text)\": \(error.reason)"
    }
  }

  private init() {}

  static func == (left: URLReference, right: URLReference) -> Bool {
    left.scheme == right.scheme && left.opaque.isUTF8Equal(to: right.opaque)
      && left.userInfo == right.userInfo
      && left.host.isUTF8Equal(to: right.host) && left.escapedPath == right.escapedPath
      && left.rawQuery == right.rawQuery && left.rawFragment == right.rawFragment
  }

  // MARK: - Parts

  /// The host, without port and brackets.
  var hostname: String { URLReference.split(host).hostname }

  /// The digits of the port; empty if there is none.
  var port: String { URLReference.split(host).port }

  /// The escaped path: as it was written if that is valid.
  var escapedPath: String {
    if let rawPath, URLEscape.isValidPath(rawPath) { return String(decoding: rawPath, as: UTF8.self) }
    return String(decoding: URLEscape.escapePath(path), as: UTF8.self)
  }

  /// The query's parameters in order of first occurrence. Malformed parameters are left out, as in Go.
  var query: [(key: String, values: [String])] {
    var places: [UTF8String: Int] = [:]
    var result: [(key: String, values: [String])] = []
    for part in rawQuery.split(separator: UInt8(ascii: "&")) where !part.contains(UInt8(ascii: ";")) {
      let (name, text) = part.cut(at: UInt8(ascii: "="))
      guard let key = try? URLEscape.unescape(name, .query),
        let value = try? URLEscape.unescape(text ?? [], .query)
      else { continue }
      let keyText = String(decoding: key, as: UTF8.self)
      let valueText = String(decoding: value, as: UTF8.self)
      if let place = places[UTF8String(keyText)] {
        result[place].values.append(valueText)
      } else {
        places[UTF8String(keyText)] = result.count
        result.append((keyText, [valueText]))
      }
    }
    return result
  }

  private static func split(_ host: String) -> (hostname: String, port: String) {
    var name = Array(host.utf8)[...]
    var port = ""
    if let colon = name.lastIndex(of: UInt8(ascii: ":")), isPort(name[colon...]) {
      port = String(decoding: name[(colon + 1)...], as: UTF8.self)
      name = name[..<colon]
    }
    if name.first == UInt8(ascii: "["), name.last == UInt8(ascii: "]"), name.count > 1 {
      name = name.dropFirst().dropLast()
    }
    return (String(decoding: name, as: UTF8.self), port)
  }

  // MARK: - Parsing

  private mutating func parse(_ text: ArraySlice<UInt8>, isRequest: Bool) throws(URLEscape.FormatError) {
    guard !text.contains(where: { $0 < 0x20 || $0 == 0x7F }) else {
      throw .init("net/url: invalid control character in URL")
    }
    guard !text.isEmpty || !isRequest else { throw .init("empty url") }
    if text.elementsEqual("*".utf8) {
      path = Array(text)
      rawPath = path
      return
    }
    var rest = try takeScheme(text)
    let (beforeQuery, query) = rest.cut(at: UInt8(ascii: "?"))
    rest = beforeQuery
    rawQuery = Array(query ?? [])
    if rest.first != UInt8(ascii: "/") {
      if !scheme.isEmpty {
        opaque = String(decoding: rest, as: UTF8.self)
        return
      }
      if isRequest { throw .init("invalid URI for request") }
      // Other parsers would take a colon here for the end of a scheme: RFC 3986 section 4.2.
      if rest.prefix(while: { $0 != UInt8(ascii: "/") }).contains(UInt8(ascii: ":")) {
        throw .init("first path segment in URL cannot contain colon")
      }
    }
    let hasAuthority = !scheme.isEmpty || (!isRequest && !rest.starts(with: "///".utf8))
    if hasAuthority, rest.starts(with: "//".utf8) {
      let authority = rest.dropFirst(2)
      let slash = authority.firstIndex(of: UInt8(ascii: "/")) ?? authority.endIndex
      try takeAuthority(authority[..<slash])
      rest = authority[slash...]
    }
    path = try URLEscape.unescape(rest, .path)
    if !URLEscape.escapePath(path).elementsEqual(rest) { rawPath = Array(rest) }
  }

  private mutating func takeScheme(_ text: ArraySlice<UInt8>) throws(URLEscape.FormatError) -> ArraySlice<
    UInt8
  > {
    for index in text.indices {
      switch text[index] {
      case 0x41...0x5A, 0x61...0x7A: continue
      case 0x30...0x39, UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "."):
        if index == text.startIndex { return text }
      case UInt8(ascii: ":"):
        guard index > text.startIndex else { throw .init("missing protocol scheme") }
        scheme = String(decoding: text[..<index], as: UTF8.self).lowercased()
        return text[(index + 1)...]
      default: return text
      }
    }
    return text
  }

  private mutating func takeAuthority(_ authority: ArraySlice<UInt8>) throws(URLEscape.FormatError) {
    guard let at = authority.lastIndex(of: UInt8(ascii: "@")) else {
      host = try URLReference.host(authority)
      return
    }
    host = try URLReference.host(authority[(at + 1)...])
    let user = authority[..<at]
    guard user.allSatisfy({ URLEscape.isAlphanumeric($0) || "-._:~!$&'()*+,;=%@".utf8.contains($0) }) else {
      throw .init("net/url: invalid userinfo")
    }
    _ = try URLEscape.unescape(user, .userInfo)
    userInfo = String(decoding: user, as: UTF8.self)
  }

  private static func host(_ text: ArraySlice<UInt8>) throws(URLEscape.FormatError) -> String {
    var port: ArraySlice<UInt8> = []
    var zone: Int?
    if text.first == UInt8(ascii: "[") {
      guard let bracket = text.lastIndex(of: UInt8(ascii: "]")) else { throw .init("missing ']' in host") }
      port = text[(bracket + 1)...]
      zone = text[..<bracket].firstIndex { $0 == UInt8(ascii: "%") }
        .flatMap { text[$0..<bracket].starts(with: "%25".utf8) ? $0 : nil }
      guard isPort(port) || port.isEmpty else {
        throw .init("invalid port \"\(String(decoding: port, as: UTF8.self))\" after host")
      }
      if let zone {
        // RFC 6874: a zone may contain any escape.
        let bytes =
          try URLEscape.unescape(text[..<zone], .host) + URLEscape.unescape(text[zone..<bracket], .zone)
          + URLEscape.unescape(text[bracket...], .host)
        return String(decoding: bytes, as: UTF8.self)
      }
    } else if let colon = text.lastIndex(of: UInt8(ascii: ":")) {
      port = text[colon...]
      guard isPort(port) else {
        throw .init("invalid port \"\(String(decoding: port, as: UTF8.self))\" after host")
      }
    }
    return String(decoding: try URLEscape.unescape(text, .host), as: UTF8.self)
  }

  /// Whether the text is `:` followed by digits only.
  private static func isPort(_ text: ArraySlice<UInt8>) -> Bool {
    text.first == UInt8(ascii: ":") && text.dropFirst().allSatisfy { $0 >= 0x30 && $0 <= 0x39 }
  }
}

extension Collection where Element == UInt8 {
  /// The text before and after the first separator; `after` is nil if there is no separator.
  fileprivate func cut(at separator: UInt8) -> (before: SubSequence, after: SubSequence?) {
    guard let index = firstIndex(of: separator) else { return (self[...], nil) }
    return (self[..<index], self[self.index(after: index)...])
  }
}
