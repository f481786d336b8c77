// SPDX-License-Identifier: Apache-2.0

/// What an event looks like on stdout.
package enum OutputFormat: String, Sendable, CaseIterable {
  case json, yaml, name, table, wide

  /// The server's own columns.
  package var isTable: Bool { self == .table || self == .wide }
}

/// How events are printed, for all scopes alike.
package struct OutputOptions: Sendable {
  package var format = OutputFormat.json
  package var printsBookmarks = false
  /// Adds the source to each event; always, or if there are several.
  package var printsSource = false
  package var revealsSecrets = false
  /// Paths that are cut out of objects.
  package var pruned: [String] = []
  /// A table, on a terminal that wants colour.
  package var usesColour = false
  /// A table on a terminal: rows are updated in place.
  package var isLive = false

  package init() {}
}
