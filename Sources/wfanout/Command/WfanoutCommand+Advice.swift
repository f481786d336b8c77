// SPDX-License-Identifier: Apache-2.0
import Command
import Process

extension WfanoutCommand {
  /// Flags that users of other servers know.
  static func advice(on flag: String, value: String?) -> String? {
    guard value == nil else { return nil }
    return switch flag {
    case "-p", "--bind", "--address", "--addr", "-l": "write --listen :PORT, or HOST:PORT"
    case "--tls", "--ssl", "--https", "--cert", "--key", "--http2":
      "--tls-cert FILE and --tls-key FILE serve TLS and HTTP/2"
    case "--token", "--auth", "--api-key", "--password", "--user":
      "--auth-tokens FILE has a line 'TOKEN IDENTITY' for each token"
    case "-H", "--header":
      "headers are set by a proxy in front; --cors and --auth-tokens have their own flags"
    case "--topic", "--channel", "--filter":
      "each client chooses: /events?filter=EXPRESSION, or a channel of --upstream"
    case "--dir", "--root", "--static", "--www": "wfanout serves a stream, not files"
    case "-d", "--daemon", "--background": "run it as a service: systemctl start wfanout@NAME"
    case "--max-connections", "--connections": "write --max-clients"
    case "--buffer", "--history": "--ring SIZE keeps events for clients that reconnect"
    case "--exec", "--command", "-c":
      "write --upstream COMMAND for a command per channel, or pipe one: COMMAND | wfanout"
    case "--path", "--route", "--url":
      "the paths are fixed, such as /events and /ws; routes in --config adds snapshots"
    case "--sse", "--websocket", "--ws", "--ndjson":
      "wfanout serves all protocols at once: /events, /ws and others"
    case "--workers", "--threads": "write --loops N"
    case "--debug": "write --verbose"
    case "--retain", "--keep": "--snapshot keeps the latest object of each key"
    case "--origin", "--allow-origin", "--cors-origin": "write --cors ORIGIN"
    case "--metrics": "/metrics is one of the paths of --listen and --admin"
    case "--log", "--log-file", "--log-level":
      "the log is stderr; --quiet and --verbose choose what is logged"
    case "--state", "--since", "--offset":
      "clients resume with Last-Event-ID; natswatch --state or kwatch --state keeps a position"
    case "-V": "write --version"
    case "-v": "write --verbose"
    case "-q": "write --quiet"
    default: nil
    }
  }

  /// What to write instead of operands, of which wfanout has none.
  static func advice(onOperands operands: [String], upstream: String?) -> String {
    let text = operands.joined(separator: " ")
    if let upstream { return "quote the command: --upstream '\(upstream) \(text)'" }
    let operand = operands[0]
    let reads = "wfanout reads standard input"
    switch operand {
    case "help", "version": return "write wfanout --\(operand)"
    case "-", "stdin": return "\(reads) without an operand"
    default: break
    }
    if operand.split(separator: ":").last.flatMap({ UInt16($0) }) != nil {
      return "write --listen \(operand.contains(":") ? operand : ":" + operand)"
    }
    let command = String(operand.prefix { $0 != " " })
    if command != "wfanout", CommandSearch.fault(in: command) == nil {
      return "\(reads): pipe the command into it: \(text) | wfanout"
    }
    return "\(reads): use wfanout < \(operand), or --replay \(operand) to serve a recording"
  }
}
