// SPDX-License-Identifier: Apache-2.0
import Command

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
    default: nil
    }
  }
}
