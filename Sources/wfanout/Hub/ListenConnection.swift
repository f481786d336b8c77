// SPDX-License-Identifier: Apache-2.0
import NIOCore

/// A response that is a stream of events: SSE, NDJSON, a Kubernetes watch. One listener; what the client sends is not read.
final class ListenConnection: Connection {
  private var admission: Admission?

  func begin(_ plan: ListenPlan, admission: Admission) {
    self.admission = admission
    let hub = plan.stream.hubs[loopContext.index]
    let lane = plan.stream.state.lane(format, plan.matcher)
    let listener = Listener(lane: lane, connection: self, position: hub.ring.end)
    self.listener = listener
    hub.join(listener, plan.start)
  }

  override func removeListeners() {
    super.removeListeners()
    admission?.clientLeft()
    admission = nil
  }
}
