// SPDX-License-Identifier: Apache-2.0

/// What a data event looks like on stdout.
enum OutputFormat: String, Sendable, CaseIterable {
  case json, name, table
}

/// How events are printed, for all scopes alike.
struct OutputOptions: Sendable {
  var format = OutputFormat.json
  var printsBookmarks = false
  /// Says where an event came from; always, or where there is more than one place.
  var printsSource = false
  var revealsSecrets = false
  /// Paths that are cut out of objects.
  var pruned: [String] = []
  /// `-o table` on a terminal that wants it.
  var usesColour = false
}
