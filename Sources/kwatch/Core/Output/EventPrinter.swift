// SPDX-License-Identifier: Apache-2.0
import Events
import JSON
import Lines

/// Prints the events of one scope: wraps the server's bytes, and adds what they lack.
final class EventPrinter {
  private let output: OutputWriter
  private let resource: APIResource
  private let options: OutputOptions
  private let rewrite: ObjectRewrite?
  private let source: [UInt8]
  private let table: (any TableView)?
  private var reader: TableReader
  /// The rows of a page whose columns follow them.
  private var rows: [(EventType, JSONValue)] = []
  /// The members that an item of a list lacks: `"kind":"Pod","apiVersion":"v1"`.
  private let typeMeta: [UInt8]
  private let prefixes: [EventType: [UInt8]]
  private let suffix: [UInt8]
  private static let newline: [UInt8] = [0x0A]
  private static let openingBrace = Array("{".utf8)
  private static let comma = Array(",".utf8)

  init(
    _ output: OutputWriter, resource: APIResource, options: OutputOptions, cluster: String,
    namespace: String?,
    screen: LiveTable? = nil
  ) {
    self.output = output
    self.resource = resource
    self.options = options
    var rules: [ObjectRewrite] = options.pruned.map(ObjectRewrite.cutting)
    if resource.isSecret, !options.revealsSecrets { rules.append(.secrets) }
    rewrite = rules.dropFirst().reduce(rules.first) { $0?.merged(with: $1) }
    var writer = JSONWriter()
    writer.object {
      $0.member("cluster", cluster)
      $0.member("resource", resource.qualifiedName)
      if let namespace { $0.member("namespace", namespace) }
    }
    source = options.printsSource ? writer.bytes : []
    reader = TableReader(isWide: options.format == .wide, isEvents: resource.isEvents)
    let showsNamespace = resource.isNamespaced && namespace == nil
    if !options.format.isTable {
      table = nil
    } else if let screen {
      let place = namespace.map { ", namespace \($0)" } ?? ""
      table = screen.section("\(resource.qualifiedName) (\(cluster)\(place))", showsNamespace: showsNamespace)
    } else {
      table = TablePrinter(output, showsNamespace: showsNamespace, usesColour: options.usesColour)
    }
    typeMeta = Self.typeMeta(resource, hasKind: false, hasAPIVersion: false)
    prefixes = Dictionary(uniqueKeysWithValues: EventType.allCases.map { ($0, EventLine.prefix($0)) })
    suffix = EventLine.suffix(source: source)
  }

  /// A line of a watch.
  ///
  /// - Returns: false, and prints nothing, if the part of its object that was read is not JSON.
  func line(
    _ line: Span<UInt8>, _ parsed: WatchLine, as type: EventType, _ header: ObjectHeader
  ) throws(OutputError) -> Bool {
    switch options.format {
    case .json:
      if parsed.isCanonical, type == parsed.type, source.isEmpty, rewrite == nil {
        try append(line)
        try output.append(Self.newline)
        return true
      }
      guard let object = try? parsed.object(in: line) else { return false }
      return try self.object(line.extracting(object), as: type)
    case .name:
      try name(line.bytes(header.name))
      return true
    case .yaml:
      guard let object = try? parsed.object(in: line) else { return false }
      return try yaml(line.extracting(object), as: type)
    case .table, .wide:
      guard let object = try? parsed.object(in: line),
        let value = try? JSONValue(parsing: line.extracting(object))
      else { return false }
      if let definitions = value["columnDefinitions"]?.elements { reader.learn(definitions) }
      for row in value["rows"]?.elements ?? [] { table?.add(type, reader.row(row), reader) }
      try table?.endOfPage(reader)
      return true
    }
  }

  /// An item of a list.
  ///
  /// - Returns: as `line`.
  func item(_ item: Span<UInt8>, as type: EventType, _ header: ObjectHeader) throws(OutputError) -> Bool {
    switch options.format {
    case .json:
      return try complete(item, as: type, header)
    case .name:
      try name(item.bytes(header.name))
      return true
    case .yaml:
      let missing = missing(header)
      guard !missing.isEmpty else { return try yaml(item, as: type) }
      var whole = Array("{".utf8) + missing
      appendMembers(of: item, to: &whole)
      return try yaml(whole.span, as: type)
    case .table, .wide:
      guard let value = try? JSONValue(parsing: item) else { return false }
      rows.append((type, value))
      return true
    }
  }

  /// A synthetic DELETED: only kind, apiVersion and the known metadata of the object.
  func deleted(_ identity: Identity) throws(OutputError) {
    switch options.format {
    case .json, .yaml:
      let object = self.object(identity)
      if options.format == .yaml {
        _ = try yaml(object.span, as: .deleted)
      } else {
        try output.append(EventLine.make(.deleted, object: object, source: source))
      }
    case .name: try name(identity.name)
    case .table, .wide:
      let name = String(decoding: identity.name, as: UTF8.self)
      let row = TableRow(
        namespace: String(decoding: identity.namespace, as: UTF8.self), name: name, cells: [name])
      table?.add(.deleted, row, reader)
      try table?.endOfPage(reader)
    }
  }

  /// Prints a BOOKMARK line, if they are requested.
  func bookmark(_ line: Span<UInt8>, _ parsed: WatchLine) throws(OutputError) {
    guard options.printsBookmarks, options.format == .json, let object = try? parsed.object(in: line) else {
      return
    }
    _ = try self.object(line.extracting(object), as: .bookmark, isData: false)
  }

  /// Prints an ERROR line, with the server's Status if it sent one.
  func error(_ status: [UInt8]) throws(OutputError) {
    guard options.format == .json else { return }
    try output.append(EventLine.make(.error, object: status, source: source))
  }

  func metrics(_ item: Span<UInt8>, _ header: ObjectHeader) throws(OutputError) {
    guard options.format == .json else { return }
    let flat = ObjectRewrite.compact(item)
    _ = try complete(flat.span, as: .metrics, header)
  }

  /// A page of a list has ended.
  func endOfPage(_ meta: ListMeta) throws(OutputError) {
    guard let table else { return }
    if !meta.columns.isEmpty, let value = try? JSONValue(parsing: meta.columns) {
      reader.learn(value.elements)
    }
    for (type, row) in rows { table.add(type, reader.row(row), reader) }
    rows = []
    try table.endOfPage(reader)
  }

  // MARK: - Pieces

  /// A YAML document for people. The event's type is in a comment.
  private func yaml(_ object: Span<UInt8>, as type: EventType) throws(OutputError) -> Bool {
    var text: String?
    if let rewrite {
      text = (try? rewrite.apply(to: object)).flatMap { try? YAMLText.make($0.span) }
    } else {
      text = try? YAMLText.make(object)
    }
    guard let text else { return false }
    try output.append("--- # \(type.rawValue)\n\(text)")
    return true
  }

  private func name(_ name: [UInt8]) throws(OutputError) {
    try output.append(Array("\(resource.objectPrefix)/".utf8) + name + [0x0A])
  }

  private func object(
    _ object: Span<UInt8>, as type: EventType, isData: Bool = true
  ) throws(OutputError) -> Bool {
    let prefix = prefixes[type] ?? EventLine.prefix(type)
    if isData, let rewrite {
      guard let rewritten = try? rewrite.apply(to: object) else { return false }
      try output.append(prefix)
      try output.append(rewritten)
    } else {
      try output.append(prefix)
      try append(object)
    }
    try output.append(suffix)
    return true
  }

  /// Adds kind and apiVersion to an item, because a list has them once for all items.
  private func complete(
    _ item: Span<UInt8>, as type: EventType, _ header: ObjectHeader
  ) throws(OutputError) -> Bool {
    let missing = missing(header)
    guard !missing.isEmpty else { return try object(item, as: type) }
    if rewrite != nil {
      var whole = Array("{".utf8) + missing
      appendMembers(of: item, to: &whole)
      return try object(whole.span, as: type)
    }
    try output.append(prefixes[type] ?? EventLine.prefix(type))
    try output.append(Self.openingBrace)
    try output.append(missing)
    if !isEmpty(item) { try output.append(Self.comma) }
    try append(item.extracting(1..<item.count))
    try output.append(suffix)
    return true
  }

  private func missing(_ header: ObjectHeader) -> [UInt8] {
    if header.hasKind || header.hasAPIVersion {
      return Self.typeMeta(resource, hasKind: header.hasKind, hasAPIVersion: header.hasAPIVersion)
    }
    return typeMeta
  }

  private static func typeMeta(_ resource: APIResource, hasKind: Bool, hasAPIVersion: Bool) -> [UInt8] {
    var writer = JSONWriter()
    // Without discovery the kind is unknown; no kind is better than an empty one.
    if !hasKind, !resource.kind.isEmpty { writer.member("kind", resource.kind) }
    if !hasAPIVersion { writer.member("apiVersion", resource.apiVersion) }
    return writer.bytes
  }

  /// The known part of a deleted object. Its strings are already JSON.
  private func object(_ identity: Identity) -> [UInt8] {
    let quote = [UInt8(ascii: "\"")]
    var writer = JSONWriter()
    writer.object {
      $0.raw(typeMeta)
      $0.key("metadata")
      $0.object {
        $0.member("name", raw: quote + identity.name + quote)
        if !identity.namespace.isEmpty { $0.member("namespace", raw: quote + identity.namespace + quote) }
        if !identity.uid.isEmpty { $0.member("uid", raw: quote + identity.uid + quote) }
        // An object without a resourceVersion is remembered by a hash.
        if identity.resourceVersion.first != UInt8(ascii: "#") {
          $0.member("resourceVersion", raw: quote + identity.resourceVersion + quote)
        }
      }
    }
    return writer.bytes
  }

  private func appendMembers(of item: Span<UInt8>, to whole: inout [UInt8]) {
    if !isEmpty(item) { whole.append(UInt8(ascii: ",")) }
    whole += item.bytes(1..<item.count)
  }

  private func isEmpty(_ item: Span<UInt8>) -> Bool {
    var walker = JSONWalker(at: 1)
    return (try? walker.peek(item)) == UInt8(ascii: "}")
  }

  private func append(_ bytes: Span<UInt8>) throws(OutputError) {
    let result: Result<Void, OutputError> = unsafe bytes.withUnsafeBytes { buffer in
      do throws(OutputError) { return .success(unsafe try output.append(buffer)) } catch {
        return .failure(error)
      }
    }
    try result.get()
  }
}
