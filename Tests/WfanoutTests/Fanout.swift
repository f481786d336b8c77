// SPDX-License-Identifier: Apache-2.0
import Foundation
import JSON
import TestSupport

@testable import WfanoutCore

/// A wfanout on a free loopback port, with input from the test.
final class Fanout: Sendable {
  let tool: RunningTool
  let port: Int
  private let directory: TemporaryDirectory
  private let scheme: String

  /// `configuration` is the content of the file of `--config`.
  init(
    _ arguments: [String] = [], configuration: String = "", environment: [String: String] = [:],
    scheme: String = "http"
  ) throws {
    self.scheme = scheme
    directory = try TemporaryDirectory()
    let file = try directory.write(configuration, to: "wfanout.yaml")
    tool = try Tool.start(
      "wfanout", ["--listen", ":0", "--config", file] + arguments, environment: environment)
    try tool.waitForDiagnostics("listening on \(scheme)://127.0.0.1:")
    let after = tool.soFar.diagnostics.split(separator: "listening on \(scheme)://127.0.0.1:").last ?? ""
    port = Int(after.prefix { $0.isNumber }) ?? 0
  }

  /// The address of the listener of `--admin :0`. It is logged before the address for clients.
  var admin: String {
    let said = tool.soFar.diagnostics.split(separator: "serving operators on http://127.0.0.1:").last ?? ""
    return "http://127.0.0.1:\(said.prefix { $0.isNumber })"
  }

  /// The response to an operator's request.
  func ask(_ path: String, _ more: String = "") throws -> JSONValue {
    let output = try Tool.shell("exec curl -sS --max-time 10 \(more) '\(admin)\(path)'").waitForEnd().output
    guard let answer = JSONValue(Array(output.utf8)) else { throw NeverCameTrue(what: "JSON: \(output)") }
    return answer
  }

  var url: String { "\(scheme)://127.0.0.1:\(port)" }

  func feed(_ lines: [String]) { tool.write(lines.map { $0 + "\n" }.joined()) }
  func feed(_ line: String) { feed([line]) }

  /// Ends the input and waits for the end.
  @discardableResult
  func end(_ deadline: Duration = .seconds(20)) throws -> Tool.Outcome {
    tool.closeInput()
    return try tool.waitForEnd(deadline)
  }

  deinit { if tool.isRunning { tool.send(SIGKILL) } }

  /// Runs curl(1) to its end.
  func curl(_ path: String, _ arguments: [String] = []) throws -> Tool.Outcome {
    let process = try Tool.shell(
      "exec curl -sS -N --max-time 20 \(arguments.map(quoted).joined(separator: " ")) \(quoted(url + path))")
    return try process.waitForEnd(.seconds(25))
  }

  /// A curl(1) that keeps running: its output is available as it arrives.
  func listen(_ path: String, _ arguments: [String] = []) throws -> RunningTool {
    try Tool.shell(
      "exec curl -sS -N --max-time 60 \(arguments.map(quoted).joined(separator: " ")) \(quoted(url + path))")
  }

  /// A listener that has received the response head, so it gets all events from now on.
  func listening(_ path: String, _ arguments: [String] = []) throws -> RunningTool {
    let listener = try listen(path, ["-D", "/dev/stderr"] + arguments)
    try listener.waitForDiagnostics("\r\n\r\n")
    return listener
  }

  private func quoted(_ text: String) -> String {
    "'" + text.replacingOccurrences(of: "'", with: "'\\''") + "'"
  }
}

/// A watch event of a pod, as kwatch prints it.
func pod(_ name: String, type: String = "ADDED", version: Int = 1, extra: String = "") -> String {
  #"{"type":"\#(type)","object":{"apiVersion":"v1","kind":"Pod","metadata":{"name":"\#(name)","namespace":"default","#
    + #""uid":"uid-\#(name)","resourceVersion":"\#(version)"}\#(extra)}}"#
}

/// A line as natswatch prints it.
func message(_ sequence: Int, epoch: String = "1700000000000000000", name: String = "a") -> String {
  #"{"type":"ADDED","object":{"metadata":{"name":"\#(name)","resourceVersion":"\#(sequence)"}},"#
    + #""source":{"stream":"S","epoch":"\#(epoch)","subject":"s","sequence":\#(sequence),"pending":0}}"#
}
