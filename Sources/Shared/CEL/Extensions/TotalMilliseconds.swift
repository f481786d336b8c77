// SPDX-License-Identifier: Apache-2.0

/// `duration.getMilliseconds()` as cel-go and Kubernetes have it: the whole duration in milliseconds.
///
/// The specification's is the part below a second: of `90.5s` it gives 500, and this one 90500. In an environment with
/// this library it replaces the specification's.
public struct TotalMilliseconds: Library {
  /// `totalMilliseconds`
  public let name = "totalMilliseconds"

  /// The library.
  public init() {}

  /// Replaces the one overload.
  public func declare(in declarations: inout Declarations) {
    declarations.function(
      "getMilliseconds",
      .unary("duration_to_milliseconds", member: true) { (span: DurationValue) in span.nanoseconds / 1_000_000
      })
  }
}
