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
    case "--from-beginning", "--offset": "write --all, or --since-seq N"
    default: nil
    }
  }
}
