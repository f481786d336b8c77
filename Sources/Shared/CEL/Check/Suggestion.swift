// SPDX-License-Identifier: Apache-2.0

/// Finds the declared name that the author probably meant.
package enum Suggestion {
  /// The name with the smallest edit distance, if the distance is small enough. Swapping two neighbouring
  /// letters is one edit.
  package static func nearest(to name: String, among names: [String]) -> String? {
    let limit = max(1, min(3, name.unicodeScalars.count / 3))
    var best: (name: String, distance: Int)?
    for candidate in names where candidate != name {
      let distance =
        candidate.lowercased() == name.lowercased()
        ? 0 : edits(name, candidate, limit: best?.distance ?? limit + 1)
      guard distance <= limit, distance < best?.distance ?? .max else { continue }
      best = (candidate, distance)
    }
    return best?.name
  }

  private static func edits(_ left: String, _ right: String, limit: Int) -> Int {
    let left = Array(left.unicodeScalars.prefix(64))
    let right = Array(right.unicodeScalars.prefix(64))
    guard abs(left.count - right.count) <= limit else { return .max }
    var beforePrevious: [Int] = []
    var previous = Array(0...right.count)
    for row in 0..<left.count {
      var current = [row + 1]
      for column in 0..<right.count {
        let substitution = previous[column] + (left[row] == right[column] ? 0 : 1)
        var cost = min(substitution, previous[column + 1] + 1, current[column] + 1)
        if row > 0, column > 0, left[row] == right[column - 1], left[row - 1] == right[column] {
          cost = min(cost, beforePrevious[column - 1] + 1)
        }
        current.append(cost)
      }
      beforePrevious = previous
      previous = current
    }
    return previous[right.count]
  }
}
