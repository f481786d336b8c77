// SPDX-License-Identifier: Apache-2.0
import Command

extension NatswatchCommand {
  /// Flags that users of the nats tool know.
  static func advice(on flag: String, value: String?) -> String? {
    guard value == nil else { return nil }
    return switch flag {
    case "--start-sequence": "write --since-seq N, which starts after N"
    case "-n", "--limit", "-c": "write --count N"
    case "--debug", "--trace": "write --verbose"
    case "--new": "new messages only is the default"
    case "--queue", "--ack", "--durable", "--consumer":
      "workers share messages with natswatch work SUBJECT --durable NAME -- COMMAND"
    case "--data", "-d", "--body": "publish reads standard input: echo '{…}' | natswatch publish SUBJECT"
    case "-H": "write --header 'Name: value'"
    case "--tlscert", "--tlskey", "--tlsca": "write \(flag.replacing("--tls", with: "--tls-"))"
    case "--tlsfirst": "natswatch does not offer TLS before the server's INFO"
    case "--jetstream", "-J": "natswatch always uses JetStream"
    case "--subject": "give the subject without a flag: natswatch SUBJECT"
    case "--filter", "--match": "filter with wfilter: natswatch SUBJECT | wfilter EXPRESSION"
    case "--follow", "-f": "natswatch follows the stream unless --until-now is given"
    case "--from-beginning", "--offset", "--deliver", "--from": "write --all, or --since-seq N"
    case "--user", "--username", "--password":
      "set NATS_USER and NATS_PASSWORD, or give --creds or --nkey: the command line is visible to other users"
    case "--token", "--auth-token": "set NATS_TOKEN: the command line is visible to other users"
    case "--tls": "write the address as tls://HOST:4222, or give --tls-ca FILE"
    case "--url", "--servers", "--host": "write --server nats://HOST:4222"
    case "-r", "--raw-output": "write --raw"
    case "-o", "--output", "--json", "--format": "the output is JSON; --raw prints payloads only"
    case "--backoff", "--delay": "write --retry-initial and --retry-max"
    case "--max-deliver", "--max-retries", "--attempts": "write --retries N"
    case "--concurrency", "--parallel", "--workers", "--threads": "write -j N"
    case "--name", "--group": "write --durable NAME, a name that all workers of one job share"
    case "--exec", "--command": "the command comes after --: natswatch work … -- COMMAND"
    case "--input", "--file": "publish reads standard input: natswatch publish SUBJECT <FILE"
    case "-V": "write --version"
    case "-v": "write --verbose"
    case "-q": "write --quiet"
    default: nil
    }
  }

  /// What to write instead of a command of the nats tool; nil for subjects.
  static func commandOfNATS(_ operands: [String]) -> String? {
    guard let first = operands.first else { return nil }
    if first == "version" { return "natswatch has no subcommand version: write natswatch --version" }
    let own: String? =
      switch first {
      case "sub", "subscribe", "watch": "tail SUBJECT"
      case "view", "get": "tail SUBJECT --all --until-now"
      case "pub", "request": "publish SUBJECT"
      case "consume", "next": "work SUBJECT --durable NAME -- COMMAND"
      case "reply": "work SUBJECT --durable NAME --reply SUBJECT -- COMMAND"
      default: nil
      }
    if let own, operands.count > 1 { return "natswatch has no subcommand \(first): use natswatch \(own)" }
    let manages =
      operands.count > 1
      ? verbs.contains(first) || managed.contains(first) && verbs.contains(operands[1])
      : ["ls", "list", "rtt", "bench", "streams", "consumers"].contains(first)
    if manages {
      return "natswatch has no subcommand \(first): the nats tool manages streams; "
        + "'natswatch publish --create-stream' creates one"
    }
    if let number = operands.dropFirst().first(where: { UInt64($0) != nil }) {
      return
        "'\(number)' would be a subject: the flag before it takes no value; --count N stops after N messages"
    }
    return nil
  }

  /// What the nats tool manages, and the verbs for that.
  private static let managed: Set = [
    "stream", "str", "consumer", "con", "kv", "object", "obj", "account", "server", "srv", "context", "ctx",
  ]
  private static let verbs: Set = [
    "ls", "list", "info", "add", "create", "rm", "del", "delete", "edit", "report", "purge", "get", "put",
    "view",
    "ping", "check", "select", "save", "backup", "restore", "copy", "find", "state", "bench", "rtt",
    "traffic",
  ]

  /// What is wrong with a text that people give as a subject, if it is an address or has wildcards of other systems.
  static func problem(ofSubject text: String) -> String? {
    if text.contains("://") || text.wholeMatch(of: /(localhost|[0-9.]+):[0-9]+/) != nil {
      return "'\(text)' is an address: give it with --server or NATS_URL"
    }
    let tokens = text.split(separator: ".")
    if let token = tokens.first(where: { $0 == "#" || $0 == "+" || $0 == "**" }) {
      return
        "'\(text)': \(token) is not a wildcard of NATS: write * for one token, or > at the end for one or more tokens"
    }
    if let token = tokens.first(where: { $0.count > 1 && $0.contains("*") }) {
      return "'\(text)': * is a whole token and cannot be a part of '\(token)'; wfilter selects by parts"
    }
    return nil
  }
}
