// SPDX-License-Identifier: Apache-2.0
import Foundation
import TestSupport
import Testing

/// The page at `/`, in a real browser.
@Suite(.timeLimit(.minutes(3)), .serialized) struct LivePageTests {
  private static let rows = "document.querySelectorAll('#list li').length"
  private static let state = "document.getElementById('state').innerText"

  private func click(_ selector: String) -> String { "document.querySelector(\"\(selector)\").click()" }

  private func apply(_ filter: String) -> String {
    "document.getElementById('filter').value = \"\(filter)\"; \(click("#bar button"))"
  }

  @Test func showsTheSnapshotAndChangesAsText() throws {
    guard let browser = try Browser.start(for: "the page at /") else { return }
    let fanout = try Fanout(["--snapshot"])
    fanout.feed([pod("web-0"), pod("web-1"), pod("web-2")])
    try eventually("the snapshot is kept") {
      try fanout.curl("/snapshot").output.contains("web-2")
    }
    let page = try browser.open(fanout.url + "/")
    try page.wait(for: "\(Self.rows) === 3")
    #expect(try page.evaluate(Self.state) == "live")

    // The latest change comes first, with the difference from the version before.
    fanout.feed(pod("web-0", type: "MODIFIED", version: 2, extra: #","status":{"phase":"<b>Failed"}"#))
    try page.wait(for: "document.querySelector('#list li b').textContent === 'default/web-0'")
    #expect(try page.evaluate("String(\(Self.rows))") == "3", "one row an object")
    try page.evaluate(click("#list li summary"))
    try page.wait(for: "document.querySelector('#list li .detail table')")
    #expect(try page.evaluate("document.querySelector('#list li ins').textContent").contains("<b>Failed"))
    #expect(try page.evaluate("String(document.querySelectorAll('#list li .status b').length)") == "0")

    // Lines that are not objects are listed as events.
    fanout.feed([
      #"{"event_type":"ALERT_FIRED","message":"<img src=x onerror=alert(1)>"}"#, "not JSON at all",
    ])
    try page.evaluate(click("#by-event"))
    try page.wait(for: "document.getElementById('list').innerText.includes('not JSON at all')")
    #expect(try page.evaluate("String(document.querySelectorAll('#list img').length)") == "0")
    if let folder = ProcessInfo.processInfo.environment["WFANOUT_SCREENSHOTS"] {
      try page.screenshot().write(to: URL(filePath: folder).appending(path: "live.png"))
    }
  }

  @Test func pauseHoldsEventsAndCatchesUp() throws {
    guard let browser = try Browser.start(for: "pausing the page at /") else { return }
    let fanout = try Fanout()
    let page = try browser.open(fanout.url + "/")
    try page.wait(for: "\(Self.state) === 'live'")
    fanout.feed(pod("first"))
    try page.wait(for: "\(Self.rows) === 1")
    try page.evaluate(click("#pause"))
    fanout.feed((0..<20).map { pod("later-\($0)") })
    try page.wait(for: "document.getElementById('pause').textContent.includes('20 held')")
    #expect(try page.evaluate("String(\(Self.rows))") == "1")
    try page.evaluate(click("#pause"))
    try page.wait(for: "\(Self.rows) === 21")
  }

  @Test func aLongPauseLeavesNoObjectOutdated() throws {
    guard let browser = try Browser.start(for: "a long pause of the page at /") else { return }
    let fanout = try Fanout()
    let page = try browser.open(fanout.url + "/")
    try page.wait(for: "\(Self.state) === 'live'")
    fanout.feed(pod("first"))
    try page.wait(for: "\(Self.rows) === 1")
    try page.evaluate("limits.held = 2; \(click("#pause"))")
    fanout.feed(pod("first", type: "MODIFIED", version: 2, extra: #","status":{"phase":"Failed"}"#))
    fanout.feed((0..<5).map { pod("later-\($0)") })
    try page.wait(for: "document.getElementById('total').textContent === '7'")
    #expect(try page.evaluate("String(\(Self.rows))") == "1", "the list stands still")
    try page.evaluate(click("#pause"))
    try page.wait(for: "\(Self.rows) === 6")
    #expect(try page.evaluate("document.getElementById('list').innerText").contains("Failed"))
  }

  @Test func largeAndStrangeEventsStayWithinBounds() throws {
    guard let browser = try Browser.start(for: "large events on the page at /") else { return }
    let fanout = try Fanout()
    let page = try browser.open(fanout.url + "/")
    try page.wait(for: "\(Self.state) === 'live'")
    fanout.feed((0..<200).map { #"{"event_type":"T\#($0)"}"# })
    try page.wait(for: "document.getElementById('total').textContent === '200'")
    #expect(try page.evaluate("String(document.querySelectorAll('#chips button').length)") == "40")
    try page.evaluate("limits.characters = 3e6; \(click("#clear"))")
    let large = String(repeating: "x", count: 1 << 20)
    fanout.feed((0..<6).map { pod("web-\($0)", extra: #","status":{"phase":"\#(large)"}"#) })
    try page.wait(for: "\(Self.rows) === 2")
    #expect(try page.evaluate("String(document.querySelector('#list .status').textContent.length)") == "300")
    // An override of the direction of text would show another name.
    fanout.feed(#"{"type":"ADDED","object":{"metadata":{"name":"a\u202eb\u0007"}}}"#)
    try page.wait(for: #"document.querySelector('#list li b').textContent === 'a\\u202eb\\u0007'"#)
  }

  @Test func onlyTheRowThatChangesIsMoved() throws {
    guard let browser = try Browser.start(for: "the rows of the page at /") else { return }
    let fanout = try Fanout(["--snapshot"])
    // The time of an object in the snapshot is that of its last change, not the time at which the page was
    // opened.
    let created =
      #"{"type":"ADDED","object":{"kind":"Pod","metadata":{"name":"old","uid":"u","creationTimestamp":"2001-02-03T04:05:06Z"}}}"#
    // Kubernetes has arrays and objects in these fields.
    let odd =
      #"{"type":"ADDED","object":{"metadata":{"name":"odd","uid":"o","managedFields":1},"status":{"conditions":{},"containerStatuses":[null]}}}"#
    fanout.feed([created, odd, #"{"metadata":null,"status":7}"#] + (0..<5).map { pod("web-\($0)") })
    try eventually("the snapshot is kept") { try fanout.curl("/snapshot").output.contains("web-4") }
    let page = try browser.open(fanout.url + "/")
    try page.wait(for: "\(Self.rows) === 7")
    #expect(try page.evaluate("document.getElementById('count').textContent") == "7 objects")
    #expect(
      try page.evaluate("document.querySelector('#list li:last-child time').textContent").contains("2001"))
    #expect(try page.evaluate("String(document.querySelectorAll('.fresh').length)") == "0")
    try page.evaluate(
      """
      document.querySelector('#list li:nth-child(2) summary').focus(); window.moved = new Set();
      new MutationObserver(all => all.forEach(one => one.addedNodes.forEach(node => moved.add(node))))
        .observe(document.getElementById('list'), { childList: true }); 0
      """)
    fanout.feed(pod("web-0", type: "MODIFIED", version: 2))
    try page.wait(for: "document.querySelector('#list li b').textContent === 'default/web-0'")
    #expect(try page.evaluate("String(moved.size)") == "1")
    #expect(
      try page.evaluate("document.activeElement.querySelector('b').textContent") == "default/web-3",
      "the focused row keeps the focus")
  }

  @Test func aMistakeInTheFilterDoesNotChangeTheList() throws {
    guard let browser = try Browser.start(for: "a filter of the page at /") else { return }
    let fanout = try Fanout(["--snapshot"])
    let page = try browser.open(fanout.url + "/")
    try page.wait(for: "\(Self.state) === 'live'")
    fanout.feed([pod("web-0"), pod("web-1", type: "DELETED")])
    try page.wait(for: "\(Self.rows) === 2")
    try page.evaluate(apply("nope("))
    try page.wait(for: "document.getElementById('problem').innerText.includes('1:6')")
    fanout.feed(pod("web-2"))
    try page.wait(for: "\(Self.rows) === 3")
    #expect(try page.evaluate(Self.state) == "live")
    try page.evaluate(apply("metadata.name == 'web-2'"))
    try page.wait(for: "\(Self.rows) === 1 && document.getElementById('problem').hidden")
  }

  @Test func searchAndTypesFilterTheList() throws {
    guard let browser = try Browser.start(for: "the search of the page at /") else { return }
    let fanout = try Fanout()
    let page = try browser.open(fanout.url + "/")
    try page.wait(for: "\(Self.state) === 'live'")
    fanout.feed([pod("alpha"), pod("beta", type: "MODIFIED"), pod("gamma", type: "MODIFIED")])
    try page.wait(for: "\(Self.rows) === 3")
    try page.evaluate(
      "[...document.querySelectorAll('#chips button')].find(b => b.textContent === 'MODIFIED').click()")
    try page.wait(for: "\(Self.rows) === 1")
    try page.evaluate(
      "[...document.querySelectorAll('#chips button')].find(b => b.textContent === 'MODIFIED').click()")
    try page.evaluate(
      "document.getElementById('search').value = 'BETA'; document.getElementById('search').dispatchEvent(new Event('input'))"
    )
    try page.wait(
      for: "\(Self.rows) === 1 && document.querySelector('#list b').textContent === 'default/beta'")
  }

  @Test func aFullServerIsAskedAgain() throws {
    guard let browser = try Browser.start(for: "the page at / of a full server") else { return }
    let fanout = try Fanout(["--max-clients", "1"])
    let listener = try fanout.listening("/events")
    let page = try browser.open(fanout.url + "/")
    try page.wait(for: "\(Self.state).includes('trying again')")
    listener.send(SIGTERM)
    try page.wait(for: "\(Self.state) === 'live'", within: .seconds(40))
  }

  @Test func asksForATokenAndUsesIt() throws {
    guard let browser = try Browser.start(for: "signing in at the page") else { return }
    let folder = try TemporaryDirectory()
    let tokens = try folder.write("secret alice\n", to: "tokens")
    let fanout = try Fanout(["--auth-tokens", tokens])
    let page = try browser.open(fanout.url + "/")
    try page.wait(for: "!document.getElementById('login').hidden")
    try page.evaluate("document.getElementById('token').value = 'secret'; \(click("#login button"))")
    try page.wait(for: "\(Self.state) === 'live' && document.getElementById('login').hidden")
    fanout.feed(pod("web-0"))
    try page.wait(for: "\(Self.rows) === 1")
  }

  /// A screen reader finds names and states, because they are not only colours.
  @Test func isAccessibleToScreenReaders() throws {
    guard let browser = try Browser.start(for: "the accessibility of the page at /") else { return }
    let fanout = try Fanout()
    let page = try browser.open(fanout.url + "/")
    try page.wait(for: "\(Self.state) === 'live'")
    fanout.feed(pod("web-0"))
    try page.wait(for: "\(Self.rows) === 1")
    let nodes = try page.call("Accessibility.getFullAXTree")["nodes"] as? [[String: Any]] ?? []
    let seen = Set(
      nodes.map { node in
        let role = (node["role"] as? [String: Any])?["value"] as? String ?? ""
        let name = (node["name"] as? [String: Any])?["value"] as? String ?? ""
        return "\(role) \(name)"
      })
    for wanted in [
      "status ", "list Objects", "textbox CEL filter, applied by the server",
      "searchbox Search the list",
      "button Pause", "button Objects", "group Types to list",
    ] {
      #expect(seen.contains(wanted), "\(wanted) is not in \(seen.sorted())")
    }
  }
}
