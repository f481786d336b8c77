import Encoding
import JSON
// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import WfanoutCore

struct SocketSessionTests {
  var session = SocketSession(clientID: "c1", needsToken: false)
  let noon = Timestamp(nanoseconds: 1_735_034_400_005_000_000)

  mutating func say(_ text: String) -> [SocketSession.Action] { session.receive(Array(text.utf8), now: noon) }

  func code(_ actions: [SocketSession.Action]) -> String? {
    guard case .send(let text)? = actions.first else { return nil }
    return JSONValue(Array(text.utf8))?["code"]?.string
  }

  @Test mutating func authIsAnsweredWithAClientID() {
    #expect(
      say(#"{"type":"auth","token":"x"}"#) == [
        .send(#"{"type":"auth_response","status":"authenticated","client_id":"c1"}"#)
      ])
  }

  @Test mutating func withoutAuthFirstTheConnectionIsClosed() {
    session = SocketSession(clientID: "c1", needsToken: true)
    let actions = say(#"{"type":"ping"}"#)
    #expect(code(actions) == "AUTH_FAILED")
    #expect(actions.last == .close(code: 1008, reason: "authentication failed"))
    #expect(say(#"{"type":"auth","token":"secret"}"#) == [.check(token: "secret")])
    #expect(code(say(#"{"type":"auth"}"#)) == "AUTH_FAILED")
  }

  @Test mutating func anExpiredTokenRequestsAnother() {
    session = SocketSession(clientID: "c1", needsToken: true, isKnown: true)
    #expect(say(#"{"type":"subscribe","subscription":{}}"#).count == 2)
    #expect(code(session.expired()) == "AUTH_EXPIRED")
    let late = say(#"{"type":"ping"}"#)
    #expect(code(late) == "AUTH_EXPIRED" && late.count == 1, "it was on its way")
    #expect(say(#"{"type":"auth","token":"new"}"#) == [.check(token: "new")])
    _ = session.authenticated()
    #expect(say(#"{"type":"ping"}"#) != late)
  }

  /// A worker handles a costly message with a copy; the token may expire meanwhile.
  @Test mutating func aTokenThatExpiresWhileAMessageIsHandledPausesDelivery() {
    session = SocketSession(clientID: "c1", needsToken: true, isKnown: true)
    var copy = session
    let actions = copy.receive(Array(#"{"type":"subscribe","subscription":{}}"#.utf8), now: noon)
    _ = session.expired()
    #expect(session.take(actions, of: copy) == [actions[0]])
    #expect(session.subscriptions.count == 1 && !session.isAuthenticated)
    copy = session
    #expect(session.take(copy.expired(), of: copy).count == 1)
  }

  @Test mutating func subscribeReturnsTheListsInForce() {
    let actions = say(
      #"{"type":"subscribe","subscription":{"event_types":["ALERT_FIRED"],"cluster_filter":["c"],"namespace_filter":["n"]}}"#
    )
    #expect(
      actions.first
        == .sendPosition(
          #"{"type":"subscribed","event_types":["ALERT_FIRED"],"cluster_filter":["c"],"namespace_filter":["n"]}"#
        ))
    #expect(actions.last == .deliver(session.subscriptions))
    #expect(session.subscriptions.matches(RoutingFacts(type: "ALERT_FIRED", cluster: "c", namespace: "n")))
    #expect(!session.subscriptions.matches(RoutingFacts(type: "ALERT_FIRED", cluster: "d", namespace: "n")))
    #expect(
      !session.subscriptions.matches(
        RoutingFacts(type: "ALERT_FIRED", cluster: nil, namespace: "n"), passesMissing: false))
  }

  @Test mutating func subscriptionsAddUpUnlessReplaced() {
    _ = say(#"{"type":"subscribe","subscription":{"event_types":["A"]}}"#)
    _ = say(#"{"type":"subscribe","subscription":{"event_types":["B"]}}"#)
    #expect(session.subscriptions.count == 2)
    _ = say(#"{"type":"subscribe","subscription":{"event_types":["B"]}}"#)
    #expect(session.subscriptions.count == 2)
    _ = say(#"{"type":"subscribe","subscription":{"event_types":["C"],"replace":true}}"#)
    #expect(session.subscriptions.count == 1)
    #expect(!session.subscriptions.matches(RoutingFacts(type: "A", cluster: nil, namespace: nil)))
  }

  @Test mutating func anEmptySubscriptionIsToEverything() {
    _ = say(#"{"type":"subscribe","subscription":{}}"#)
    #expect(session.subscriptions.matches(RoutingFacts(type: "ANY", cluster: nil, namespace: nil)))
    _ = say(#"{"type":"unsubscribe","event_types":["NOT"]}"#)
    #expect(session.subscriptions.matches(RoutingFacts(type: "ANY", cluster: nil, namespace: nil)))
    #expect(!session.subscriptions.matches(RoutingFacts(type: "NOT", cluster: nil, namespace: nil)))
  }

  @Test mutating func unsubscribeRemovesTypesOrAll() {
    _ = say(#"{"type":"subscribe","subscription":{"event_types":["A","B"]}}"#)
    #expect(
      say(#"{"type":"unsubscribe","event_types":["A"]}"#).first
        == .send(#"{"type":"unsubscribed","event_types":["A"]}"#))
    #expect(session.subscriptions.matches(RoutingFacts(type: "B", cluster: nil, namespace: nil)))
    _ = say(#"{"type":"unsubscribe","event_types":["B"]}"#)
    #expect(session.subscriptions.isEmpty)
    _ = say(#"{"type":"subscribe","subscription":{}}"#)
    _ = say(#"{"type":"unsubscribe"}"#)
    #expect(session.subscriptions.isEmpty)
  }

  @Test mutating func boundsRemovedTypes() {
    _ = say(#"{"type":"subscribe","subscription":{}}"#)
    func types(_ range: Range<Int>) -> String { range.map { "\"T\($0)\"" }.joined(separator: ",") }
    #expect(say(#"{"type":"unsubscribe","event_types":[\#(types(0..<1000))]}"#).count == 2)
    #expect(say(#"{"type":"unsubscribe","event_types":[\#(types(0..<10))]}"#).count == 2, "the same ones")
    let tooMany = say(#"{"type":"unsubscribe","event_types":[\#(types(990..<1001))]}"#)
    #expect(code(tooMany) == "INVALID_SUBSCRIPTION")
    #expect(
      session.subscriptions.matches(RoutingFacts(type: "T1000", cluster: nil, namespace: nil)),
      "all or nothing")
  }

  @Test mutating func pongHasTheClientsTimestampAndTheServersTime() {
    #expect(
      say(#"{"type":"ping","timestamp":"2024-12-24T10:00:00Z"}"#) == [
        .sendPosition(
          #"{"type":"pong","timestamp":"2024-12-24T10:00:00Z","server_time":"2024-12-24T10:00:00.005Z"}"#)
      ])
  }

  @Test mutating func anUnknownTypeChangesNothing() {
    session = SocketSession(clientID: "c", needsToken: false, knownTypes: ["ALERT_FIRED"])
    #expect(
      say(#"{"type":"subscribe","subscription":{"event_types":["ALERT_FIRED","INVALID_TYPE"]}}"#) == [
        .send(#"{"type":"error","code":"INVALID_SUBSCRIPTION","message":"Unknown event type: INVALID_TYPE"}"#)
      ])
    #expect(session.subscriptions.isEmpty)
  }

  @Test(arguments: ["clusterfilter", "namespace_filters", "Event_types", "filter"])
  mutating func aFieldThatIsNotKnownSubscribesToNothing(_ field: String) {
    #expect(
      code(say(#"{"type":"subscribe","subscription":{"event_types":["A"],"\#(field)":["b"]}}"#))
        == "INVALID_SUBSCRIPTION")
    #expect(session.subscriptions.isEmpty)
  }

  @Test(arguments: [
    "", "nonsense", "[]", "1", "null", "{}", #"{"type":1}"#, #"{"type":"what"}"#, #"{"type":"ping"}x"#,
    #"{"type":"resume"}"#, #"{"a":"\ud800"}"#,
  ])
  mutating func malformedMessagesAreReportedAndSurvived(text: String) {
    #expect(code(say(text)) == "INVALID_MESSAGE")
    #expect(code(say(text)) == "INVALID_MESSAGE")
    #expect(say(#"{"type":"subscribe","subscription":{}}"#).count == 2)
  }

  @Test(arguments: [
    #"{"type":"subscribe"}"#, #"{"type":"subscribe","subscription":[]}"#,
    #"{"type":"subscribe","subscription":{"event_types":"A"}}"#,
    #"{"type":"subscribe","subscription":{"cluster_filter":[1]}}"#,
    #"{"type":"unsubscribe","event_types":1}"#, #"{"type":"unsubscribe","event_type":["A"]}"#,
    #"{"type":"unsubscribe","subscription":{"event_types":["A"]}}"#,
    #"{"type":"subscribe","subscription":{"replace":"true"}}"#,
    #"{"type":"subscribe","subscription":{},"replace":1}"#,
    #"{"type":"subscribe","subscription":{"event_types":["A"]},"namespace_filter":["a"]}"#,
    #"{"type":"subscribe","subscription":{"event_types":["A"]},"replcae":true}"#,
  ])
  mutating func reportsBadSubscriptions(text: String) {
    _ = say(#"{"type":"subscribe","subscription":{"event_types":["Z"]}}"#)
    #expect(code(say(text)) == "INVALID_SUBSCRIPTION")
    #expect(!session.subscriptions.isEmpty, "they are unchanged")
  }

  @Test mutating func resumePassesTheIDOn() {
    #expect(say(#"{"type":"resume","last_event_id":"1-2"}"#) == [.resume(after: "1-2")])
  }

  @Test func namespacesAreFoundWhereverProducersPutThem() {
    for line in [
      #"{"payload":{"namespace":"production"}}"#, #"{"payload":{"labels":{"namespace":"production"}}}"#,
      #"{"type":"ADDED","object":{"metadata":{"namespace":"production"}}}"#,
    ] {
      var batch = Batch(firstPosition: 0)
      batch.append(line.utf8)
      batch.seal(epoch: 1)
      #expect(RoutingFacts(batch, 0).namespace == "production")
    }
  }
}

struct JSONValueTests {
  @Test(arguments: [
    #"{"a":[1,-2.5e+3,true,false,null,"x"],"b":{}}"#, " [ ] ", #""\u00e9\ud83c\udf89\n""#, "0", "-0.1",
  ])
  func accepts(text: String) { #expect(JSONValue(Array(text.utf8)) != nil) }

  @Test(arguments: [
    "", "{", "[1,]", "{,}", "01", "1.", ".5", "+1", "tru", #""a"#, "\"\n\"", #"{"a" 1}"#, #"{a:1}"#, "[1]]",
    #""\x""#,
    #""\ud800""#, String(repeating: "[", count: 600) + String(repeating: "]", count: 600),
  ])
  func refuses(text: String) { #expect(JSONValue(Array(text.utf8)) == nil) }

  @Test func decodesEscapes() {
    #expect(
      JSONValue(Array(#""\u00e9\ud83c\udf89\"\\\/\b\f\n\r\t""#.utf8)) == .string("é🎉\"\\/\u{8}\u{C}\n\r\t")
    )
    #expect(JSONValue([0x22, 0xFF, 0x22]) == nil)
  }
}
