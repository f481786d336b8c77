// SPDX-License-Identifier: Apache-2.0
package import Foundation
import Synchronization

/// Headless Chromium, controlled over its debugging pipe: JSON messages that end with NUL, without a WebSocket or a port.
///
/// The pipe is the child's descriptors 3 and 4, which the shell duplicates from stdin and stdout. Chromium exits when the pipe
/// is closed.
package final class Browser: Sendable {
  private let process: RunningTool
  private let profile: TemporaryDirectory
  private let lastCall = Mutex(0)

  package struct Failure: Error, CustomStringConvertible {
    package var description: String
  }

  /// Starts Chromium. If it is not installed, prints a NOT TESTED line and returns nil.
  package static func start(for what: String) throws -> Browser? {
    let names = ["chromium", "chromium-browser", "google-chrome"]
    guard let name = names.first(where: { FileManager.default.isExecutableFile(atPath: "/usr/bin/\($0)") })
    else {
      notTested(what, because: "no chromium here (Debian package chromium)")
      return nil
    }
    return try Browser(name)
  }

  private init(_ name: String) throws {
    profile = try TemporaryDirectory()
    // As root in a container, Chromium cannot use its sandbox. It loads only the tool's own pages.
    let flags =
      "--headless --no-sandbox --disable-gpu --disable-dev-shm-usage --no-first-run --remote-debugging-pipe "
      + "--disable-background-networking --disable-component-update --window-size=1200,800"
    process = try Tool.shell(
      "exec /usr/bin/\(name) \(flags) --user-data-dir=\(profile.path("profile")) about:blank "
        + "3<&0 4>&1 </dev/null >/dev/null",
      environment: ["HOME": profile.url.path])
  }

  deinit {
    process.closeInput()
    _ = try? process.waitForEnd(.seconds(10))
  }

  /// Opens a page in a new tab.
  package func open(_ url: String) throws -> Page {
    let created = try call("Target.createTarget", ["url": "about:blank"])
    let attached = try call(
      "Target.attachToTarget", ["targetId": created["targetId"] as? String ?? "", "flatten": true])
    let page = Page(browser: self, session: attached["sessionId"] as? String ?? "")
    try page.call("Page.navigate", ["url": url])
    try page.wait(for: "document.readyState === 'complete' && location.href !== 'about:blank'")
    return page
  }

  /// Sends a command, and returns its result.
  fileprivate func call(
    _ method: String, _ parameters: [String: Any], session: String? = nil
  ) throws -> [String: Any] {
    let number = lastCall.withLock { last in
      last += 1
      return last
    }
    var message: [String: Any] = ["id": number, "method": method, "params": parameters]
    message["sessionId"] = session
    process.write(String(decoding: try JSONSerialization.data(withJSONObject: message), as: UTF8.self) + "\0")
    let start = #"{"id":\#(number),"#
    try process.wait(for: "an answer to \(method)", .seconds(30)) { Browser.answer($0, start) != nil }
    let text = Browser.answer(process, start) ?? ""
    let answer = try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any] ?? [:]
    guard let result = answer["result"] as? [String: Any] else {
      throw Failure(description: "\(method): \(text)")
    }
    return result
  }

  private static func answer(_ process: RunningTool, _ start: String) -> String? {
    let messages = process.soFar.output.split(separator: "\0", omittingEmptySubsequences: false)
    return messages.dropLast().last { $0.hasPrefix(start) }.map(String.init)
  }

  /// A tab.
  package struct Page {
    fileprivate let browser: Browser
    fileprivate let session: String

    @discardableResult
    package func call(_ method: String, _ parameters: [String: Any] = [:]) throws -> [String: Any] {
      try browser.call(method, parameters, session: session)
    }

    /// Evaluates a JavaScript expression, waits if its value is a promise, and returns the value as text.
    @discardableResult
    package func evaluate(_ expression: String) throws -> String {
      let result = try call(
        "Runtime.evaluate", ["expression": expression, "awaitPromise": true, "returnByValue": true])
      if let problem = result["exceptionDetails"] { throw Failure(description: "\(expression): \(problem)") }
      let value = (result["result"] as? [String: Any])?["value"]
      return value.map { "\($0)" } ?? ""
    }

    /// Waits until a JavaScript expression is true.
    package func wait(for expression: String, within deadline: Duration = .seconds(20)) throws {
      try eventually(expression, within: deadline) { try evaluate("Boolean(\(expression))") == "1" }
    }

    /// A PNG screenshot.
    package func screenshot() throws -> Data {
      let shot = try call("Page.captureScreenshot", ["format": "png"])
      return Data(base64Encoded: shot["data"] as? String ?? "") ?? Data()
    }
  }
}
