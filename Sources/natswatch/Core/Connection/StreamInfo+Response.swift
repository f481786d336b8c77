// SPDX-License-Identifier: Apache-2.0

import JSON

extension StreamInfo: JetStreamResponse {
  init?(_ document: JSONValue) {
    guard let config = document["config"].flatMap(Configuration.init),
      let created = document["created"]?.string,
      let state = document["state"].flatMap(State.init)
    else { return nil }
    self.config = config
    self.created = created
    self.state = state
    cluster = document["cluster"].map { Cluster(leader: $0["leader"]?.string) }
  }
}

extension StreamInfo.Configuration {
  init?(_ document: JSONValue) {
    guard let name = document["name"]?.string else { return nil }
    self.name = name
    subjects = document["subjects"]?.strings
    isCopy = document["mirror"]?["name"] != nil || document["sources"] != nil
    subject_transform = document["subject_transform"].map {
      StreamInfo.Transform(src: $0["src"]?.string, dest: $0["dest"]?.string)
    }
    num_replicas = document["num_replicas"]?.integer
  }
}

extension StreamInfo.State {
  init?(_ document: JSONValue) {
    guard let messages = document["messages"]?.unsigned,
      let first = document["first_seq"]?.unsigned,
      let last = document["last_seq"]?.unsigned
    else { return nil }
    self.messages = messages
    first_seq = first
    last_seq = last
    num_deleted = document["num_deleted"]?.unsigned
    deleted = document["deleted"]?.elements.compactMap(\.unsigned)
  }
}

extension ConsumerInfo: JetStreamResponse {
  init?(_ document: JSONValue) {
    guard let name = document["name"]?.string,
      let config = document["config"].map(Configuration.init),
      let delivered = document["delivered"]?["stream_seq"]?.unsigned,
      let pending = document["num_pending"]?.unsigned
    else { return nil }
    self.name = name
    self.config = config
    self.delivered = delivered
    num_pending = pending
    num_ack_pending = document["num_ack_pending"]?.integer
    ack_floor = document["ack_floor"]?["stream_seq"]?.unsigned
    created = document["created"]?.string
    paused = document["paused"]?.bool
  }
}

extension ConsumerInfo.Configuration {
  init(_ document: JSONValue) {
    durable_name = document["durable_name"]?.string
    filter_subject = document["filter_subject"]?.string
    filter_subjects = document["filter_subjects"]?.strings
    ack_policy = document["ack_policy"]?.string
    max_deliver = document["max_deliver"]?.integer
    ack_wait = document["ack_wait"]?.integer.map(Int64.init)
    deliver_subject = document["deliver_subject"]?.string
    headers_only = document["headers_only"]?.bool
    priority_groups = document["priority_groups"]?.strings
    max_batch = document["max_batch"]?.integer
    max_expires = document["max_expires"]?.integer.map(Int64.init)
  }
}
