// SPDX-License-Identifier: Apache-2.0
import Process
package import YAML

/// Something that can be set: by the flag of its name, or by the key of its name in the file of `--config`.
package struct Setting: Sendable {
  /// A value was refused; the message says which form is expected.
  package struct ValueError: Error {
    package var wanted: String
    /// The text that is not good, of those in a list.
    package var text: String?

    package init(_ wanted: String, text: String? = nil) {
      self.wanted = wanted
      self.text = text
    }
  }

  package typealias Place<Value> = any WritableKeyPath<Configuration, Value> & Sendable

  package let name: String
  package let set: @Sendable (inout Configuration, YAMLNode) throws(ValueError) -> Void
}

extension Setting {
  /// A setting with one text as its value. `read` parses it and returns nil if it is invalid.
  package static func value<Value>(
    _ name: String, _ target: Place<Value>, _ wanted: String,
    _ read: @escaping @Sendable (String) -> Value?
  ) -> Setting {
    Setting(name: name) { (configuration, node) throws(ValueError) in
      guard let value = node.string.flatMap(read) else { throw ValueError(wanted) }
      configuration[keyPath: target] = value
    }
  }

  package static func text(
    _ name: String, _ target: Place<String?>, _ wanted: String
  ) -> Setting {
    value(name, target, wanted) { $0.isEmpty ? nil : .some($0) }
  }

  /// One text or a list of them, each as `read` normalizes it; nil for one that is not good. Commas separate
  /// texts too.
  package static func texts(
    _ name: String, _ target: Place<[String]>, _ wanted: String,
    _ read: @escaping @Sendable (String) -> String?
  ) -> Setting {
    Setting(name: name) { (configuration, node) throws(ValueError) in
      let nodes: [YAMLNode] = if case .sequence(let list) = node { list } else { [node] }
      configuration[keyPath: target] = []
      for node in nodes {
        let texts = node.string?.split(separator: ",", omittingEmptySubsequences: false) ?? [""]
        for text in texts {
          let text = String(text.drop { $0 == " " })
          guard let good = read(text) else { throw ValueError(wanted, text: text) }
          configuration[keyPath: target].append(good)
        }
      }
    }
  }

  package static func command(_ name: String, _ target: Place<UpstreamTemplate?>) -> Setting {
    Setting(name: name) { (configuration, node) throws(ValueError) in
      do throws(UpstreamTemplate.TemplateError) {
        configuration[keyPath: target] = try UpstreamTemplate(node.string ?? "")
      } catch {
        throw ValueError("a command: \(error)")
      }
    }
  }

  package static func flag(_ name: String, _ target: Place<Bool>) -> Setting {
    value(name, target, "true or false") { ["true": true, "false": false][$0] }
  }

  package static func number(
    _ name: String, _ target: Place<Int>, _ range: ClosedRange<Int>
  ) -> Setting {
    value(name, target, "a number from \(range.lowerBound) to \(range.upperBound)") { text in
      Int(text).flatMap { range.contains($0) ? $0 : nil }
    }
  }

  package static func duration(
    _ name: String, _ target: Place<Duration>,
    _ range: ClosedRange<Duration> = .zero ... .seconds(86_400)
  ) -> Setting {
    let limits = "\(DurationText.print(range.lowerBound)) to \(DurationText.print(range.upperBound))"
    return value(name, target, "a duration from \(limits), as 10s or 1m30s") { text in
      DurationText.parse(text).flatMap { range.contains($0) ? $0 : nil }
    }
  }

  /// A duration in whole seconds, the ticks of the event loops.
  package static func seconds(_ name: String, _ target: Place<UInt32>) -> Setting {
    value(name, target, "a duration of whole seconds from 1s to 24h, as 10s or 1m30s") { text in
      guard let duration = DurationText.parse(text)?.components, duration.attoseconds == 0,
        (1...86_400).contains(duration.seconds)
      else { return nil }
      return UInt32(duration.seconds)
    }
  }

  package static func size(
    _ name: String, _ target: Place<Int>, _ range: ClosedRange<Int>
  ) -> Setting {
    value(
      name, target, "a size from \(ByteSize.print(range.lowerBound)) to \(ByteSize.print(range.upperBound))"
    ) {
      text in ByteSize(text).flatMap { range.contains($0.count) ? $0.count : nil }
    }
  }
}
