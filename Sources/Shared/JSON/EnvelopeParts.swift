// SPDX-License-Identifier: Apache-2.0

import CJSON

/// The offsets of the values that make a text a watch event or an object with metadata. If a key is repeated,
/// the first one counts.
package struct EnvelopeParts: Sendable {
  /// The number of members of the outermost object.
  package let memberCount: Int
  package let type: Range<Int>?
  /// Only where it is an object.
  package let object: Range<Int>?
  package let source: Range<Int>?
  package let metadata: Range<Int>?
  /// `metadata.resourceVersion`.
  package let version: Range<Int>?
  /// `object.metadata`.
  package let objectMetadata: Range<Int>?
  /// `object.metadata.resourceVersion`.
  package let objectVersion: Range<Int>?

  /// Nil if the text is not valid JSON (RFC 8259). ``JSONCursor/padding`` bytes after it may be read.
  package init?(_ text: UnsafeBufferPointer<UInt8>) {
    guard let base = text.baseAddress else { return nil }
    var found = unsafe json_envelope()
    guard unsafe json_find_envelope(base, base + text.count, &found).verdict == JSON_WHOLE else { return nil }
    func range(_ part: json_part) -> Range<Int>? {
      guard let start = unsafe part.start, let end = unsafe part.end else { return nil }
      return unsafe start - base..<end - base
    }
    memberCount = unsafe found.members
    type = unsafe range(found.type)
    object = unsafe range(found.object)
    source = unsafe range(found.source)
    metadata = unsafe range(found.metadata)
    version = unsafe range(found.version)
    objectMetadata = unsafe range(found.object_metadata)
    objectVersion = unsafe range(found.object_version)
  }
}
