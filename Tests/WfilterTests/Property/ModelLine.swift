// SPDX-License-Identifier: Apache-2.0

import Events

/// A line of a random stream, with everything that the reference needs to know about it.
struct ModelLine {
  /// The text of the line, without its newline.
  var text: String
  var isBlank = false
  var isJSON = true
  /// Nil if the line is not an event.
  var type: EventType?
  /// The members `a` and `k` of the event's object, or of the plain line.
  var numbers: [String: Int] = [:]
  /// The member `v`, a number that a double cannot represent; nil if there is none.
  var value: String?
  /// The `type` of a plain line.
  var plainType: String?

  /// A member below `old`, which is also looked for in the `object` of a plain line.
  func numberOfOld(_ key: String) -> Int? { numbers[key] ?? (plainType == "x" ? 1 : nil) }

  var isControl: Bool { type?.isControl == true }

  /// The same event with another type.
  func retyped(_ type: EventType) -> ModelLine {
    var line = self
    line.text = text.replacing(
      "\"\(self.type?.rawValue ?? "")\"", with: "\"\(type.rawValue)\"", maxReplacements: 1)
    line.type = type
    return line
  }

  /// The line with its `v` hidden.
  func redacted() -> ModelLine {
    guard let value else { return self }
    var line = self
    line.text = text.replacing(value, with: "\"***\"")
    line.value = "\"***\""
    return line
  }

  static func random(_ serial: Int, using numbers: inout SeededNumbers) -> ModelLine {
    switch Int.random(in: 0..<24, using: &numbers) {
    case 0:
      return ModelLine(text: ["", "  ", "\r", "\t"].randomElement(using: &numbers) ?? "", isBlank: true)
    case 1:
      let broken = [
        "nonsense", #"{"a":1"#, #"{"k":1,"a":1}}"#, #"{"a":1,"k":[}"#, #"{"type":"ADDED","object":{"a":1}"#,
        "\"x", "{\"a\":\"\u{FFFD}",
      ]
      return ModelLine(text: broken.randomElement(using: &numbers) ?? "", isJSON: false)
    case 2...5:
      let type = [EventType.bookmark, .error, .status].randomElement(using: &numbers) ?? .status
      return event(type, serial, using: &numbers)
    case 6...16:
      let types = [EventType.added, .modified, .modified, .deleted, .metrics]
      return event(types.randomElement(using: &numbers) ?? .added, serial, using: &numbers)
    default: return plain(serial, using: &numbers)
    }
  }

  private static func event(_ type: EventType, _ serial: Int, using numbers: inout SeededNumbers) -> ModelLine
  {
    var line = ModelLine(text: "", type: type)
    let object = line.members(serial, using: &numbers)
    let parts = ["\"type\":\"\(type.rawValue)\"", "\"object\":{\(object.joined(separator: ","))}"]
    let rest = Bool.random(using: &numbers) ? [] : [#""source":{"k":9,"a":9}"#]
    let order = Int.random(in: 0..<4, using: &numbers) == 0 ? rest + parts.reversed() : parts + rest
    line.text = "{" + order.joined(separator: ",") + "}" + line.end(using: &numbers)
    return line
  }

  private static func plain(_ serial: Int, using numbers: inout SeededNumbers) -> ModelLine {
    var line = ModelLine(text: "")
    var members = line.members(serial, using: &numbers)
    switch Int.random(in: 0..<6, using: &numbers) {
    case 0:
      line.plainType = "ERROR"
      members += [#""type":"ERROR""#, #""object":"disk""#]
    case 1:
      line.plainType = "ADDED"
      members.insert(#""type":"ADDED""#, at: 0)
    case 2:
      line.plainType = "x"
      members = [#""type":"x""#, #""object":{"a":1,"k":1}"#] + members
    default: break
    }
    line.text = "{" + members.joined(separator: ",") + "}" + line.end(using: &numbers)
    return line
  }

  private mutating func members(_ serial: Int, using random: inout SeededNumbers) -> [String] {
    var members: [String] = []
    for key in ["a", "k"] where Int.random(in: 0..<8, using: &random) > 0 {
      let number = Int.random(in: 0..<4, using: &random)
      numbers[key] = number
      members.append("\"\(key)\":\(number)")
      // Of repeated keys the first counts.
      if Int.random(in: 0..<12, using: &random) == 0 { members.append("\"\(key)\":7") }
    }
    if type?.isControl != true || Bool.random(using: &random) {
      let text = "1234567890123456789\(serial).50"
      value = text
      members.append("\"v\":\(text)")
    }
    return members
  }

  private func end(using random: inout SeededNumbers) -> String {
    ["", "", "", "\r", " "].randomElement(using: &random) ?? ""
  }
}
