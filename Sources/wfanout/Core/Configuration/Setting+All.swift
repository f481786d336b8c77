// SPDX-License-Identifier: Apache-2.0
import Events
import Filter
import Process
import YAML

extension Setting {
  /// All settings, in the order of the manual. ``WfanoutCommand`` decides which are flags, too.
  package static let all: [Setting] = [
    Setting(name: "listen") { (configuration, node) throws(ValueError) in
      let texts: [YAMLNode] = if case .sequence(let list) = node { list } else { [node] }
      configuration.listen = []
      for text in texts {
        guard let address = text.string.flatMap(ListenAddress.init) else {
          throw ValueError(ListenAddress.remedy(for: text.string ?? ""), text: text.string)
        }
        configuration.listen.append(address)
      }
    },
    value("admin", \.admin, ":PORT, a loopback address or unix:PATH") { text in
      ListenAddress(text).flatMap { $0.isLocal ? .some($0) : nil }
    },
    text("tls-cert", \.certificateFile, "the name of a file"),
    text("tls-key", \.keyFile, "the name of a file"),
    text("auth-tokens", \.tokenFile, "the name of a file"),
    value("auth-url", \.validator, "http://HOST[:PORT]/PATH or https://…") {
      ValidatorURL($0).map { .some($0) }
    },
    text("auth-ca", \.validatorAuthority, "the name of a file"),
    duration("auth-timeout", \.validatorTimeout, .milliseconds(100) ... .seconds(60)),
    seconds("auth-cache", \.validatorCacheSeconds),
    flag("allow-query-token", \.allowsQueryToken),
    flag("no-auth", \.allowsAnyone),
    command("upstream", \.upstream),
    command("catch-up", \.catchUp),
    text("replay", \.replay, "the name of a file"),
    value("speed", \.speed, "a number above 0, or max") { text in
      text == "max" ? .infinity : Double(text).flatMap { $0 > 0 && $0.isFinite ? $0 : nil }
    },
    duration("replay-gap", \.longestGap),
    value("share", \.sharing, Sharing.allCases.map(\.rawValue).joined(separator: ", ")) {
      Sharing(rawValue: $0)
    },
    duration("grace", \.grace),
    number("max-upstreams", \.upstreamLimit, 1...10_000),
    value("max-client-upstreams", \.clientUpstreamLimit, "a number of commands, at least 1") { text in
      Int(text).flatMap { $0 > 0 ? .some($0) : nil }
    },
    flag("hide-stderr", \.hidesErrors),
    size("ring", \.ringLimit, 64 << 10...1 << 40),
    value("queue", \.rule.queueLimit, "a number of events, at least 1") { text in
      Int(text).flatMap { $0 > 0 ? .some($0) : nil }
    },
    value("overflow", \.rule.policy, OverflowPolicy.allCases.map(\.rawValue).joined(separator: ", ")) {
      OverflowPolicy(rawValue: $0)
    },
    number("coalesce-ms", \.coalesceMilliseconds, 0...10_000),
    seconds("heartbeat", \.limits.heartbeatSeconds),
    seconds("ws-heartbeat", \.limits.pingSeconds),
    seconds("ws-heartbeat-timeout", \.limits.pongSeconds),
    value("client-rate", \.limits.messagesPerSecond, "a rate as 10/s or 100/m", RateLimiter.parse),
    value("request-rate", \.requestRate, "a rate as 10/s or 100/m", RateLimiter.parse),
    flag("ws-compress", \.compressesMessages),
    size("max-message", \.limits.messageBytes, 1 << 10...64 << 20),
    seconds("request-timeout", \.limits.requestSeconds),
    seconds("keep-alive", \.limits.keepAliveSeconds),
    seconds("stall", \.limits.stallSeconds),
    duration("drain", \.drain),
    number("max-clients", \.clientLimit, 1...10_000_000),
    value("max-client-connections", \.clientConnectionLimit, "a number of connections, at least 1") { text in
      Int(text).flatMap { $0 > 0 ? .some($0) : nil }
    },
    number("max-channels", \.channelLimit, 1...10_000),
    value("filter-missing", \.limits.passesMissing, "pass or drop") { ["pass": true, "drop": false][$0] },
    Setting(name: "event-types") { (configuration, node) throws(ValueError) in
      guard case .sequence(let list) = node else { throw ValueError("a list of event types") }
      configuration.eventTypes = []
      for element in list {
        guard let type = element.string else { throw ValueError("a list of event types") }
        configuration.eventTypes?.insert(type)
      }
    },
    seconds("idle-timeout", \.limits.idleSeconds),
    flag("snapshot", \.keepsSnapshot),
    Setting(name: "snapshot-key") { (configuration, node) throws(ValueError) in
      do throws(FilterError) {
        configuration.snapshotKey = try KeyExpression(node.string ?? "")
      } catch {
        throw ValueError("a CEL expression: \(error)")
      }
    },
    Setting(name: "routes") { (configuration, node) throws(ValueError) in
      guard case .sequence(let list) = node else { throw ValueError("a list of mappings with a path") }
      configuration.routes = []
      for element in list {
        let route = try SnapshotRoute(element)
        guard !SnapshotRoute.taken.contains(route.path),
          !configuration.routes.contains(where: { $0.path == route.path })
        else { throw ValueError("paths that are not served yet; \(route.path) is") }
        configuration.routes.append(route)
      }
    },
    number("keys-limit", \.keyLimit, 1...100_000_000),
    duration("filter-budget", \.filterBudget, .milliseconds(1) ... .seconds(60)),
    number("cost-limit", \.costLimit, 1...1_000_000_000),
    texts("cors", \.corsOrigins, "an origin without a path, as https://example.org, or *, or a list of them")
    {
      $0 == "*" ? $0 : $0.contains("*") ? nil : Origin($0)?.text
    },
    texts("host", \.hosts, "a name without a port, as fanout.example.org, or *, or a list of them") {
      guard $0 != "*" else { return $0 }
      guard let host = Authority($0), !host.name.isEmpty, host.port == nil, !$0.contains("*") else {
        return nil
      }
      return host.name
    },
    number("loops", \.loops, 1...256),
    value("timeout", \.timeLimit, "a duration, as 200ms, 10s or 1h30m") {
      DurationText.parse($0).map { .some($0) }
    },
    value("status", \.status, "inline, stderr, fd:N or a file", StatusSink.Destination.init(flag:)),
  ]
}
