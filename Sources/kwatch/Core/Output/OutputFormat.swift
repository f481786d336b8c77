// SPDX-License-Identifier: Apache-2.0

/// The form of an event on stdout.
package enum OutputFormat: String, Sendable, CaseIterable {
  case json, yaml, name, table, wide

  /// The server's own columns.
  package var isTable: Bool { self == .table || self == .wide }
}

/// The settings for printing events, the same for all scopes.
package struct OutputOptions: Sendable {
  package var format = OutputFormat.json
  package var printsBookmarks = false
  /// Whether to add the source to each event.
  package var printsSource = false
  package var revealsSecrets = false
  /// Paths that are cut out of objects.
  package var pruned: [String] = []
  /// Whether to use colour: for a table on a terminal.
  package var usesColour = false
  /// A table on a terminal: rows are updated in place.
  package var isLive = false

  package init() {}
}
