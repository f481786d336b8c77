// SPDX-License-Identifier: Apache-2.0
import CEL
import JSON

extension ChannelRequest {
  /// Reads the body of a subscription.
  ///
  /// - Throws: ``HTTPError`` for a member with an unknown name or a wrong type: a misspelled `namespace`
  ///   would otherwise select all namespaces.
  init(_ body: JSONValue) throws(HTTPError) {
    guard case .object(let members) = body else { throw .badRequest("the body is not a JSON object") }
    var values: [String: String] = [:]
    var isUserScoped = false
    let texts = ChannelRequest.fields + [ChannelRequest.resumeField, "clientId"]
    var seen: Set<String> = []
    for member in members {
      let (key, value) = (member.key, member.value)
      guard seen.insert(key).inserted else { throw .badRequest("\(key) is given more than once") }
      switch value {
      case .null: break
      case .string(let text) where texts.contains(key): values[key] = text
      case .bool(let flag) where key == ChannelRequest.userScopedField: isUserScoped = flag
      case _ where texts.contains(key): throw .badRequest("\(key) is not a string")
      case _ where key == ChannelRequest.userScopedField: throw .badRequest("\(key) is not true or false")
      default:
        let known = texts + [ChannelRequest.userScopedField]
        let nearest = Suggestion.nearest(to: key, among: known)
        throw .badRequest("\(key) is not known" + (nearest.map { "; did you mean \($0)?" } ?? ""))
      }
    }
    values["clientId"] = nil
    try self.init(values, isUserScoped: isUserScoped)
  }
}
