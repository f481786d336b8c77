// SPDX-License-Identifier: Apache-2.0

/// A Swift value that libraries pass to CEL as one of its opaque types, such as a quantity or an IP address.
///
/// Conforming is enough to use the type in the signature of a typed ``Overload``.
protocol OpaqueRepresentable: ValueConvertible, Equatable {
  /// The type's name in CEL, `net.IP` say.
  static var celTypeName: String { get }
  /// What comparing or keeping it costs: see ``OpaqueValue/weight``.
  var weight: Int { get }
}

extension OpaqueRepresentable {
  static var valueType: ValueType { .opaque(celTypeName) }

  var celValue: Value { .opaque(Opaque(self)) }

  var weight: Int { 8 }

  static func extract(_ value: Value) -> Self? {
    guard case .opaque(let opaque) = value else { return nil }
    return (opaque as? Opaque<Self>)?.wrapped
  }
}

/// The reference that CEL holds.
final class Opaque<Wrapped: OpaqueRepresentable>: OpaqueValue {
  let wrapped: Wrapped

  init(_ wrapped: Wrapped) { self.wrapped = wrapped }

  var typeName: String { Wrapped.celTypeName }

  var weight: Int { wrapped.weight }

  func isEqual(to other: any OpaqueValue) -> Bool { (other as? Opaque<Wrapped>)?.wrapped == wrapped }
}
