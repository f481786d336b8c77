// SPDX-License-Identifier: Apache-2.0

/// What a data event looks like on stdout.
package enum OutputFormat: String, Sendable, CaseIterable {
  case json, name, table
}

/// How events are printed, for all scopes alike.
package struct OutputOptions: Sendable {
  package var format = OutputFormat.json
  package var printsBookmarks = false
  /// Says where an event came from; always, or where there is more than one place.
  package var printsSource = false
  package var revealsSecrets = false
  /// Paths that are cut out of objects.
  package var pruned: [String] = []
  /// `-o table` on a terminal that wants it.
  package var usesColour = false
}
