// SPDX-License-Identifier: Apache-2.0

/// Indexing, membership and `size` of lists and maps.
enum ContainerFunctions {
  private static let list = ValueType.list(.t)
  private static let map = ValueType.map(.t, .parameter("V"))

  static func declare(in declarations: inout Declarations) {
    declarations.function(
      "_[_]",
      Overload("index_list", [list, .int], returns: .t, nil),
      Overload("index_map", [map, .t], returns: .parameter("V"), nil),
      Overload("optional_list_index_int", [.optional(list), .int], returns: .optional(.t), nil),
      Overload("optional_map_index_value", [.optional(map), .t], returns: .optional(.parameter("V")), nil))
    declarations.function(
      "_[?_]",
      Overload("list_optindex_optional_int", [list, .int], returns: .optional(.t), nil),
      Overload("map_optindex_optional_value", [map, .t], returns: .optional(.parameter("V")), nil),
      Overload("optional_list_optindex_optional_int", [.optional(list), .int], returns: .optional(.t), nil),
      Overload(
        "optional_map_optindex_optional_value", [.optional(map), .t], returns: .optional(.parameter("V")), nil
      ))
    // The checker handles this function; it is declared only for its name.
    declarations.function(
      "_?._", Overload("select_optional_field", [.dyn, .string], returns: .optional(.dyn), nil))
    declarations.function(
      "@in",
      Overload("in_list", [.t, list], returns: .bool, nil),
      Overload("in_map", [.t, map], returns: .bool, nil))
    for (name, type) in [("string", ValueType.string), ("bytes", .bytes), ("list", list), ("map", map)] {
      declarations.function(
        "size",
        Overload("size_\(name)", [type], returns: .int, .unary(size)),
        Overload("\(name)_size", member: true, [type], returns: .int, .unary(size)))
    }
    // Adds an entry to the result of transformMap. Never called, because the planner has a node for that
    // macro.
    declarations.function(
      "cel.@mapInsert",
      Overload("@mapInsert_map_key_value", [map, .t, .parameter("V")], returns: map, nil),
      Overload("@mapInsert_map_map", [map, map], returns: map, nil))
  }

  @Sendable private static func size(_ value: Value) throws(EvaluationError) -> Value {
    guard let size = value.size else { throw .noMatchingOverload }
    return .int(size)
  }
}
