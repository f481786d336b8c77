// SPDX-License-Identifier: Apache-2.0

extension Parser {
  /// CEL's reserved words. They can be keys after a dot, but not names.
  static let reserved: Set<String> = [
    "as", "break", "const", "continue", "else", "for", "function", "if", "import", "let", "loop", "package",
    "namespace", "return", "var", "void", "while",
  ]

  /// Parses a primary expression and the selections, calls and indexes after it.
  mutating func postfix() throws(SyntaxError) -> Expr { try postfix(of: try primary()) }

  mutating func postfix(of operand: Expr) throws(SyntaxError) -> Expr {
    var result = operand
    while true {
      let offset = token.offset
      if try accept(.dot) {
        result = try member(of: result, offset)
      } else if try accept(.leftBracket) {
        let function = try accept(.question) ? "_[?_]" : "_[_]"
        if at(.rightBracket) {
          throw expected("an index (for each element, write list.exists(x, …) or list.map(x, …))")
        }
        let index = try expression()
        if at(.colon) { throw expected("']' (for a part of a list, write list.slice(0, 2))") }
        guard try accept(.rightBracket) else { throw expected("']'") }
        result = try make(offset, .call(target: nil, function: function, arguments: [result, index]))
      } else if at(.leftBrace), let name = result.qualifiedName {
        result = try message(name, offset: result.startOffset)
      } else {
        return result
      }
    }
  }

  private mutating func member(of operand: Expr, _ offset: Int) throws(SyntaxError) -> Expr {
    let isOptional = try accept(.question)
    let name = try fieldName("a name after the '.'")
    if isOptional {
      let field = try make(name.offset, .literal(.string(name.text)))
      return try make(offset, .call(target: nil, function: "_?._", arguments: [operand, field]))
    }
    if name.kind == .identifier, at(.leftParenthesis) {
      try advance()
      let arguments = try arguments()
      return try call(name, target: operand, arguments)
    }
    return try make(offset, .select(operand: operand, field: name.text, testOnly: false))
  }

  /// Parses the name of a key: reserved words are valid; `true`, `false`, `null` and `in` are not.
  private mutating func fieldName(_ what: String) throws(SyntaxError) -> Token {
    let name = token
    let word = at(.in) ? "in" : name.kind == .identifier ? name.text : ""
    if ["true", "false", "null", "in"].contains(word) {
      throw SyntaxError(
        offset: name.offset, message: "'\(word)' cannot be a key after a dot: write [\"\(word)\"]")
    }
    guard name.kind == .identifier || name.kind == .quotedIdentifier else { throw expected(what) }
    try advance()
    return name
  }

  private mutating func primary() throws(SyntaxError) -> Expr {
    let start = token
    if let literal = start.literal {
      try advance()
      return try make(start.offset, .literal(literal))
    }
    switch start.kind {
    case .identifier: return try name(leadingDot: false)
    case .symbol(.dot):
      try advance()
      guard token.kind == .identifier else { throw expected("a name after the '.'") }
      return try name(leadingDot: true)
    case .symbol(.leftParenthesis):
      try advance()
      let inner = try expression()
      if at(.comma) { throw expected("')' (a list is written as [a, b])") }
      guard try accept(.rightParenthesis) else { throw expected("')'") }
      return inner
    case .symbol(.leftBracket): return try list()
    case .symbol(.leftBrace): return try map()
    case .intMinimumMagnitude:
      throw SyntaxError(
        offset: start.offset,
        message: "number is too large for an int: for a uint, write it with u at its end")
    case .quotedIdentifier:
      throw SyntaxError(
        offset: start.offset,
        message: "unexpected '`': write a string in ' or \"; a key in ` is allowed only after a dot")
    default: throw expected("an expression")
    }
  }

  private mutating func name(leadingDot: Bool) throws(SyntaxError) -> Expr {
    let start = token
    try advance()
    switch start.text {
    case "true" where !leadingDot: return try make(start.offset, .literal(.bool(true)))
    case "false" where !leadingDot: return try make(start.offset, .literal(.bool(false)))
    case "null" where !leadingDot: return try make(start.offset, .literal(.null))
    default: break
    }
    if Self.reserved.contains(start.text) {
      throw SyntaxError(
        offset: start.offset,
        message:
          "'\(start.text)' is a reserved word and cannot be a name\(ForeignSyntax.remedy(forReserved: start.text))"
      )
    }
    if try accept(.leftParenthesis) {
      let arguments = try arguments()
      return try call(start, target: nil, arguments, leadingDot: leadingDot)
    }
    return try make(start.offset, .identifier((leadingDot ? "." : "") + start.text))
  }

  /// Parses the arguments of a call and the closing parenthesis.
  private mutating func arguments() throws(SyntaxError) -> [Expr] {
    var result: [Expr] = []
    if try accept(.rightParenthesis) { return result }
    repeat { result.append(try expression()) } while try accept(.comma)
    guard try accept(.rightParenthesis) else { throw expected("',' or ')'") }
    return result
  }

  private mutating func list() throws(SyntaxError) -> Expr {
    let offset = token.offset
    try advance()
    var elements: [Expr.Element] = []
    while !at(.rightBracket), !at(.comma) {
      let isOptional = try accept(.question)
      elements.append(Expr.Element(value: try expression(), isOptional: isOptional))
      guard try accept(.comma) else { break }
      if at(.comma) { throw expected("an expression or ']'") }
    }
    if elements.isEmpty { _ = try accept(.comma) }
    guard try accept(.rightBracket) else { throw expected("',' or ']'") }
    return try make(offset, .list(elements))
  }

  private mutating func map() throws(SyntaxError) -> Expr {
    let offset = token.offset
    try advance()
    var entries: [Expr.Entry] = []
    while !at(.rightBrace), !at(.comma) {
      let isOptional = try accept(.question)
      let key = try expression()
      if at(.comma) || at(.rightBrace) {
        throw expected("':' between key and value (a list is written as [a, b])")
      }
      guard try accept(.colon) else { throw expected("':' between key and value") }
      entries.append(Expr.Entry(key: key, value: try expression(), isOptional: isOptional))
      guard try accept(.comma) else { break }
      if at(.comma) { throw expected("an entry or '}'") }
    }
    if entries.isEmpty { _ = try accept(.comma) }
    guard try accept(.rightBrace) else { throw expected("',' or '}'") }
    return try make(offset, .map(entries))
  }

  private mutating func message(_ name: String, offset: Int) throws(SyntaxError) -> Expr {
    try advance()
    var fields: [Expr.Field] = []
    while !at(.rightBrace), !at(.comma) {
      let isOptional = try accept(.question)
      let field = try fieldName("a field's name")
      guard try accept(.colon) else { throw expected("':' between field and value") }
      fields.append(
        Expr.Field(name: field.text, offset: field.offset, value: try expression(), isOptional: isOptional))
      guard try accept(.comma) else { break }
      if at(.comma) { throw expected("a field or '}'") }
    }
    if fields.isEmpty { _ = try accept(.comma) }
    guard try accept(.rightBrace) else { throw expected("',' or '}'") }
    return try make(offset, .message(name: name, fields: fields))
  }

  /// A call, or its expansion if it is a macro.
  private mutating func call(
    _ name: Token, target: Expr?, _ arguments: [Expr], leadingDot: Bool = false
  ) throws(SyntaxError) -> Expr {
    if !leadingDot, let macro = macro(name.text, isMember: target != nil, arguments.count) {
      var context = MacroContext(nextID: lastID, offset: name.offset)
      let expansion: Expr?
      do throws(MacroError) {
        expansion = try macro.expand(&context, target, arguments)
      } catch {
        throw SyntaxError(offset: error.offset, message: error.message, code: .macro)
      }
      adopt(context)
      if let expansion { return try bounded(expansion) }
    }
    return try make(
      name.offset, .call(target: target, function: (leadingDot ? "." : "") + name.text, arguments: arguments))
  }

  private func macro(_ name: String, isMember: Bool, _ count: Int) -> Macro? {
    macros[Declarations.MacroKey(name: name, isMember: isMember, argumentCount: count)]
      ?? macros[Declarations.MacroKey(name: name, isMember: isMember, argumentCount: nil)]
  }
}

extension Token {
  fileprivate var literal: Value? {
    switch kind {
    case .int(let value): .int(value)
    case .uint(let value): .uint(value)
    case .double(let value): .double(value)
    case .string(let value): .string(value)
    case .bytes(let value): .bytes(value)
    default: nil
    }
  }
}

extension Expr {
  /// `a.b.c` for a chain of plain selections on a name; nil for other expressions.
  package var qualifiedName: String? {
    switch kind {
    case .identifier(let name): name
    case .select(let operand, let field, false): operand.qualifiedName.map { "\($0).\(field)" }
    default: nil
    }
  }

  /// The qualified name if the chain has at most `limit` parts. The text of a longer chain is not created.
  func qualifiedName(parts limit: Int) -> String? {
    var rest = self
    for _ in 0..<limit {
      switch rest.kind {
      case .identifier: return qualifiedName
      case .select(let operand, _, false): rest = operand
      default: return nil
      }
    }
    return nil
  }

  /// The offset of the leftmost part.
  var startOffset: Int {
    switch kind {
    case .select(let operand, _, _): operand.startOffset
    case .call(let target?, _, _): target.startOffset
    default: offset
    }
  }
}
