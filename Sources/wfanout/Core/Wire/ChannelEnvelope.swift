// SPDX-License-Identifier: Apache-2.0
import JSON

/// The data of a `watch` event on a connection that carries several channels: the channel, then the members of the line.
enum ChannelEnvelope {
  static func encode(_ batch: Batch, _ index: Int, channel: String) -> [UInt8] {
    let line = batch.line(index)
    let bytes = batch.bytes
    var output: [UInt8] = []
    output.reserveCapacity(line.count + channel.utf8.count + 64)
    output.append(contentsOf: #"{"channel":"#.utf8)
    JSONText.append(string: channel.utf8, to: &output)
    var object: Range<Int>?
    let isObject = JSONScan.appendMembers(of: bytes, in: line, to: &output) { key, value in
      if JSONScan.equals(bytes, key, "object") { object = value }
      return !JSONScan.equals(bytes, key, "channel")
    }
    if let object, let metadata = JSONScan.member("metadata", of: bytes, in: object),
      let version = JSONScan.member("resourceVersion", of: bytes, in: metadata)
    {
      output.append(contentsOf: #","resourceVersion":"#.utf8)
      output.append(contentsOf: bytes[version])
    }
    if !isObject, object == nil {
      output.append(contentsOf: #","data":"#.utf8)
      JSONText.append(string: bytes[line], to: &output)
    }
    output.append(UInt8(ascii: "}"))
    return output
  }
}
