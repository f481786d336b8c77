// SPDX-License-Identifier: Apache-2.0
import JSON

/// A resource's schema and all the schemas that it refers to, cut out of the document that a server has on an API group:
/// of 250 schemas in 2 MB, a Pod needs 120.
///
/// It takes OpenAPI v3 (`components.schemas`) and v2 (`definitions`, whose references are rewritten). Some servers write
/// each schema in the three parts of its Go type, `SchemaProps`, `ArbitraryKeys` and `SwaggerSchemaProps`; these are
/// merged.
struct SchemaDocument {
  private let text: [UInt8]
  /// The position of each schema.
  private var schemas: [String: Range<Int>] = [:]

  private static let kindKey = "x-kubernetes-group-version-kind"
  private static let parts: Set<String> = ["SchemaProps", "ArbitraryKeys", "SwaggerSchemaProps"]
  private static let depthLimit = 256

  /// - Throws: `JSONError` for text that is not such a document.
  init(_ text: [UInt8]) throws(JSONError) {
    self.text = text
    for (key, range) in try Self.members(text.span, at: 0) {
      switch key {
      case "components":
        for (key, range) in try Self.members(text.span, at: range.lowerBound) where key == "schemas" {
          try add(range)
        }
      case "definitions": try add(range)
      default: break
      }
    }
  }

  private mutating func add(_ range: Range<Int>) throws(JSONError) {
    for (name, schema) in try Self.members(text.span, at: range.lowerBound) { schemas[name] = schema }
  }

  /// The document for one resource.
  ///
  /// - Returns: nil if there is no schema of the resource's kind.
  func extract(_ resource: APIResource) throws(JSONError) -> [UInt8]? {
    var root: String?
    for (name, range) in schemas where try describes(range, resource) { root = min(root ?? name, name) }
    guard let root else { return nil }
    var written: [String: [UInt8]] = [:]
    var waiting = [root]
    while let name = waiting.popLast() {
      guard written[name] == nil, let range = schemas[name] else { continue }
      var (output, references): ([UInt8], [String]) = ([], [])
      var walker = JSONWalker(at: range.lowerBound)
      try write(&walker, &output, &references, depth: 0)
      written[name] = output
      waiting += references
    }
    var writer = JSONWriter()
    writer.object {
      $0.member("openapi", "3.0.0")
      $0.member("x-schema", root)
      $0.key(Self.kindKey)
      $0.object {
        $0.member("group", resource.group)
        $0.member("version", resource.version)
        $0.member("kind", resource.kind)
      }
      $0.key("components")
      $0.object {
        $0.key("schemas")
        $0.object { schemas in
          for (name, text) in written.sorted(by: { $0.key < $1.key }) { schemas.member(name, raw: text) }
        }
      }
    }
    return writer.bytes
  }

  /// Whether a schema is that of the resource's kind.
  private func describes(_ range: Range<Int>, _ resource: APIResource) throws(JSONError) -> Bool {
    for (key, range) in try flattened(at: range.lowerBound) where key == Self.kindKey {
      return try JSONValue(parsing: text.span.extracting(range)).elements.contains {
        $0["group"]?.string == resource.group && $0["version"]?.string == resource.version
          && $0["kind"]?.string == resource.kind
      }
    }
    return false
  }

  // MARK: - Writing

  private func write(
    _ walker: inout JSONWalker, _ output: inout [UInt8], _ references: inout [String], depth: Int
  ) throws(JSONError) {
    guard depth < Self.depthLimit else { throw .tooDeep }
    let text = text.span
    switch try walker.peek(text) {
    case UInt8(ascii: "{"):
      let start = walker.position
      try walker.skipValue(text)
      var separator = UInt8(ascii: "{")
      for (key, range) in try flattened(at: start) {
        output.append(separator)
        separator = UInt8(ascii: ",")
        output += Array(JSONText.string(key).utf8) + [UInt8(ascii: ":")]
        if key == "$ref", let name = Self.name(try JSONValue(parsing: text.extracting(range)).string) {
          references.append(name)
          output += Array(JSONText.string("#/components/schemas/\(name)").utf8)
        } else {
          var inner = JSONWalker(at: range.lowerBound)
          try write(&inner, &output, &references, depth: depth + 1)
        }
      }
      if separator == UInt8(ascii: "{") { output.append(separator) }
      output.append(UInt8(ascii: "}"))
    case UInt8(ascii: "["):
      try walker.enterArray(text)
      output.append(UInt8(ascii: "["))
      var isFirst = true
      while try walker.nextElement(text) {
        if !isFirst { output.append(UInt8(ascii: ",")) }
        isFirst = false
        try write(&walker, &output, &references, depth: depth + 1)
      }
      output.append(UInt8(ascii: "]"))
    default: output += text.bytes(try walker.skipValue(text))
    }
  }

  /// The name in a reference to a schema of the same document; nil for any other reference.
  private static func name(_ reference: String?) -> String? {
    for prefix in ["#/components/schemas/", "#/definitions/"] {
      guard let reference, reference.hasPrefix(prefix) else { continue }
      return String(reference.dropFirst(prefix.count))
    }
    return nil
  }

  /// The members of an object; of a schema in parts, those of its parts.
  private func flattened(at start: Int) throws(JSONError) -> [(key: String, value: Range<Int>)] {
    let members = try Self.members(text.span, at: start)
    guard Self.parts.isSubset(of: members.map(\.key)) else { return members }
    var result: [(key: String, value: Range<Int>)] = []
    for member in members {
      guard Self.parts.contains(member.key) else {
        result.append(member)
        continue
      }
      result += try Self.members(text.span, at: member.value.lowerBound)
    }
    return result
  }

  /// The members of the object that starts at `start`; none for any other value.
  private static func members(
    _ text: Span<UInt8>, at start: Int
  ) throws(JSONError) -> [(key: String, value: Range<Int>)] {
    var walker = JSONWalker(at: start)
    guard try walker.peek(text) == UInt8(ascii: "{") else { return [] }
    try walker.enterObject(text)
    var result: [(key: String, value: Range<Int>)] = []
    while let key = try walker.nextKey(text) {
      result.append((text.unescaped(key), try walker.skipValue(text)))
    }
    return result
  }
}
