// SPDX-License-Identifier: Apache-2.0

/// A Swift type that a library passes to CEL as an opaque type, such as a quantity or an IP address.
///
/// A conforming type can be used in the signature of a typed ``Overload``.
protocol OpaqueRepresentable: ValueConvertible, Equatable {
  /// The type's name in CEL, such as `net.IP`.
  static var celTypeName: String { get }
  /// The cost of comparing or keeping a value: see ``OpaqueValue/weight``.
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

/// The object that holds the Swift value in a CEL value.
final class Opaque<Wrapped: OpaqueRepresentable>: OpaqueValue {
  let wrapped: Wrapped

  init(_ wrapped: Wrapped) { self.wrapped = wrapped }

  var typeName: String { Wrapped.celTypeName }

  var weight: Int { wrapped.weight }

  func isEqual(to other: any OpaqueValue) -> Bool { (other as? Opaque<Wrapped>)?.wrapped == wrapped }
}
