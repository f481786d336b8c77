// SPDX-License-Identifier: Apache-2.0

import Events
import Filter

/// The expressions of a run, compiled once and shared by its threads.
struct Expressions: Sendable {
  /// The bits of the expressions in the run's ``Watchlist``; 0 for one that is not watched.
  struct Bits: Sendable {
    var expression: UInt64 = 0
    var type: UInt64 = 0
    var kind: UInt64 = 0
    var emit: UInt64 = 0
    var failIf: UInt64 = 0
    var key: UInt64 = 0
    var dedupe: UInt64 = 0
    var paths: [UInt64] = []
  }

  let filter: LineFilter
  let emit: [LineFilter]
  let failIf: LineFilter?
  let key: LineFilter?
  let dedupe: LineFilter?
  let bits: Bits
  let watchlist: Watchlist

  /// The compiled expressions.
  var all: [LineFilter] { [filter] + emit + [failIf, key, dedupe].compactMap(\.self) }

  /// Whether an expression reads the previous line of its key.
  var usesOld: Bool { all.contains(where: \.usesOld) }

  init(_ configuration: Configuration) throws(FilterError) {
    let limit = configuration.filter.costLimit
    let state = configuration.state
    let scope = configuration.scope
    filter = try FlagHint.adding { () throws(FilterError) in
      try LineFilter(configuration.filter, scope: scope)
    }
    var emit: [LineFilter] = []
    for expression in configuration.emit { emit.append(try Self.value(expression, "--emit", limit, scope)) }
    self.emit = emit
    failIf = try Self.make(configuration.failIf) { (text) throws(FilterError) in
      try FlagHint.adding(to: "--fail-if") { () throws(FilterError) in
        try LineFilter(FilterOptions(expression: text, costLimit: limit), scope: scope)
      }
    }
    key = try Self.make(state.key) { (text) throws(FilterError) in try Self.value(text, "--key", limit, scope)
    }
    dedupe = try Self.make(state.dedupe) { (text) throws(FilterError) in
      try Self.value(text, "--dedupe", limit, scope)
    }
    var watchlist = Watchlist()
    var bits = Bits()
    if configuration.filter.expression != nil, configuration.onError == .drop {
      let isSelective = filter.hasSelectors && !configuration.isInverted
      bits.expression = watchlist.bit(isSelective ? .selectiveExpression : .expression)
    }
    if let type = filter.typeInLowercase { bits.type = watchlist.bit(.type(type)) }
    if filter.kindCheck != nil, !configuration.isInverted { bits.kind = watchlist.bit(.kind) }
    if !emit.isEmpty { bits.emit = watchlist.bit(.emit) }
    if failIf != nil { bits.failIf = watchlist.bit(.failIf) }
    if key != nil { bits.key = watchlist.bit(.key) }
    let readers = ([filter] + emit + [failIf, dedupe].compactMap(\.self)).filter(\.usesOld)
    let reader = readers.first.map { $0.usesChanges ? "changes" : "old" }
    if key == nil, let user = state.flagThatNeedsKey ?? (configuration.printsDiff ? "--diff" : reader) {
      bits.key = watchlist.bit(.defaultKey(user))
    }
    if dedupe != nil { bits.dedupe = watchlist.bit(.dedupe) }
    for path in configuration.redactions {
      bits.paths.append(watchlist.bit(.path(flag: "--redact", path.text)))
    }
    for path in configuration.drops { bits.paths.append(watchlist.bit(.path(flag: "--drop", path.text))) }
    self.bits = bits
    self.watchlist = watchlist
  }

  private static func make(
    _ text: String?, _ compile: (String) throws(FilterError) -> LineFilter
  ) throws(FilterError) -> LineFilter? {
    guard let text else { return nil }
    return try compile(text)
  }

  /// Compiles an expression that computes a value.
  private static func value(
    _ expression: String, _ flag: String, _ costLimit: Int?, _ scope: FilterScope
  ) throws(FilterError) -> LineFilter {
    try FlagHint.adding(to: flag) { () throws(FilterError) in
      try LineFilter(value: expression, costLimit: costLimit, scope: scope)
    }
  }
}
