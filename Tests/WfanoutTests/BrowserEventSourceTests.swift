// SPDX-License-Identifier: Apache-2.0
import Foundation
import TestSupport
import Testing

/// The event stream in a real browser. The pages come from the server itself, so that they have its origin.
@Suite(.timeLimit(.minutes(2)), .serialized) struct BrowserEventSourceTests {
  private static let collect = """
    globalThis.seen = []; globalThis.ids = []; globalThis.opened = 0; globalThis.notices = [];
    globalThis.source = new EventSource('/events');
    source.onopen = () => opened++;
    source.onmessage = event => { seen.push(JSON.parse(event.data).n); ids.push(event.lastEventId); };
    for (const name of ['reset', 'gap', 'disconnect']) source.addEventListener(name, event => notices.push(name));
    """

  @Test func eventSourceGetsEachEventOnceInOrder() throws {
    guard let browser = try Browser.start(for: "EventSource in a browser") else { return }
    let fanout = try Fanout()
    let page = try browser.open(fanout.url + "/healthz")
    try page.evaluate(Self.collect)
    try page.wait(for: "opened === 1")
    fanout.feed((0..<2000).map { #"{"n":\#($0),"text":"ä€😀\\u2028 <b>&amp;"}"# })
    try page.wait(for: "seen.length >= 2000")
    #expect(try page.evaluate("String(seen.every((n, i) => n === i))") == "true")
    #expect(try page.evaluate("String(new Set(ids).size)") == "2000")
    #expect(try page.evaluate("notices.join()") == "")
  }

  @Test func aCutConnectionIsResumedByTheBrowserItself() throws {
    guard let browser = try Browser.start(for: "EventSource's own reconnection") else { return }
    let fanout = try Fanout()
    let relay = try Relay(to: fanout.port)
    defer { relay.close() }
    let page = try browser.open("http://127.0.0.1:\(relay.port)/healthz")
    try page.evaluate(Self.collect)
    try page.wait(for: "opened === 1")
    fanout.feed((0..<100).map { #"{"n":\#($0)}"# })
    try page.wait(for: "seen.length >= 100")
    relay.mode = .refusing
    try page.wait(for: "source.readyState === 0")
    fanout.feed((100..<200).map { #"{"n":\#($0)}"# })
    relay.mode = .open
    try page.wait(for: "opened === 2", within: .seconds(40))
    fanout.feed((200..<300).map { #"{"n":\#($0)}"# })
    try page.wait(for: "seen.length >= 300")
    #expect(try page.evaluate("String(seen.every((n, i) => n === i))") == "true")
    #expect(try page.evaluate("notices.join()") == "")
  }

  @Test func aBrowserThatReconnectsToAnotherServerIsReset() throws {
    guard let browser = try Browser.start(for: "EventSource and a restarted server") else { return }
    let first = try Fanout()
    let page = try browser.open(first.url + "/healthz")
    try page.evaluate(Self.collect)
    try page.wait(for: "opened === 1")
    first.feed(#"{"n":0}"#)
    try page.wait(for: "seen.length === 1")
    try first.end()
    #expect(try page.evaluate("notices.join()") == "disconnect")
    let second = try Fanout(["--listen", ":\(first.port)"])
    try page.wait(for: "notices.includes('reset')", within: .seconds(40))
    second.feed(#"{"n":1}"#)
    try page.wait(for: "seen.join() === '0,1'")
  }
}
