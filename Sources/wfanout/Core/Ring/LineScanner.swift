// SPDX-License-Identifier: Apache-2.0
import Events
import JSON

/// Finds the facts of lines, each in one walk. For one thread.
struct LineScanner {
  private enum Path: Int, CaseIterable {
    case object, apiVersion, kind, namespace, name, uid, version
    case resource, sourceCluster, epoch, sequence
    case eventType, clusterID, payloadNamespace, labelNamespace

    var keys: [String] {
      switch self {
      case .object: ["object"]
      case .apiVersion: ["object", "apiVersion"]
      case .kind: ["object", "kind"]
      case .namespace: ["object", "metadata", "namespace"]
      case .name: ["object", "metadata", "name"]
      case .uid: ["object", "metadata", "uid"]
      case .version: ["object", "metadata", "resourceVersion"]
      case .resource: ["source", "resource"]
      case .sourceCluster: ["source", "cluster"]
      case .epoch: ["source", "epoch"]
      case .sequence: ["source", "sequence"]
      case .eventType: ["event_type"]
      case .clusterID: ["cluster_id"]
      case .payloadNamespace: ["payload", "namespace"]
      case .labelNamespace: ["payload", "labels", "namespace"]
      }
    }
  }

  private static let test = LineTest(paths: Path.allCases.map(\.keys), conditions: [])
  private let scan = LineScan(test)

  /// The facts of a line in the array of bytes that starts at `base`.
  func facts(_ line: RawJSON, from base: JSONCursor) -> LineFacts {
    var facts = LineFacts()
    guard scan.scan(line) != .malformed else { return facts }
    func place(_ value: RawJSON?) -> Range<Int>? { value.flatMap { $0.range(from: base) } }
    facts.parts[.eventType] = place(string(.eventType))
    var cluster = string(.clusterID)
    // Producers put the namespace into the payload, into its labels, or into a Kubernetes object.
    var eventNamespace: RawJSON?
    if hasParent(.payloadNamespace) {
      eventNamespace = string(.payloadNamespace) ?? string(.labelNamespace)
    }
    if let object = value(.object) {
      facts.kind = LineFacts.Kind(EventHead(line)?.type)
      facts.parts[.object] = place(object)
      facts.parts[.apiVersion] = place(string(.apiVersion))
      facts.parts[.kind] = place(string(.kind))
      facts.parts[.namespace] = place(string(.namespace))
      facts.parts[.name] = place(string(.name))
      facts.parts[.uid] = place(string(.uid))
      if let version = string(.version) {
        facts.parts[.version] = place(version)
        if facts.kind != .other { facts.versionHash = LineScanner.hash(version) }
      }
      eventNamespace = eventNamespace ?? string(.namespace)
    }
    if hasParent(.resource) {
      facts.parts[.resource] = place(string(.resource))
      cluster = cluster ?? string(.sourceCluster)
      if facts.kind != .other { facts.sourceID = sourceID }
    }
    facts.parts[.cluster] = place(cluster)
    facts.parts[.eventNamespace] = place(eventNamespace)
    return facts
  }

  private static func hash(_ version: RawJSON) -> UInt64 {
    if let plain = unsafe version.plainString { return unsafe LineFacts.hash(plain) }
    return LineFacts.hash((version.string ?? "").utf8)
  }

  /// Whether the line has the object in which the path ends.
  private func hasParent(_ path: Path) -> Bool {
    let state = scan.state(path.rawValue)
    return state == .present || state == .missingKey
  }

  private func value(_ path: Path) -> RawJSON? {
    scan.state(path.rawValue) == .present ? scan.value(path.rawValue) : nil
  }

  private func string(_ path: Path) -> RawJSON? { value(path).flatMap { $0.kind == .string ? $0 : nil } }

  private var sourceID: EventID? {
    guard let epoch = value(.epoch)?.unsigned, let sequence = value(.sequence)?.unsigned else { return nil }
    return EventID(epoch: epoch, sequence: sequence)
  }
}

extension RawJSON {
  /// Decimal digits, in quotes or not; nil for anything else or beyond 64 bits.
  var unsigned: UInt64? {
    guard let digits = unsafe kind == .number ? bytes : plainString, !digits.isEmpty else { return nil }
    var number: UInt64 = 0
    for index in 0..<digits.count {
      let digit = unsafe digits[index] &- UInt8(ascii: "0")
      guard digit < 10 else { return nil }
      let (product, overflow) = number.multipliedReportingOverflow(by: 10)
      let (sum, carry) = product.addingReportingOverflow(UInt64(digit))
      guard !overflow, !carry else { return nil }
      number = sum
    }
    return number
  }
}
