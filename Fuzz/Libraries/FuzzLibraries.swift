// SPDX-License-Identifier: Apache-2.0
//
// libFuzzer's entry for what CEL's libraries read: quantities, versions, addresses, URLs, formats, patterns. How to run it:
// Fuzz/README.md.

@testable import CEL

/// Passes the input to every parser. A value that is printed must be parsed as the same value.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzLibraries(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  let text = unsafe String(decoding: UnsafeBufferPointer(start: start, count: count), as: UTF8.self)
  if let quantity = try? Quantity(parsing: text) {
    precondition((try? Quantity(parsing: quantity.text)) == quantity)
    precondition((quantity + quantity - quantity).number == quantity.number)
    _ = quantity.number.double
  }
  if let address = try? IPAddress(parsing: text) {
    precondition((try? IPAddress(parsing: address.text)) == address)
  }
  if let range = try? AddressRange(parsing: text) {
    precondition((try? AddressRange(parsing: range.text)) == range && range.contains(range.masked))
  }
  if let version = try? SemanticVersion(parsing: text, normalising: true) {
    precondition(version.compare(version) == 0)
  }
  if let url = try? URLReference(parsing: text) { _ = (url.escapedPath, url.query, url.hostname, url.port) }
  for format in NamedFormat.all { _ = format.problems(text) }

  let half = String(text.unicodeScalars.prefix(text.unicodeScalars.count / 2))
  let list = ListValue([.string(half), .double(1.5), .int(-1), .bytes(Array(text.utf8))])
  var meter = Meter(100_000_000)
  for dialect in [Dialect.celGo, .kubernetes] { _ = try? StringFormat.format(text, list, dialect, &meter) }
  precondition(StringOperations.reverse(StringOperations.reverse(text)).utf8.elementsEqual(text.utf8))
  precondition(
    (try? StringOperations.split(text, half, limit: .max, &meter))?.joined(separator: half).utf8
      .elementsEqual(text.utf8) ?? true)
  _ = (try? StringOperations.indexOf(text, half), try? StringOperations.lastIndexOf(text, half, from: 3))
  _ = try? StringOperations.replace(text, half, "é", limit: .max, &meter)
  if count < 200 {
    if let regex = try? RuntimePatterns.regex(text, &meter) {
      _ = try? RegexSearch.replace(half, regex, "\\0", limit: .max, &meter)
      _ = try? RegexSearch.extractAll(half, regex, &meter)
    }
  }
  precondition(Base64.decode(Base64.encode(Array(text.utf8))) == Array(text.utf8))
  return 0
}
