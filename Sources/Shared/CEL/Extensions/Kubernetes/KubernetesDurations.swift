// SPDX-License-Identifier: Apache-2.0

/// `duration.getMilliseconds()` as Kubernetes has it: the whole span in milliseconds.
///
/// The language's own gives the milliseconds of the last second: 3723004 there is 4. In an environment with this library
/// Kubernetes' meaning takes its place.
public struct KubernetesDurations: Library {
  /// `kubernetes.durations`
  public let name = "kubernetes.durations"

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
