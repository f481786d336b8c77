// SPDX-License-Identifier: Apache-2.0

/// A recursive-descent parser for CEL that also expands macros.
struct Parser {
  let macros: [Declarations.MacroKey: Macro]
  let limits: Limits
  private var lexer: Lexer
  private(set) var token: Token
  private(set) var lastID = 0
  private var level = 0

  init(
    _ source: String, macros: [Declarations.MacroKey: Macro], limits: Limits
  ) throws(SyntaxError) {
    self.macros = macros
    self.limits = limits
    self.lexer = Lexer(source)
    self.token = try lexer.next()
  }

  mutating func parse() throws(SyntaxError) -> Expr {
    if token.kind == .end { throw SyntaxError(offset: token.offset, message: "the expression is empty") }
    let result = try expression()
    guard token.kind == .end else { throw after(result) }
    return result
  }

  // MARK: - Tokens

  mutating func advance() throws(SyntaxError) { token = try lexer.next() }

  func at(_ symbol: Token.Symbol) -> Bool { token.kind == .symbol(symbol) }

  mutating func accept(_ symbol: Token.Symbol) throws(SyntaxError) -> Bool {
    guard at(symbol) else { return false }
    try advance()
    return true
  }

  func expected(_ what: String) -> SyntaxError {
    SyntaxError(offset: token.offset, message: "expected \(what), found \(token.description)")
  }

  /// The error for a token after the end of the expression.
  private func after(_ expression: Expr) -> SyntaxError {
    var fault = expected("an operator or the end")
    var last = expression
    while case .call(nil, _, let arguments) = last.kind, let operand = arguments.last { last = operand }
    if case .identifier("not") = last.kind {
      fault.suggestion = "!"
      return fault
    }
    if token.text == "not" {
      return SyntaxError(offset: token.offset, message: "unexpected 'not': write !(a in b)")
    }
    fault.suggestion = ForeignSyntax.infixWords[token.text.lowercased()]
    return fault
  }

  // MARK: - Nodes

  mutating func make(_ offset: Int, _ kind: Expr.Kind) throws(SyntaxError) -> Expr {
    lastID += 1
    return try bounded(Expr(id: lastID, offset: offset, kind))
  }

  mutating func adopt(_ context: MacroContext) { lastID = context.nextID }

  func bounded(_ expression: Expr) throws(SyntaxError) -> Expr {
    guard lastID <= limits.nodes else {
      throw SyntaxError(
        offset: expression.offset, message: "the expression has more than \(limits.nodes) parts", code: .limit
      )
    }
    guard expression.depth <= limits.depth else {
      throw SyntaxError(
        offset: expression.offset, message: "the expression nests more than \(limits.depth) levels deep",
        code: .limit)
    }
    return expression
  }

  // MARK: - Operators

  /// Parses `condition ? then : otherwise`, or an expression that binds tighter.
  mutating func expression() throws(SyntaxError) -> Expr {
    level += 1
    defer { level -= 1 }
    guard level <= limits.nesting else {
      throw SyntaxError(
        offset: token.offset, message: "the expression nests more than \(limits.nesting) levels deep",
        code: .limit)
    }
    let condition = try binary(1)
    let offset = token.offset
    guard try accept(.question) else { return condition }
    if at(.question) {
      throw SyntaxError(
        offset: offset, message: "CEL has no '??': write a.?b.orValue(c) for a value that may be absent",
        suggestion: ".orValue(")
    }
    let isAdjacent = at(.dot) && token.offset == offset + 1
    let then = try binary(1)
    guard try accept(.colon) else {
      if isAdjacent {
        throw SyntaxError(
          offset: offset, message: "write the '?' of an optional selection after the dot: a.?b",
          suggestion: ".?")
      }
      throw expected("the ':' of '? :'")
    }
    let otherwise = try expression()
    return try make(
      offset, .call(target: nil, function: "_?_:_", arguments: [condition, then, otherwise]))
  }

  private mutating func binary(_ minimum: Int) throws(SyntaxError) -> Expr {
    var left = try unary()
    while let (function, precedence) = token.binaryOperator, precedence >= minimum {
      if precedence <= 2 {
        left = try chain(left, function, precedence)
        continue
      }
      let offset = token.offset
      try advance()
      let right = try binary(precedence + 1)
      left = try make(offset, .call(target: nil, function: function, arguments: [left, right]))
    }
    return left
  }

  /// Parses `a && b && c …` to a balanced tree, so that a long chain is not deep.
  private mutating func chain(_ first: Expr, _ function: String, _ precedence: Int) throws(SyntaxError)
    -> Expr
  {
    var terms = [first]
    var offsets: [Int] = []
    while let next = token.binaryOperator, next.function == function {
      offsets.append(token.offset)
      try advance()
      terms.append(try binary(precedence + 1))
    }
    return try balanced(terms[...], offsets[...], function)
  }

  private mutating func balanced(
    _ terms: ArraySlice<Expr>, _ offsets: ArraySlice<Int>, _ function: String
  ) throws(SyntaxError) -> Expr {
    guard terms.count > 1 else { return terms[terms.startIndex] }
    let half = (terms.count + 1) / 2
    let split = terms.startIndex + half
    let operatorIndex = offsets.startIndex + half - 1
    let left = try balanced(terms[..<split], offsets[..<operatorIndex], function)
    let right = try balanced(terms[split...], offsets[(operatorIndex + 1)...], function)
    return try make(
      offsets[operatorIndex], .call(target: nil, function: function, arguments: [left, right]))
  }

  private mutating func unary() throws(SyntaxError) -> Expr {
    let offset = token.offset
    if at(.not) { return try repeated(.not, "!_", offset) }
    guard at(.minus) else { return try postfix() }
    return try repeated(.minus, "-_", offset)
  }

  /// Parses `!!a` and `--a`. Pairs cancel out, but two remain, because they require an operand of the right
  /// type.
  private mutating func repeated(
    _ symbol: Token.Symbol, _ function: String, _ offset: Int
  ) throws(SyntaxError) -> Expr {
    var count = 0
    while at(symbol) {
      count += 1
      try advance()
    }
    if symbol == .minus, let literal = try negativeNumber(offset) {
      // The last minus is part of the number.
      count -= 1
      return try applied(function, count, offset, to: try postfix(of: literal))
    }
    return try applied(function, count, offset, to: try postfix())
  }

  private mutating func applied(
    _ function: String, _ count: Int, _ offset: Int, to operand: Expr
  ) throws(SyntaxError) -> Expr {
    var result = operand
    for _ in 0..<(count > 2 ? 2 - count % 2 : count) {
      result = try make(offset, .call(target: nil, function: function, arguments: [result]))
    }
    return result
  }

  private mutating func negativeNumber(_ offset: Int) throws(SyntaxError) -> Expr? {
    let value: Value
    switch token.kind {
    case .int(let magnitude): value = .int(-magnitude)
    case .intMinimumMagnitude: value = .int(.min)
    case .double(let magnitude): value = .double(-magnitude)
    default: return nil
    }
    try advance()
    return try make(offset, .literal(value))
  }
}

extension Token {
  /// The function of a binary operator, and its precedence (1 is the lowest).
  fileprivate var binaryOperator: (function: String, precedence: Int)? {
    guard case .symbol(let symbol) = kind else { return nil }
    switch symbol {
    case .or: return ("_||_", 1)
    case .and: return ("_&&_", 2)
    case .equal: return ("_==_", 3)
    case .notEqual: return ("_!=_", 3)
    case .less: return ("_<_", 3)
    case .lessOrEqual: return ("_<=_", 3)
    case .greater: return ("_>_", 3)
    case .greaterOrEqual: return ("_>=_", 3)
    case .in: return ("@in", 3)
    case .plus: return ("_+_", 4)
    case .minus: return ("_-_", 4)
    case .star: return ("_*_", 5)
    case .slash: return ("_/_", 5)
    case .percent: return ("_%_", 5)
    default: return nil
    }
  }
}
