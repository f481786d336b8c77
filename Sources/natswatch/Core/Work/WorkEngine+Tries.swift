// SPDX-License-Identifier: Apache-2.0

import Encoding
import JSON
import Process

/// Reads and records tries for all workers; see ``TryCounts``.
extension WorkEngine {
  /// Requests the number of tries that all processes have used up.
  ///
  /// NATS 2.9 crashes if a stream is read while another client creates it (a nil dereference in jsMsgGetRequest). So
  /// the bucket is not read before it is known to have entries.
  func readTries(of job: Job, after failure: Job.Failure?) {
    job.phase = .readingTries(after: failure)
    guard bucketHasEntries else {
      send(.checkBucket(job), bucketCreation)
      return
    }
    sendRead(job)
  }

  private func sendRead(_ job: Job) {
    let body = JSONWriter.object { $0.member("last_by_subj", tries.subject(job.sequence)) }
    send(
      .readTries(job),
      PublishWindow.Entry(
        subject: "\(connection.settings.apiPrefix).STREAM.MSG.GET.\(TryCounts.bucketStream)",
        payload: body, identifier: ""))
  }

  /// Continues with a message whose tries are known.
  private func triesAreRead(_ job: Job) {
    guard case .readingTries(let failure) = job.phase else { return }
    job.tries = tries.known(job.sequence)
    job.isCounted = true
    if let failure { useUpTry(job, failure) } else { enqueue(job) }
  }

  /// Records the failure that has just been counted, then gives the message back.
  func record(_ job: Job, delay: Duration) {
    job.phase = .recordingTry(delay: delay)
    switch bucket {
    case .unavailable: postpone(job, delay)
    case .ready: sendRecord(job)
    case .making: unrecorded.append(job)
    case .unknown:
      unrecorded.append(job)
      bucket = .making
      send(.makeBucket, bucketCreation)
    }
  }

  private var bucketCreation: PublishWindow.Entry {
    PublishWindow.Entry(
      subject: "\(connection.settings.apiPrefix).STREAM.CREATE.\(TryCounts.bucketStream)",
      payload: tries.bucketConfiguration, identifier: "")
  }

  private func sendRecord(_ job: Job) {
    send(
      .recordTry(job),
      PublishWindow.Entry(
        subject: tries.subject(job.sequence), payload: Array("\(job.tries)".utf8), identifier: ""))
  }

  func isRecorded(_ job: Job) {
    guard case .recordingTry(let delay) = job.phase else { return }
    postpone(job, delay)
  }

  func bucketIs(_ answer: [UInt8]) {
    do throws(NATSError) {
      _ = try JetStream.read("STREAM.CREATE.\(TryCounts.bucketStream)", answer, as: StreamInfo.self)
    } catch {
      // The bucket exists, possibly with another configuration, which is kept.
      guard error.serverCode == JetStream.ErrorCode.streamNameInUse else {
        return doWithoutBucket("\(error)")
      }
    }
    bucket = .ready
    let jobs = unrecorded
    unrecorded = []
    for job in jobs { sendRecord(job) }
  }

  /// The response to STREAM.CREATE before the tries of a message are read.
  func bucketIs(_ answer: [UInt8], for job: Job) {
    do throws(NATSError) {
      let info = try JetStream.read("STREAM.CREATE.\(TryCounts.bucketStream)", answer, as: StreamInfo.self)
      if bucket == .unknown { bucket = .ready }
      if info.state.messages > 0 { bucketHasEntries = true }
    } catch {
      // A bucket with another configuration exists: its state is not in the response.
      if error.serverCode == JetStream.ErrorCode.streamNameInUse { bucketHasEntries = true }
    }
    if bucketHasEntries { sendRead(job) } else { triesAreRead(job) }
  }

  /// The response to STREAM.MSG.GET.
  func triesAre(_ answer: [UInt8], _ job: Job) {
    // No such bucket, no such key: the message has used up no try.
    let stored = (try? JSONValue(parsing: answer))?["message"]?["data"]?.string
    if let digits = stored.flatMap({ Base64.decode($0.utf8) }),
      let count = UInt64(String(decoding: digits, as: UTF8.self))
    {
      tries.note(count, for: job.sequence)
    }
    triesAreRead(job)
  }

  /// If a count cannot be read or recorded, the message continues with what this process knows.
  func doWithoutCount(_ request: WorkRequest) {
    switch request.purpose {
    case .checkBucket(let job), .readTries(let job): triesAreRead(job)
    case .recordTry(let job):
      // The bucket may have been deleted: the next failure makes it again.
      if bucket == .ready { bucket = .unknown }
      isRecorded(job)
    case .makeBucket: doWithoutBucket("no response to \(request.message.subject)")
    case .pull, .consumerInfo, .publishReply, .publishLetter, .settle: break
    }
  }

  func doWithoutBucket(_ reason: String) {
    if bucket != .unavailable {
      diagnostics.warning("failures are counted by this process only: \(reason)")
    }
    bucket = .unavailable
    let concerned = requests.filter { request in
      switch request.value.purpose {
      case .checkBucket, .readTries, .recordTry, .makeBucket: true
      default: false
      }
    }
    for (token, request) in concerned {
      requests[token] = nil
      if case .makeBucket = request.purpose { continue }
      doWithoutCount(request)
    }
    let jobs = unrecorded
    unrecorded = []
    for job in jobs { isRecorded(job) }
  }
}
