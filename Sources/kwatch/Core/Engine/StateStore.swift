// SPDX-License-Identifier: Apache-2.0
import JSON
import Lines
import Process

/// `--state FILE`: where each scope goes on from, and what its consumer was told, so that after a restart, too, a
/// 410 is answered with the right difference.
struct StateStore {
  struct Entry: Equatable {
    var resourceVersion: String
    var objects: [Identity]
  }

  package struct Fault: ToolError {
    package var description: String
    package var status: ExitStatus { .badConfig }
  }

  private let file: StateFile
  private(set) var entries: [String: Entry] = [:]
  private var lastWrite: Duration?

  /// - Throws: `StateFileError` for a file that cannot be read, `Fault` for one that is none of ours.
  init(path: String) throws {
    file = StateFile(path: path)
    guard let text = try file.read(), !text.isEmpty else { return }
    guard let entries = Self.parse(text) else {
      throw Fault(description: "state file '\(path)' is none of kwatch's; remove it, or give another")
    }
    self.entries = entries
  }

  static func parse(_ text: [UInt8]) -> [String: Entry]? {
    guard let value = try? JSONValue.parse(text), value["kwatch"]?.integer == 1 else { return nil }
    var entries: [String: Entry] = [:]
    for scope in value["scopes"]?.elements ?? [] {
      guard let key = scope["scope"]?.text, let version = scope["resourceVersion"]?.text else { return nil }
      var objects: [Identity] = []
      for object in scope["objects"]?.elements ?? [] {
        let fields = object.texts.map { Array($0.utf8) }
        guard fields.count == 4 else { return nil }
        objects.append(
          Identity(uid: fields[0], resourceVersion: fields[1], namespace: fields[2], name: fields[3]))
      }
      entries[key] = Entry(resourceVersion: version, objects: objects)
    }
    return entries
  }

  /// Whether it is time to write: once a second at most, less often the more there is to write.
  func isDue(objectCount: Int, now: Duration) -> Bool {
    guard let lastWrite else { return true }
    return now - lastWrite >= .milliseconds(max(1000, objectCount / 10))
  }

  /// Replaces the file. Entries of scopes that are not told whole yet stay as they were.
  ///
  /// - Throws: `StateFileError`; the old file stands.
  mutating func write(_ scopes: [ScopeRunner], now: Duration) throws(StateFileError) {
    lastWrite = now
    var text = Array("{\"kwatch\":1,\"scopes\":[".utf8)
    var isFirst = true
    var written: Set<String> = []
    func begin(_ key: String, _ version: String) {
      text += Array("\(isFirst ? "" : ",")\n{\"scope\":\(JSONText.string(key)),".utf8)
      text += Array("\"resourceVersion\":\(JSONText.string(version)),\"objects\":[".utf8)
      isFirst = false
    }
    for scope in scopes where scope.machine.isSynced {
      written.insert(scope.key)
      begin(scope.key, scope.machine.resourceVersion)
      var isFirstObject = true
      scope.machine.known.forEach { identity in
        Self.append(identity, isFirstObject, &text)
        isFirstObject = false
      }
      text += Array("]}".utf8)
    }
    for (key, entry) in entries where !written.contains(key) {
      begin(key, entry.resourceVersion)
      for (index, identity) in entry.objects.enumerated() { Self.append(identity, index == 0, &text) }
      text += Array("]}".utf8)
    }
    text += Array("\n]}\n".utf8)
    try file.write(text)
  }

  private static func append(_ identity: Identity, _ isFirst: Bool, _ text: inout [UInt8]) {
    if !isFirst { text.append(UInt8(ascii: ",")) }
    text.append(UInt8(ascii: "["))
    for (index, field) in [identity.uid, identity.resourceVersion, identity.namespace, identity.name]
      .enumerated()
    {
      if index > 0 { text.append(UInt8(ascii: ",")) }
      JSONText.append(string: field, to: &text)
    }
    text.append(UInt8(ascii: "]"))
  }
}
