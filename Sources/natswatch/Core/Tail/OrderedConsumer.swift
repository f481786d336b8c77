// SPDX-License-Identifier: Apache-2.0

/// Continuity of a tail over consumers that come and go: what to create, what to write, when to say 410.
///
/// Pure: it is told what the server said and when, and answers what to do. Its promise: every matching message behind
/// the start is delivered once and in order, or ``Gone`` says why that cannot be shown.
///
/// The frontier F is the sequence up to which every match has been delivered. Consumers are created to start at F + 1,
/// never at "new", so that creating another one is always well defined. first_seq of a stream only grows; so a look at it
/// *after* a message has arrived proves, when it is at most F + 1, that nothing after F had been removed from the
/// front before the server chose that message.
package struct OrderedConsumer: Sendable {
  package enum Start: Sendable, Equatable {
    case newOnly
    /// After this sequence, as a resourceVersion means it.
    case after(UInt64)
    /// From this time on, in nanoseconds since 1970.
    case since(Int64)
    case all
    case last
    case lastPerSubject
  }

  /// How the next consumer is to start delivering.
  package enum Delivery: Sendable, Equatable {
    case sequence(UInt64)
    case time(Int64)
    case last
    case lastPerSubject
    case all
  }

  enum Plan: Sendable, Equatable {
    case create(Delivery)
    /// Ask for the stream again in a moment: a new leader may not have caught up.
    case lookAgain
    case gone(Gone)
  }

  enum Verdict: Sendable, Equatable {
    case proceed
    case gone(Gone)
  }

  enum Action: Sendable, Equatable {
    /// Write the message.
    case deliver
    /// Written before, or nothing to write.
    case skip
    /// A look at the stream has to prove continuity first: ``prove(_:before:now:)``, then ask again.
    case prove
    /// The consumer cannot be relied on any more: create another one.
    case recreate(String)
  }

  let start: Start
  /// The filter lets everything pass: a gap in the sequence then means removed messages.
  let coversStream: Bool
  let isStrict: Bool
  /// How long a consumer may be silent: several of its heartbeats.
  let patience: Duration

  /// Every match up to here has been delivered; nil until the first consumer has told where it starts.
  private(set) var frontier: UInt64?
  /// The identity of the stream, once it is known.
  private(set) var epoch: String?
  /// What matched and had not been delivered when the last message was sent.
  private(set) var pending: UInt64 = 0
  private var consumerSequence: UInt64 = 0
  private var lastHeard: Duration = .zero
  private var hasDelivered = false
  /// Up to here, `lastPerSubject` is still giving each subject's last message.
  private var snapshotEnd: UInt64?
  /// What the first pass of `lastPerSubject` needs to notice that messages were removed while it lagged.
  private var pass = Pass()
  /// The first pass of `lastPerSubject` goes on with another consumer, whose picture is newer: what it has beyond the
  /// pass is left to a third one, which delivers every message.
  private var passIsResumed = false
  /// The server may have held messages back.
  private var mayHaveLagged = false
  /// Gaps after this sequence have been written and are not proven yet.
  private(set) var unprovenFrom: UInt64?
  private var lastProof: Duration?
  private var aheadSince: Duration?
  /// Where the stream ended when it was last looked at.
  private var streamEnd: UInt64 = 0
  /// Removals from the middle up to here have been reported.
  private var reportedRemovals: UInt64 = 0

  /// Gaps are normal in the first pass: the messages that have a newer one of their subject. Something is missing
  /// where the front of the stream has overtaken the pass, and it had fewer messages than when it began.
  private struct Pass: Sendable {
    /// How many messages its consumer has.
    var count: UInt64 = 0
    /// What had been removed before it began.
    var floor: UInt64 = 0
    /// The first sequence of a gap that was not looked at.
    var gap: UInt64?
    var overtaken: Gone?
  }

  /// At most one proof in this time: a stream with many removed messages would cost one for each gap.
  static let proofInterval: Duration = .milliseconds(100)
  /// How long a stream may end before the frontier until that is believed (a new leader catches up).
  static let aheadPatience: Duration = .seconds(5)

  /// - Parameters:
  ///   - start: Where to begin.
  ///   - epoch: The stream's identity where it is known from a state file.
  ///   - coversStream: The filter lets all messages of the stream pass.
  ///   - isStrict: Removals from the middle count as loss.
  ///   - patience: How long a consumer may be silent.
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

  /// When the consumer is given up unless something is heard.
  var deadline: Duration { lastHeard + patience }

  /// The sequence from which a later run may go on: unproven gaps are not covered by it.
  var resumable: UInt64? {
    guard let unproven = unprovenFrom, let frontier else { return frontier }
    return min(frontier, unproven - 1)
  }

  /// The machine that continues with what the stream has, after `gone` was reported.
  func continued(after gone: Gone) -> OrderedConsumer {
    var start = Start.all
    var isSameStream = true
    switch gone {
    case .ahead: start = .newOnly
    case .deleted, .recreated: isSameStream = false
    // What was written beyond the gap before it was proven is not written again.
    case .expired(_, let first): if let frontier, frontier >= first { start = .after(frontier) }
    case .removed: if let frontier { start = .after(frontier) }
    }
    var machine = OrderedConsumer(
      start: start, epoch: isSameStream ? epoch : nil, coversStream: coversStream, isStrict: isStrict,
      patience: patience)
    if case .removed = gone { machine.reportedRemovals = streamEnd }
    return machine
  }

  // MARK: - Creation

  /// Says how to create the next consumer.
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
        passIsResumed = snapshotEnd != nil
        snapshotEnd = snapshotEnd ?? info.state.last_seq
        if !passIsResumed { pass.floor = max(info.state.first_seq, 1) - 1 }
        return .create(.lastPerSubject)
      }
    }
    guard frontier <= info.state.last_seq else {
      guard hasDelivered, now - (aheadSince ?? now) < Self.aheadPatience else {
        return .gone(.ahead(after: frontier, last: info.state.last_seq))
      }
      aheadSince = aheadSince ?? now
      return .lookAgain
    }
    aheadSince = nil
    if let end = snapshotEnd, frontier < end {
      passIsResumed = true
      return .create(.lastPerSubject)
    }
    snapshotEnd = nil
    return .create(.sequence(frontier + 1))
  }

  /// Takes up a new consumer.
  ///
  /// - Parameters:
  ///   - consumer: The answer to its creation.
  ///   - info: The stream as it was *after* that, with the removed sequences where ``wantsDeleted`` is set.
  ///   - now: The time.
  /// - Returns: Whether its messages may be written.
  mutating func created(_ consumer: ConsumerInfo, _ info: StreamInfo, now: Duration) -> Verdict {
    consumerSequence = 0
    lastHeard = now
    pending = consumer.num_pending
    if let epoch, epoch != info.epoch { return .gone(.recreated(stream: info.config.name)) }
    let first = info.state.first_seq
    if frontier == nil {
      // `all`, `last`, a time: the server tells where it begins, in the only place where that is exact.
      frontier = max(consumer.delivered.stream_seq, start == .lastPerSubject ? 0 : first > 0 ? first - 1 : 0)
    }
    guard var frontier else { return .proceed }
    if !hasDelivered, start == .newOnly, first > 0, frontier + 1 < first {
      // "New" begins when the consumer is there; what came and went before it is not new any more.
      frontier = first - 1
      self.frontier = frontier
    }
    guard frontier <= info.state.last_seq else {
      return .gone(.ahead(after: frontier, last: info.state.last_seq))
    }
    if let end = snapshotEnd, frontier < end {
      let position = max(frontier, pass.floor)
      if passIsResumed, first > position + 1 { return .gone(.expired(after: position, first: first)) }
      pass.count = consumer.num_pending
      return .proceed
    }
    return check(info, from: frontier, now: now, pendingAtCreation: consumer.num_pending)
  }

  /// Whether ``created(_:_:now:)`` needs the sequences of removed messages.
  var wantsDeleted: Bool { isStrict && (!coversStream || reportedRemovals > (frontier ?? 0)) }

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
    return .proceed
  }

  // MARK: - Delivery

  /// A message has arrived.
  ///
  /// - Parameters:
  ///   - metadata: What it says of itself.
  ///   - now: The time.
  ///   - isProven: The same message again, after ``Action/prove`` and a proof.
  /// - Returns: What to do with it.
  mutating func message(_ metadata: DeliveryMetadata, now: Duration, isProven: Bool = false) -> Action {
    lastHeard = now
    guard metadata.consumerSequence == consumerSequence + 1 else {
      return .recreate("message \(consumerSequence + 1) of the consumer is missing")
    }
    let sequence = metadata.streamSequence
    guard let frontier, sequence > frontier else {
      consumerSequence += 1
      return .skip
    }
    if !isProven, passLacks(at: sequence) { return .prove }
    if passIsResumed, let end = snapshotEnd, sequence > end {
      self.frontier = end
      return .recreate("the first pass is complete")
    }
    if let end = snapshotEnd, sequence <= end, sequence > frontier + 1 {
      pass.gap = min(pass.gap ?? .max, frontier + 1)
    } else if !isProven, sequence > frontier + 1, needsProof(upTo: sequence) {
      if !mayDefer(now) { return .prove }
      unprovenFrom = min(unprovenFrom ?? .max, frontier + 1)
    }
    consumerSequence += 1
    pending = metadata.pending
    self.frontier = sequence
    hasDelivered = true
    return .deliver
  }

  /// A heartbeat has arrived: ``Action/deliver`` means that the frontier has moved and may be told.
  ///
  /// - Parameters:
  ///   - lastConsumer: `Nats-Last-Consumer`.
  ///   - lastStream: `Nats-Last-Stream`: how far the consumer has looked, whether it matched or not.
  ///   - now: The time.
  ///   - isProven: The same heartbeat again, after ``Action/prove`` and a proof.
  /// - Returns: What to do.
  mutating func idle(
    lastConsumer: UInt64, lastStream: UInt64, now: Duration, isProven: Bool = false
  ) -> Action {
    lastHeard = now
    guard lastConsumer == consumerSequence else {
      return .recreate("the server has sent \(lastConsumer) messages, \(consumerSequence) have arrived")
    }
    guard let frontier, lastStream > frontier else { return .skip }
    if !isProven, needsProof(upTo: lastStream) || passLacks(at: lastStream + 1) { return .prove }
    pending = 0
    if passIsResumed, let end = snapshotEnd, lastStream > end {
      self.frontier = end
      return .recreate("the first pass is complete")
    }
    self.frontier = lastStream
    return .deliver
  }

  /// The server asked for a sign of life in mid-stream: until it had it, it may have held messages back, and they may
  /// have expired meanwhile, however short that was.
  mutating func flowControl(now: Duration) {
    lastHeard = now
    mayHaveLagged = true
  }

  /// True when gaps that were written have to be proven now.
  func isProofDue(now: Duration) -> Bool { (unprovenFrom != nil || pass.gap != nil) && !mayDefer(now) }

  /// Whether the tail may not end before a look at the stream: messages may have been removed before the one
  /// with the sequence `next`, which is not to be written.
  func needsProof(before next: UInt64?) -> Bool {
    if unprovenFrom != nil { return true }
    if let next, passLacks(at: next) { return true }
    guard let next, let frontier, next > frontier + 1 else { return false }
    return needsProof(upTo: next)
  }

  /// A look at the stream, made after the last message had arrived.
  ///
  /// - Parameters:
  ///   - info: The stream.
  ///   - next: The sequence that the consumer has reached, to which the frontier may move.
  ///   - now: The time.
  /// - Returns: Whether nothing is missing.
  mutating func prove(_ info: StreamInfo, before next: UInt64 = .max, now: Duration) -> Verdict {
    if let epoch, epoch != info.epoch { return .gone(.recreated(stream: info.config.name)) }
    guard let frontier else { return .proceed }
    if let end = snapshotEnd, frontier < end { return provePass(info, at: next, now: now) }
    let from = min(frontier, (unprovenFrom ?? .max) - 1)
    let verdict = check(info, from: from, now: now)
    if verdict == .proceed {
      if isStrict, coversStream, next > max(from, reportedRemovals) + 1 {
        return .gone(.removed(after: from))
      }
      mayHaveLagged = false
    }
    return verdict
  }

  /// Whether the first pass is over at the sequence `next`, with fewer messages than it had.
  private func passLacks(at next: UInt64) -> Bool {
    guard let end = snapshotEnd, let frontier, frontier < end, next >= end else { return false }
    return consumerSequence + (next == end ? 1 : 0) < pass.count
  }

  private mutating func provePass(_ info: StreamInfo, at next: UInt64, now: Duration) -> Verdict {
    let position = max(min(frontier ?? 0, (pass.gap ?? .max) - 1), pass.floor)
    if info.state.first_seq > position + 1 {
      pass.overtaken = pass.overtaken ?? .expired(after: position, first: info.state.first_seq)
    }
    pass.gap = nil
    lastProof = now
    guard passLacks(at: next) else { return .proceed }
    if let gone = pass.overtaken { return .gone(gone) }
    pass.count = 0
    return .proceed
  }

  /// With a filter gaps are normal, and expiry matters only to one who is behind.
  private func needsProof(upTo sequence: UInt64) -> Bool {
    if let end = snapshotEnd, sequence <= end { return false }
    return coversStream || mayHaveLagged || pending > 0
  }

  private func mayDefer(_ now: Duration) -> Bool {
    guard !isStrict, let lastProof else { return false }
    return now - lastProof < Self.proofInterval
  }
}
