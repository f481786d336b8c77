// SPDX-License-Identifier: Apache-2.0
import JSON
import Lines
import Process

/// `--state FILE`: the position of each scope, and the objects that its consumer has, so that the difference
/// after a 410 is correct even after a restart.
struct StateStore {
  struct Entry: Equatable {
    var resourceVersion: String
    var objects: [Identity]
  }

  package struct FormatError: ToolError {
    package var description: String
    package var status: ExitStatus { .badConfig }
  }

  private let file: OpenStateFile
  /// The part of the file that belongs to each scope, as text. A scope in the middle of a list keeps its old
  /// part, and so do scopes that this run does not follow.
  private var parts: [String: [UInt8]] = [:]

  /// - Throws: `StateFileError` if the file cannot be read, locked or written, `FormatError` if kwatch did
  ///   not write it.
  init(path: String) throws {
    file = try OpenStateFile(StateFile(path: path))
    guard let text = try file.read(), !text.isEmpty else { return }
    guard let entries = Self.parse(text) else {
      throw FormatError(
        description: "state file '\(path)' was not written by kwatch: remove it, or give another with --state"
      )
    }
    for (key, entry) in entries {
      parts[key] = Self.part(key, entry.resourceVersion) { entry.objects.forEach($0) }
    }
  }

  static func parse(_ text: [UInt8]) -> [String: Entry]? {
    guard let value = try? JSONValue(parsing: text), value["kwatch"]?.integer == 1 else { return nil }
    var entries: [String: Entry] = [:]
    for scope in value["scopes"]?.elements ?? [] {
      guard let key = scope["scope"]?.string, let version = scope["resourceVersion"]?.string else {
        return nil
      }
      var objects: [Identity] = []
      for object in scope["objects"]?.elements ?? [] {
        let fields = (object.strings ?? []).map { Array($0.utf8) }
        guard fields.count == 4 else { return nil }
        objects.append(
          Identity(uid: fields[0], resourceVersion: fields[1], namespace: fields[2], name: fields[3]))
      }
      entries[key] = Entry(resourceVersion: version, objects: objects)
    }
    return entries
  }

  /// The saved state of a scope.
  func entry(_ key: String) -> Entry? {
    parts[key].flatMap { Self.parse(Self.whole([$0])) }?[key]
  }

  /// Replaces the state of a scope; `write` writes the file.
  mutating func set(_ key: String, resourceVersion: String, _ known: KnownObjects) {
    parts[key] = Self.part(key, resourceVersion) { known.forEach($0) }
  }

  /// - Throws: `StateFileError`. The old file is kept.
  func write() throws(StateFileError) {
    try file.write(Self.whole(parts.sorted { $0.key < $1.key }.map(\.value)))
  }

  private static func whole(_ parts: [[UInt8]]) -> [UInt8] {
    var writer = JSONWriter()
    writer.object {
      $0.member("kwatch", 1)
      $0.key("scopes")
      // Each part in a line of its own, for people.
      $0.array { writer in for part in parts { writer.raw([0x0A] + part) } }
    }
    return writer.bytes + [0x0A]
  }

  private static func part(_ key: String, _ version: String, _ each: ((Identity) -> Void) -> Void) -> [UInt8]
  {
    var writer = JSONWriter()
    writer.object {
      $0.member("scope", key)
      $0.member("resourceVersion", version)
      $0.key("objects")
      $0.array { writer in
        each { identity in
          writer.array {
            for field in [identity.uid, identity.resourceVersion, identity.namespace, identity.name] {
              $0.value(String(decoding: field, as: UTF8.self))
            }
          }
        }
      }
    }
    return writer.bytes
  }
}
