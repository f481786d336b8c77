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
    let isObject = batch.withJSON(index) { $0.appendMembers(to: &output) { !$0.isString("channel") } }
    if let version = batch.value(.version, index) {
      output.append(contentsOf: #","resourceVersion":"#.utf8)
      output.append(contentsOf: bytes[version])
    }
    if !isObject, batch.value(.object, index) == nil {
      output.append(contentsOf: #","data":"#.utf8)
      JSONText.append(string: bytes[line], to: &output)
    }
    output.append(UInt8(ascii: "}"))
    return output
  }
}
