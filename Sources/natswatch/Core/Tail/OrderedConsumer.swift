// SPDX-License-Identifier: Apache-2.0

/// The state machine of a tail over a series of consumers: which to create, what to write, when to report
/// 410.
///
/// Pure: its inputs are the server's responses and the time; its outputs are actions. It guarantees that
/// every matching message after the start is delivered once and in order; otherwise it returns ``Gone`` with
/// the reason.
///
/// The frontier F is the sequence up to which every match has been delivered. Consumers are created to start
/// at F + 1, never at "new", so that creating another one is always well defined. The first_seq of a stream
/// only grows. If it is at most F + 1 *after* a message has arrived, no message after F had been removed from
/// the front before the server selected that message.
package struct OrderedConsumer: Sendable {
  let start: Start
  /// Whether the filter matches every message; a gap in the sequence then means removed messages.
  let coversStream: Bool
  let isStrict: Bool
  /// The longest silence of a consumer that works: several heartbeat intervals.
  let patience: Duration

  /// Every match up to this sequence has been delivered; nil until the first consumer has reported its start.
  private(set) var frontier: UInt64?
  /// The identity of the stream, once it is known.
  private(set) var epoch: String?
  /// The number of undelivered matches when the last message was sent.
  private(set) var pending: UInt64 = 0
  private var consumerSequence: UInt64 = 0
  private var lastHeard: Duration = .zero
  private var hasDelivered = false
  /// The first pass of `lastPerSubject`, from its plan to that of the consumer after it.
  private var firstPass: FirstPass?
  /// Whether the server may have held messages back.
  private var mayHaveLagged = false
  /// Whether the stream's leader can change. Consumers may then pass over messages (seen with NATS 2.15.1).
  private var isReplicated = false
  private var createdAt: Duration = .zero
  private var lastSearch: Duration?
  /// Gaps after this sequence have been passed but are not proven yet.
  private(set) var unprovenFrom: UInt64?
  private var lastProof: Duration?
  private var aheadSince: Duration?
  /// When a consumer first passed over the message after the frontier.
  private var skippedSince: Duration?
  /// The last sequence of the stream in its latest information.
  private var streamEnd: UInt64 = 0
  /// Whether the stream had no removed messages between its first and last one when it was last checked.
  private var isWhole = false
  /// Removals from the middle up to here have been reported.
  private var reportedRemovals: UInt64 = 0

  /// At most one proof in this time: a stream with many removed messages would cost one for each gap.
  static let proofInterval: Duration = .milliseconds(100)
  /// How long the stream may end before the frontier, or consumers pass over the message after it. A new leader
  /// catches up within this time; after it, the end or gap is real.
  static let aheadPatience: Duration = .seconds(5)

  /// `epoch` is the stream's identity, if a state file has it. `isStrict`: removals from the middle count as loss.
  init(
    start: Start, epoch: String? = nil, coversStream: Bool, isStrict: Bool = false,
    patience: Duration = .milliseconds(12_500)
  ) {
    self.start = start
    self.epoch = epoch
    self.coversStream = coversStream
    self.isStrict = isStrict
    self.patience = patience
    if case .after(let sequence) = start { frontier = sequence }
  }

  /// The time at which the consumer is considered dead, unless a message or heartbeat arrives before.
  var deadline: Duration { lastHeard + patience }

  /// The sequence that a later run may continue after; it lies before unproven gaps.
  var resumable: UInt64? {
    guard let unproven = unprovenFrom, let frontier else { return frontier }
    return min(frontier, unproven - 1)
  }

  /// A machine for the messages that the stream has now, after `gone` was reported.
  func continued(after gone: Gone) -> OrderedConsumer {
    var start = Start.all
    var isSameStream = true
    switch gone {
    case .ahead: start = .newOnly
    case .deleted, .recreated: isSameStream = false
    // Messages after the gap that were written before the gap was proven are not written again.
    case .expired(_, let first): if let frontier, frontier >= first { start = .after(frontier) }
    case .removed: if let frontier { start = .after(frontier) }
    case .skipped(_, let next): start = .after(max(next - 1, frontier ?? 0))
    }
    var machine = OrderedConsumer(
      start: start, epoch: isSameStream ? epoch : nil, coversStream: coversStream, isStrict: isStrict,
      patience: patience)
    if case .removed = gone { machine.reportedRemovals = streamEnd }
    return machine
  }

  // MARK: - Creation

  /// Decides how to create the next consumer.
  mutating func plan(_ info: StreamInfo, now: Duration) -> Plan {
    if let epoch, epoch != info.epoch { return .gone(.recreated(stream: info.config.name)) }
    epoch = info.epoch
    guard let frontier else {
      switch start {
      case .after(let sequence): return .create(.sequence(sequence + 1))
      case .newOnly:
        self.frontier = info.state.last_seq
        return .create(.sequence(info.state.last_seq + 1))
      case .since(let time): return .create(.time(time))
      case .all: return .create(.all)
      case .last: return .create(.last)
      case .lastPerSubject:
        if firstPass == nil { firstPass = FirstPass(info) } else { firstPass?.resume() }
        return .create(.lastPerSubject)
      }
    }
    switch reaches(frontier, info, now: now) {
    case .gone(let gone): return .gone(gone)
    case .lookAgain: return .lookAgain
    case .proceed: break
    }
    if isInFirstPass {
      firstPass?.resume()
      return .create(.lastPerSubject)
    }
    firstPass = nil
    return .create(.sequence(frontier + 1))
  }

  /// Starts with a new consumer.
  ///
  /// - Parameters:
  ///   - consumer: The response to its creation.
  ///   - info: The stream as it was *after* that, with the removed sequences where ``wantsDeleted`` is set.
  ///   - now: The time.
  /// - Returns: Whether its messages may be written.
  mutating func created(_ consumer: ConsumerInfo, _ info: StreamInfo, now: Duration) -> Verdict {
    consumerSequence = 0
    lastHeard = now
    pending = consumer.num_pending
    isReplicated = info.config.isReplicated
    (createdAt, lastSearch) = (now, nil)
    if let epoch, epoch != info.epoch { return .gone(.recreated(stream: info.config.name)) }
    let first = info.state.first_seq
    if frontier == nil {
      // For `all`, `last` and a time only this response has the exact start.
      frontier = max(consumer.delivered, start == .lastPerSubject ? 0 : first > 0 ? first - 1 : 0)
    }
    guard var frontier else { return .proceed }
    if !hasDelivered, start == .newOnly, first > 0, frontier + 1 < first {
      // "New" begins with the creation of the consumer; messages stored and removed before it do not count.
      frontier = first - 1
      self.frontier = frontier
    }
    let reach = reaches(frontier, info, now: now)
    guard reach == .proceed else { return reach }
    if isInFirstPass, let verdict = firstPass?.started(consumer.num_pending, after: frontier, first: first) {
      return verdict
    }
    if let gone = skipped(info, nil, after: frontier, before: .max) { return .gone(gone) }
    return check(info, from: resumable ?? frontier, now: now, pendingAtCreation: consumer.num_pending)
  }

  /// Whether ``created(_:_:now:)`` needs the sequences of removed messages.
  var wantsDeleted: Bool { isStrict && (!coversStream || reportedRemovals > (frontier ?? 0)) }

  /// Whether the stream reaches the frontier. A new leader of a replicated stream reports an earlier end until it has
  /// applied everything that the cluster has stored: a position of an earlier run may come from the old leader.
  private mutating func reaches(_ frontier: UInt64, _ info: StreamInfo, now: Duration) -> Verdict {
    guard frontier > info.state.last_seq else {
      aheadSince = nil
      return .proceed
    }
    let since = aheadSince ?? now
    aheadSince = since
    let mayCatchUp = hasDelivered || info.config.isReplicated
    guard mayCatchUp, now - since < Self.aheadPatience else {
      return .gone(.ahead(after: frontier, last: info.state.last_seq))
    }
    return .lookAgain
  }

  private mutating func check(
    _ info: StreamInfo, from sequence: UInt64, now: Duration, pendingAtCreation: UInt64? = nil
  ) -> Verdict {
    let state = info.state
    streamEnd = max(streamEnd, state.last_seq)
    if state.first_seq > 0, sequence + 1 < state.first_seq {
      return .gone(.expired(after: sequence, first: state.first_seq))
    }
    if isStrict, (state.num_deleted ?? 0) > 0 {
      if let pending = pendingAtCreation, coversStream, sequence >= reportedRemovals,
        pending < state.last_seq - min(sequence, state.last_seq)
      {
        return .gone(.removed(after: sequence))
      }
      if let deleted = state.deleted, deleted.contains(where: { $0 > max(sequence, reportedRemovals) }) {
        return .gone(.removed(after: sequence))
      }
    }
    lastProof = now
    unprovenFrom = nil
    isWhole = state.isWhole
    return .proceed
  }

  // MARK: - Delivery

  /// A message has arrived.
  ///
  /// - Parameters:
  ///   - metadata: The message's metadata.
  ///   - now: The time.
  ///   - isProven: The same message again, after ``Action/prove`` and a proof.
  /// - Returns: What to do with it.
  mutating func message(_ metadata: DeliveryMetadata, now: Duration, isProven: Bool = false) -> Action {
    lastHeard = now
    guard metadata.consumerSequence == consumerSequence + 1, metadata.streamSequence < .max else {
      return .recreate("message \(consumerSequence + 1) of the consumer is missing")
    }
    let sequence = metadata.streamSequence
    guard let frontier, sequence > frontier else {
      consumerSequence += 1
      firstPass?.arrived(sequence)
      return .skip
    }
    if !isProven, passLacks(at: sequence) { return .prove }
    if !isProven, mayMissMatch(before: sequence), isSearchDue(now, pending: metadata.pending) {
      return .prove
    }
    if let pass = firstPass, pass.isResumed, sequence > pass.end {
      self.frontier = pass.end
      return .recreate("the first pass is complete")
    }
    if let pass = firstPass, sequence <= pass.end, sequence > frontier + 1 {
      firstPass?.passed(gapFrom: frontier + 1)
    } else if !isProven, sequence > frontier + 1, needsProof(upTo: sequence) {
      // Where nothing had been removed, a gap is rare, and another consumer may still deliver what it lacks.
      if isWhole && coversStream || !mayDefer(now) { return .prove }
      unprovenFrom = min(unprovenFrom ?? .max, frontier + 1)
    }
    consumerSequence += 1
    firstPass?.arrived(sequence)
    pending = metadata.pending
    self.frontier = sequence
    hasDelivered = true
    skippedSince = nil
    return .deliver
  }

  /// A heartbeat has arrived: ``Action/deliver`` means that the frontier has moved and may be reported.
  ///
  /// - Parameters:
  ///   - lastConsumer: `Nats-Last-Consumer`.
  ///   - lastStream: `Nats-Last-Stream`: the last sequence that the consumer has examined, matching or not.
  ///   - now: The time.
  ///   - isProven: The same heartbeat again, after ``Action/prove`` and a proof.
  /// - Returns: What to do.
  mutating func idle(
    lastConsumer: UInt64, lastStream: UInt64, now: Duration, isProven: Bool = false
  ) -> Action {
    lastHeard = now
    guard lastConsumer == consumerSequence, lastStream < .max else {
      return .recreate(
        "the server has sent \(lastConsumer) messages, but only \(consumerSequence) have arrived")
    }
    guard let frontier, lastStream > frontier else { return .skip }
    if !isProven,
      needsProof(upTo: lastStream) || passLacks(at: lastStream + 1) || mayMissMatch(before: lastStream + 1)
    {
      return .prove
    }
    pending = 0
    if let pass = firstPass, pass.isResumed, lastStream > pass.end {
      self.frontier = pass.end
      return .recreate("the first pass is complete")
    }
    self.frontier = lastStream
    return .deliver
  }

  /// A part of a message arrived.
  mutating func partArrived(now: Duration) { lastHeard = now }

  /// The server sent a flow-control request. Until it had the reply, it may have held messages back, and they
  /// may have expired in the meantime.
  mutating func flowControl(now: Duration) {
    lastHeard = now
    mayHaveLagged = true
  }

  /// Whether passed gaps must be proven now.
  func isProofDue(now: Duration) -> Bool {
    (unprovenFrom != nil || firstPass?.hasGap == true) && !mayDefer(now)
  }

  /// Whether the tail may not end before a look at the stream: messages may have been removed before the one
  /// with the sequence `next`, which is not to be written.
  func needsProof(before next: UInt64?) -> Bool {
    if unprovenFrom != nil { return true }
    if let next, passLacks(at: next) { return true }
    guard let next, let frontier, next > frontier + 1 else { return false }
    return needsProof(upTo: next) || mayMissMatch(before: next)
  }

  /// Whether only the stream can tell if the consumer has passed over a match before `next`.
  func mayMissMatch(before next: UInt64) -> Bool {
    guard isReplicated, !coversStream, !isInFirstPass, let frontier else { return false }
    return next > frontier + 1
  }

  /// Applies the stream's information, requested after the last message had arrived.
  ///
  /// - Parameters:
  ///   - info: The stream.
  ///   - match: The first match after the frontier, where ``mayMissMatch(before:)``.
  ///   - next: The sequence that the consumer has reached, to which the frontier may move.
  ///   - now: The time.
  /// - Returns: Whether nothing is missing.
  mutating func prove(
    _ info: StreamInfo, match: UInt64? = nil, before next: UInt64 = .max, now: Duration
  ) -> Verdict {
    if let epoch, epoch != info.epoch { return .gone(.recreated(stream: info.config.name)) }
    guard let frontier else { return .proceed }
    if mayMissMatch(before: next) { lastSearch = now }
    if isInFirstPass, let verdict = firstPass?.prove(info, after: frontier, at: next) {
      lastProof = now
      return verdict
    }
    let from = resumable ?? frontier
    if let gone = skipped(info, match, after: frontier, before: next) {
      let since = skippedSince ?? now
      skippedSince = since
      // Once a message after the gap is written, it is too late for another consumer.
      let isLate = coversStream && unprovenFrom != nil
      return !isLate && now - since < Self.aheadPatience ? .lookAgain : .gone(gone)
    }
    let verdict = check(info, from: from, now: now)
    if verdict == .proceed {
      if isStrict, coversStream, next > max(from, reportedRemovals) + 1 {
        return .gone(.removed(after: from))
      }
      mayHaveLagged = false
    }
    return verdict
  }

  /// The server has passed over messages: a match, or a gap in a stream that has none.
  private func skipped(
    _ info: StreamInfo, _ match: UInt64?, after frontier: UInt64, before next: UInt64
  ) -> Gone? {
    if let match, match > frontier, match < next { return .skipped(after: match - 1, before: next) }
    let state = info.state
    let missing = unprovenFrom ?? frontier + 1
    guard coversStream, firstPass == nil, state.isWhole, missing >= state.first_seq,
      missing <= state.last_seq,
      unprovenFrom != nil || (next > missing && next < .max)
    else { return nil }
    return .skipped(after: missing - 1, before: unprovenFrom == nil ? next : frontier + 1)
  }

  private var isInFirstPass: Bool {
    guard let pass = firstPass, let frontier else { return false }
    return frontier < pass.end
  }

  private func passLacks(at next: UInt64) -> Bool {
    guard isInFirstPass, let pass = firstPass else { return false }
    return pass.lacks(at: next)
  }

  /// With a filter, gaps are normal, and expiry matters only if the tail lags.
  private func needsProof(upTo sequence: UInt64) -> Bool {
    if let pass = firstPass, sequence <= pass.end { return false }
    return coversStream || mayHaveLagged || pending > 0
  }

  private func mayDefer(_ now: Duration) -> Bool {
    guard !isStrict, let lastProof else { return false }
    return now - lastProof < Self.proofInterval
  }

  /// Whether to search for matches before a message. With a filter, nearly all messages have a gap before them, so not
  /// every one is worth a search. Consumers pass over the newest messages, and most often those of their first seconds.
  private func isSearchDue(_ now: Duration, pending: UInt64) -> Bool {
    guard let lastSearch else { return true }
    let isYoung = now - createdAt < .seconds(10)
    return pending == 0 && isYoung || now - lastSearch >= Self.proofInterval
  }
}
