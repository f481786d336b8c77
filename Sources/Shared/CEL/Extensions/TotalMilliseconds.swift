// SPDX-License-Identifier: Apache-2.0

/// `duration.getMilliseconds()` of cel-go and Kubernetes: the whole duration in milliseconds.
///
/// The specification's function returns only the part below a second: 500 for `90.5s`, where this one returns
/// 90500. This library replaces it.
public struct TotalMilliseconds: Library {
  /// `totalMilliseconds`
  public let name = "totalMilliseconds"

  /// The library.
  public init() {}

  /// Replaces the specification's overload.
  public func declare(in declarations: inout Declarations) {
    declarations.function(
      "getMilliseconds",
      .unary("duration_to_milliseconds", member: true) { (span: DurationValue) in span.nanoseconds / 1_000_000
      })
  }
}
