// SPDX-License-Identifier: Apache-2.0
import CEL
import Encoding
import JSON

/// The server's side of the `/ws` protocol as a state machine: client messages in, actions out. No I/O, no
/// clock.
struct SocketSession: Sendable {
  enum ErrorCode: String, Sendable {
    case authFailed = "AUTH_FAILED"
    case authExpired = "AUTH_EXPIRED"
    case invalidMessage = "INVALID_MESSAGE"
    case invalidSubscription = "INVALID_SUBSCRIPTION"
    case rateLimited = "RATE_LIMITED"
    case internalError = "INTERNAL_ERROR"
  }

  enum Action: Equatable, Sendable {
    /// A text message to the client.
    case send(String)
    /// A message to which the id is added that the client may resume after when it gets no further event.
    case sendPosition(String)
    /// Deliver other events from here on.
    case deliver(SubscriptionSet)
    /// Deliver the events after this id.
    case resume(after: String)
    /// Look up this token, then call ``authenticated(as:)`` or ``refused()``.
    case check(token: String)
    case close(code: UInt16, reason: String)
  }

  let clientID: String
  private let knownTypes: Set<String>?
  private(set) var isAuthenticated: Bool
  private var hasExpired = false
  private let needsToken: Bool
  private(set) var subscriptions = SubscriptionSet()
  private let memory: MemoryShare

  private static let subscriptionLimit = 50
  /// The maximum length of a list in a subscription.
  private static let listLimit = 1000

  /// - Parameters:
  ///   - clientID: a new UUID for each connection.
  ///   - needsToken: whether tokens are checked at all.
  ///   - isKnown: whether the handshake carried a valid token; otherwise the first message has to be `auth`.
  ///   - knownTypes: the event types that may be subscribed to; nil allows any.
  ///   - memory: what its subscriptions may take.
  init(
    clientID: String, needsToken: Bool, isKnown: Bool = false, knownTypes: Set<String>? = nil,
    memory: MemoryShare = MemoryShare(of: .subscriptions)
  ) {
    self.memory = memory
    self.clientID = clientID
    self.needsToken = needsToken
    self.isAuthenticated = !needsToken || isKnown
    self.knownTypes = knownTypes
  }

  /// Whether ``receive(_:now:)`` may take more than a tenth of a millisecond: the message is long, or may change
  /// subscriptions with many names.
  func isCostly(_ text: [UInt8]) -> Bool { max(text.count, subscriptions.byteCount) > 4096 }

  /// Takes the subscriptions of a copy that has received a message, and what it wants to be done. A token that
  /// has expired since then still pauses delivery.
  mutating func take(_ actions: [Action], of copy: SocketSession) -> [Action] {
    subscriptions = copy.subscriptions
    guard hasExpired, !copy.hasExpired else { return actions }
    return actions.filter { if case .deliver = $0 { false } else { true } }
  }

  mutating func receive(_ text: [UInt8], now: Timestamp) -> [Action] {
    guard let message = JSONValue(text), case .object = message else {
      return [error(.invalidMessage, "not a JSON object")]
    }
    guard let type = message["type"]?.string else { return [error(.invalidMessage, "\"type\" is missing")] }
    guard isAuthenticated || type == "auth" else {
      // A message that was sent before the client learned of the expiry is not a violation.
      if hasExpired { return [error(.authExpired, SocketSession.expiry)] }
      return [error(.authFailed, "the first message must be \"auth\"")] + close()
    }
    switch type {
    case "auth": return authenticate(message)
    case "subscribe": return subscribe(message)
    case "unsubscribe": return unsubscribe(message)
    case "ping": return [pong(message, now)]
    case "pong": return []
    case "resume":
      guard let id = message["last_event_id"]?.string else {
        return [error(.invalidMessage, "\"last_event_id\" is missing")]
      }
      return [.resume(after: id)]
    default: return [error(.invalidMessage, "unknown type: \(type)")]
    }
  }

  func receivedBinary() -> [Action] { [error(.invalidMessage, "messages must be text")] }

  mutating func authenticated() -> [Action] {
    isAuthenticated = true
    hasExpired = false
    return [
      .send(#"{"type":"auth_response","status":"authenticated","client_id":\#(JSONText.string(clientID))}"#)
    ]
  }

  func refused() -> [Action] { [error(.authFailed, "the token is not valid")] + close() }

  /// Closes with 1013, "try again later" (IANA's registry of close codes), while tokens cannot be validated.
  func unverifiable() -> [Action] {
    let message = "the token cannot be validated now"
    return [error(.internalError, message), .close(code: 1013, reason: message)]
  }

  /// The token has expired: delivery pauses until the client sends another.
  mutating func expired() -> [Action] {
    isAuthenticated = false
    hasExpired = true
    return [error(.authExpired, SocketSession.expiry)]
  }

  private static let expiry = "the token has expired: send \"auth\" again"

  func error(_ code: ErrorCode, _ message: String) -> Action { .send(errorText(code, message)) }

  func errorText(_ code: ErrorCode, _ message: String) -> String {
    #"{"type":"error","code":"\#(code.rawValue)","message":\#(JSONText.string(message))}"#
  }

  private func close() -> [Action] { [.close(code: 1008, reason: "authentication failed")] }

  private mutating func authenticate(_ message: JSONValue) -> [Action] {
    guard needsToken else { return authenticated() }
    guard let token = message["token"]?.string else { return refused() }
    return [.check(token: token)]
  }

  /// The members of a subscription.
  private static let lists = ["event_types", "cluster_filter", "namespace_filter"]
  private static let members = lists + ["replace"]

  /// Whether a member of the message is one of the subscription that is in the wrong place or mistyped. Others, such as
  /// an id of the client's, are ignored.
  private static func isMeantForSubscription(_ name: String) -> Bool {
    name != "replace" && (lists.contains(name) || Suggestion.nearest(to: name, among: members) != nil)
  }

  private mutating func subscribe(_ message: JSONValue) -> [Action] {
    guard let wanted = message["subscription"], case .object(let members) = wanted else {
      return [error(.invalidSubscription, "\"subscription\" is not an object")]
    }
    // Without it, a client that mistypes a filter would get all events.
    if let unknown = unknownField(members, SocketSession.members) { return [unknown] }
    if let stray = message.members.first(where: { SocketSession.isMeantForSubscription($0.key) })?.key {
      return [error(.invalidSubscription, "\"\(stray)\" is not in \"subscription\"")]
    }
    let replaces = wanted["replace"] ?? message["replace"] ?? .null
    guard replaces.bool != nil || replaces == .null else {
      return [error(.invalidSubscription, "\"replace\" is not true or false")]
    }
    var lists: [[String]] = []
    for key in SocketSession.lists {
      switch wanted[key] {
      case nil, .null: lists.append([])
      case .some(let value):
        guard let texts = value.strings, texts.count <= SocketSession.listLimit else {
          return [error(.invalidSubscription, "\"\(key)\" is not a list of strings")]
        }
        lists.append(texts)
      }
    }
    // All or nothing: an unknown type leaves the subscriptions unchanged.
    if let knownTypes, let unknown = lists[0].first(where: { !knownTypes.contains($0) }) {
      return [error(.invalidSubscription, "Unknown event type: \(unknown)")]
    }
    let subscription = Subscription(eventTypes: lists[0], clusters: lists[1], namespaces: lists[2])
    var changed = subscriptions
    if replaces.bool == true {
      changed.replace(with: subscription)
    } else if !changed.add(subscription, limit: SocketSession.subscriptionLimit) {
      return [error(.invalidSubscription, "more than \(SocketSession.subscriptionLimit) subscriptions")]
    }
    guard change(to: changed) else { return [error(.invalidSubscription, SocketSession.outOfMemory)] }
    return [
      .sendPosition(
        #"{"type":"subscribed","event_types":\#(list(lists[0])),"cluster_filter":\#(list(lists[1])),"#
          + #""namespace_filter":\#(list(lists[2]))}"#),
      .deliver(subscriptions),
    ]
  }

  private mutating func unsubscribe(_ message: JSONValue) -> [Action] {
    var types: [String] = []
    switch message["event_types"] {
    case nil, .null:
      // Without it, a client that mistypes the list would get no events any more.
      if case .object(let members) = message,
        let unknown = unknownField(members, ["event_types", "type", "timestamp"])
      {
        return [unknown]
      }
      _ = change(to: SubscriptionSet())
    case .some(let value):
      guard let texts = value.strings else {
        return [error(.invalidSubscription, "\"event_types\" is not a list of strings")]
      }
      types = texts
      var changed = subscriptions
      guard changed.remove(types: types, limit: SocketSession.listLimit) else {
        return [error(.invalidSubscription, "more than \(SocketSession.listLimit) types unsubscribed")]
      }
      guard change(to: changed) else { return [error(.invalidSubscription, SocketSession.outOfMemory)] }
    }
    return [.send(#"{"type":"unsubscribed","event_types":\#(list(types))}"#), .deliver(subscriptions)]
  }

  private static let outOfMemory = "the subscriptions of all clients have too many names; try again later"

  private mutating func change(to changed: SubscriptionSet) -> Bool {
    guard memory.change(to: changed.byteCount) else { return false }
    subscriptions = changed
    return true
  }

  private func unknownField(_ members: [JSONValue.Member], _ known: [String]) -> Action? {
    guard let unknown = members.first(where: { !known.contains($0.key) })?.key else { return nil }
    let hint = Suggestion.nearest(to: unknown, among: known).map { "; did you mean \"\($0)\"?" } ?? ""
    return error(.invalidSubscription, "unknown field \"\(unknown)\"\(hint)")
  }

  private func pong(_ message: JSONValue, _ now: Timestamp) -> Action {
    let stamp =
      switch message["timestamp"] {
      case .string(let text): JSONText.string(text)
      case .number(let text): text
      default: "null"
      }
    return .sendPosition(#"{"type":"pong","timestamp":\#(stamp),"server_time":"\#(now)"}"#)
  }

  private func list(_ texts: [String]) -> String {
    "[" + texts.map(JSONText.string).joined(separator: ",") + "]"
  }
}
