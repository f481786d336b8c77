// SPDX-License-Identifier: Apache-2.0
import CYAML
import Encoding

/// A YAML (or JSON) document as libyaml reads it: scalars stay text, aliases share what they name.
///
/// libyaml itself, and not a Swift package over it: those bring all of Foundation, which would be two thirds of
/// a program that reads it.
package indirect enum YAMLNode: Equatable, Sendable {
  /// `isPlain`: written without quotes, so that `null` means nothing.
  case scalar(String, isPlain: Bool)
  case sequence([YAMLNode])
  case mapping(Mapping)

  /// In the order of the text; `line` counts from 1.
  package typealias Mapping = [(key: YAMLNode, value: YAMLNode, line: Int)]

  package struct SyntaxError: Error, CustomStringConvertible {
    package var description: String
  }

  /// No configuration is nested deeper; deeper text is an attack on the stack.
  package static let depthLimit = 100

  package static func == (left: YAMLNode, right: YAMLNode) -> Bool {
    switch (left, right) {
    case (.scalar(let left, _), .scalar(let right, _)): left == right
    case (.sequence(let left), .sequence(let right)): left == right
    case (.mapping(let left), .mapping(let right)):
      left.elementsEqual(right) { $0.key == $1.key && $0.value == $1.value }
    default: false
    }
  }

  /// The text of a scalar.
  package var string: String? { if case .scalar(let text, _) = self { text } else { nil } }

  package var isNull: Bool {
    guard case .scalar(let text, isPlain: true) = self else { return false }
    return ["", "~", "null", "Null", "NULL"].contains(text)
  }

  /// The first document of a text, as kubectl reads a kubeconfig; nil if there is none.
  package static func parse(_ text: [UInt8]) throws(SyntaxError) -> YAMLNode? {
    var reader = Reader(text)
    defer { reader.end() }
    return try reader.document()?.node
  }

  /// All documents of a text, each with the line that it begins in.
  ///
  /// Without aliases, nodes are no larger than the text. With them, a few lines can expand to any size.
  package static func parseAll(
    _ text: [UInt8], allowsAliases: Bool = true
  ) throws(SyntaxError) -> [(node: YAMLNode, line: Int)] {
    var reader = Reader(text, allowsAliases: allowsAliases)
    defer { reader.end() }
    var documents: [(node: YAMLNode, line: Int)] = []
    while let document = try reader.document() { documents.append(document) }
    return documents
  }

  /// Whether a text has more than one document: content after its second `---`, or text after `...`.
  package static func hasSeveralDocuments(_ text: [UInt8]) -> Bool {
    var reader = Reader(text)
    defer { reader.end() }
    return (try? reader.document()) != nil && reader.hasContent()
  }
}

/// libyaml's events, made into nodes.
@safe private struct Reader {
  private let parser: UnsafeMutablePointer<yaml_parser_t>
  private let input: UnsafeMutableBufferPointer<UInt8>
  private let allowsAliases: Bool
  private var anchors: [String: YAMLNode] = [:]
  /// The line in which the last event began.
  private var line = 0

  private enum Event {
    case scalar(String, isPlain: Bool, anchor: String?)
    case alias(String)
    case sequenceStart(String?)
    case mappingStart(String?)
    case close
    case other
    case streamEnd
  }

  init(_ text: [UInt8], allowsAliases: Bool = true) {
    self.allowsAliases = allowsAliases
    unsafe parser = .allocate(capacity: 1)
    unsafe input = .allocate(capacity: max(1, text.count))
    unsafe _ = input.initialize(from: text)
    unsafe _ = yaml_parser_initialize(parser)
    unsafe yaml_parser_set_input_string(parser, input.baseAddress, text.count)
  }

  func end() {
    unsafe yaml_parser_delete(parser)
    unsafe parser.deallocate()
    unsafe input.deallocate()
  }

  /// The next document, and the line that it begins in.
  mutating func document() throws(YAMLNode.SyntaxError) -> (node: YAMLNode, line: Int)? {
    anchors = [:]
    while true {
      switch try next() {
      case .streamEnd: return nil
      case .other: continue
      case let event:
        let line = line
        return (try node(event, depth: 0), line)
      }
    }
  }

  /// Whether anything but empty documents follows.
  mutating func hasContent() -> Bool {
    while true {
      switch try? next() {
      case .streamEnd: return false
      case .other, .scalar("", isPlain: true, anchor: nil): continue
      default: return true
      }
    }
  }

  private mutating func node(_ event: Event, depth: Int) throws(YAMLNode.SyntaxError) -> YAMLNode {
    guard depth < YAMLNode.depthLimit else {
      throw YAMLNode.SyntaxError(description: "it is nested too deeply")
    }
    switch event {
    case .scalar(let text, let isPlain, let anchor):
      return remember(.scalar(text, isPlain: isPlain), anchor)
    case .alias(let name):
      guard allowsAliases else {
        throw YAMLNode.SyntaxError(description: "line \(line): an alias (*\(name)) is not accepted here")
      }
      guard let node = anchors[name] else {
        throw YAMLNode.SyntaxError(description: "alias '\(name)' names nothing")
      }
      return node
    case .sequenceStart(let anchor):
      var elements: [YAMLNode] = []
      while true {
        let event = try next()
        if case .close = event { return remember(.sequence(elements), anchor) }
        elements.append(try node(event, depth: depth + 1))
      }
    case .mappingStart(let anchor):
      var members: YAMLNode.Mapping = []
      while true {
        let event = try next()
        let line = line
        if case .close = event { return remember(.mapping(Self.merging(members)), anchor) }
        let key = try node(event, depth: depth + 1)
        members.append((key, try node(try next(), depth: depth + 1), line))
      }
    case .close, .other, .streamEnd: throw YAMLNode.SyntaxError(description: "it ends too early")
    }
  }

  /// Resolves YAML 1.1's merge key: `<<: *base` adds those members of `base` that the mapping does not have itself.
  private static func merging(_ members: YAMLNode.Mapping) -> YAMLNode.Mapping {
    guard members.contains(where: { $0.key.string == "<<" }) else { return members }
    var result = members.filter { $0.key.string != "<<" }
    var keys = Set(result.compactMap(\.key.string))
    for (key, value, _) in members where key.string == "<<" {
      let bases: [YAMLNode] = if case .sequence(let nodes) = value { nodes } else { [value] }
      for case .mapping(let base) in bases {
        result += base.filter { member in member.key.string.map { keys.insert($0).inserted } ?? true }
      }
    }
    return result
  }

  private mutating func remember(_ node: YAMLNode, _ anchor: String?) -> YAMLNode {
    if let anchor { anchors[anchor] = node }
    return node
  }

  private mutating func next() throws(YAMLNode.SyntaxError) -> Event {
    var event = unsafe yaml_event_t()
    guard unsafe yaml_parser_parse(parser, &event) == 1 else { throw fault() }
    defer { unsafe yaml_event_delete(&event) }
    line = unsafe event.start_mark.line + 1
    switch unsafe event.type {
    case YAML_SCALAR_EVENT:
      let scalar = unsafe event.data.scalar
      let bytes = unsafe UnsafeBufferPointer(start: scalar.value, count: scalar.length)
      let tag = unsafe Self.text(scalar.tag)
      // The tag `!` makes it text, as in `! 5`, although libyaml calls such a scalar plain.
      var isPlain = unsafe scalar.style == YAML_PLAIN_SCALAR_STYLE && scalar.plain_implicit != 0 && tag != "!"
      var text = unsafe String(decoding: bytes, as: UTF8.self)
      if tag == "tag:yaml.org,2002:binary" {
        guard let decoded = unsafe Base64.decode(bytes) else {
          throw YAMLNode.SyntaxError(description: "line \(line): a !!binary value is not base64")
        }
        text = String(decoding: decoded, as: UTF8.self)
      } else if let type = tag.flatMap(PlainScalar.type(ofTag:)) {
        guard PlainScalar(text).isOf(type) else {
          throw YAMLNode.SyntaxError(description: "line \(line): '\(text)' is not of the type !!\(type)")
        }
        isPlain = true
      }
      return unsafe .scalar(text, isPlain: isPlain, anchor: Self.text(scalar.anchor))
    case YAML_ALIAS_EVENT: return unsafe .alias(Self.text(event.data.alias.anchor) ?? "")
    case YAML_SEQUENCE_START_EVENT: return unsafe .sequenceStart(Self.text(event.data.sequence_start.anchor))
    case YAML_MAPPING_START_EVENT: return unsafe .mappingStart(Self.text(event.data.mapping_start.anchor))
    case YAML_SEQUENCE_END_EVENT, YAML_MAPPING_END_EVENT: return .close
    case YAML_STREAM_END_EVENT: return .streamEnd
    default: return .other
    }
  }

  private func fault() -> YAMLNode.SyntaxError {
    let problem = unsafe parser.pointee.problem.map { unsafe String(cString: $0) } ?? "it cannot be read"
    return YAMLNode.SyntaxError(
      description: unsafe "line \(parser.pointee.problem_mark.line + 1): \(problem)")
  }

  private static func text(_ pointer: UnsafeMutablePointer<UInt8>?) -> String? {
    unsafe pointer.map { unsafe String(cString: $0) }
  }
}
