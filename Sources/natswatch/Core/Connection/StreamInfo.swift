// SPDX-License-Identifier: Apache-2.0

import Encoding
import JSON

/// The fields of a `STREAM.INFO` response that are used.
struct StreamInfo: Sendable, Equatable {
  package struct Configuration: Sendable, Equatable {
    package var name: String
    package var subjects: [String]?
    /// Whether the stream copies messages of others: it is a `mirror`, or has `sources`.
    package var isCopy = false
    package var subject_transform: Transform?
    package var num_replicas: Int?

    var isReplicated: Bool { (num_replicas ?? 1) > 1 }

    /// Messages may have subjects that are not among ``subjects``.
    var changesSubjects: Bool { isCopy || subject_transform != nil }

    /// A warning if the stream gives all new messages subjects that one of `filters` does not match.
    func warning(about filters: [SubjectPattern]) -> String? {
      guard !isCopy, let target = subject_transform?.target,
        let source = SubjectPattern(subject_transform?.src ?? ">"),
        (subjects ?? []).compactMap(SubjectPattern.init).allSatisfy(source.covers),
        let filter = filters.first(where: { !$0.overlaps(target) })
      else { return nil }
      return "the stream \(name) stores new messages as \(target): none of them matches \(filter)"
    }
  }

  struct Transform: Sendable, Equatable {
    var src: String?
    var dest: String?

    /// The pattern of the new subjects; nil if it is not a valid pattern.
    var target: SubjectPattern? {
      var tokens: [String] = []
      for token in dest?.split(separator: ".").map(String.init) ?? [] {
        let isFunction = token.hasPrefix("{{") || token.hasPrefix("$")
        // These make several tokens of one.
        let isSplit = isFunction && ["split", "slice"].contains { token.lowercased().contains($0) }
        tokens.append(isSplit ? ">" : isFunction ? "*" : token)
        if isSplit { break }
      }
      return SubjectPattern(tokens.joined(separator: "."))
    }
  }

  struct State: Sendable, Equatable {
    var messages: UInt64
    var first_seq: UInt64
    var last_seq: UInt64
    var num_deleted: UInt64?
    /// Sequences of the messages removed from the middle, if requested.
    var deleted: [UInt64]?

    /// Whether no message between the first and the last one has been removed.
    var isWhole: Bool { messages > 0 && messages - 1 == last_seq &- first_seq }
  }

  struct Cluster: Sendable, Equatable {
    var leader: String?
  }

  var config: Configuration
  /// RFC 3339; distinguishes the stream from another one of the same name.
  var created: String
  var state: State
  var cluster: Cluster?

  /// The stream's identity: the time of its creation in nanoseconds since 1970, or the server's text if it is
  /// not a time.
  var epoch: String { RFC3339.nanoseconds(created).map(String.init) ?? created }
}

/// The response to the creation of a consumer.
struct ConsumerInfo: Sendable {
  package struct Configuration: Sendable {
    package var filter_subject: String?
    package var filter_subjects: [String]?
    package var ack_policy: String?
    package var max_deliver: Int?
    /// Nanoseconds.
    package var ack_wait: Int64?
    package var deliver_subject: String?
    package var headers_only: Bool?
    package var durable_name: String?
    package var priority_groups: [String]?
    /// The maximum batch and duration (in nanoseconds) of one pull request; 0 is no limit.
    package var max_batch: Int?
    package var max_expires: Int64?
  }
  var name: String
  var config: Configuration
  /// The sequence of the last delivered message; for a new consumer, of the message before the first one that
  /// it will deliver.
  var delivered: UInt64
  var num_pending: UInt64
  var num_ack_pending: Int?
  /// The sequence up to which all messages are acknowledged.
  var ack_floor: UInt64?
  /// RFC 3339.
  var created: String?
  var paused: Bool?
}

extension JetStream {
  /// Requests a stream's information; `withDeleted` includes the sequences of removed messages, which may be
  /// many.
  func streamInfo(_ stream: String, withDeleted: Bool = false) throws(NATSError) -> StreamInfo {
    let body = withDeleted ? JSONWriter.object { $0.member("deleted_details", true) } : []
    return try request("STREAM.INFO.\(stream)", body, as: StreamInfo.self)
  }

  /// The sequence of the last message on a subject, which may have wildcards; nil if there is none.
  func lastSequence(on subject: SubjectPattern, of stream: String) throws(NATSError) -> UInt64? {
    try message(JSONWriter.object { $0.member("last_by_subj", subject.description) }, of: stream)?["seq"]?
      .unsigned
  }

  /// The first message from `sequence` on with a subject, which may have wildcards; nil if there is none.
  func nextMessage(
    on subject: SubjectPattern, from sequence: UInt64, of stream: String
  ) throws(NATSError) -> JSONValue? {
    let body = JSONWriter.object {
      $0.member("seq", sequence)
      $0.member("next_by_subj", subject.description)
    }
    return try message(body, of: stream)
  }

  private func message(_ body: [UInt8], of stream: String) throws(NATSError) -> JSONValue? {
    do throws(NATSError) {
      return try request("STREAM.MSG.GET.\(stream)", body, as: JSONValue.self)["message"]
    } catch {
      guard error.serverCode == ErrorCode.noMessageFound else { throw error }
      return nil
    }
  }

  /// The names of the streams that have messages for `subject`.
  func streamNames(capturing subject: String) throws(NATSError) -> [String] {
    let body = JSONWriter.object { $0.member("subject", subject) }
    return try request("STREAM.NAMES", body, as: JSONValue.self)["streams"]?.strings ?? []
  }

  /// Finds the one stream that captures all of `subjects`.
  func findStream(for subjects: [SubjectPattern]) throws(NATSError) -> String {
    var common: [String]?
    for subject in subjects {
      let names = try streamNames(capturing: subject.description)
      guard !names.isEmpty else {
        throw NATSError(
          .notFound,
          "no stream captures \(subject): create one (natswatch publish SUBJECT --create-stream NAME), or name it with --stream"
        )
      }
      common = common.map { known in known.filter(names.contains) } ?? names
    }
    let names = common ?? []
    guard let name = names.first else {
      throw NATSError(.notFound, "no stream captures all of the subjects: run natswatch once per stream")
    }
    guard names.count == 1 else {
      throw NATSError(
        .notFound,
        "several streams capture the subjects: choose one with --stream: \(names.joined(separator: ", "))")
    }
    return name
  }

  /// Creates a stream from its configuration in JetStream's JSON, unless it exists.
  func createStream(_ configuration: [UInt8]) throws(NATSError) {
    guard let name = (try? JSONValue(parsing: configuration))?["name"]?.string else {
      throw NATSError(.badSettings, "stream configuration: expected a JSON object with a name")
    }
    do throws(NATSError) {
      _ = try request("STREAM.CREATE.\(name)", configuration, as: StreamInfo.self)
    } catch {
      // The stream exists, possibly with another configuration, which is kept.
      guard error.serverCode != ErrorCode.streamNameInUse else { return }
      guard error.serverCode == ErrorCode.subjectsOverlap else { throw error }
      throw NATSError(
        .refused,
        "create stream \(name): another stream captures some of its subjects; choose other subjects",
        serverCode: error.serverCode)
    }
  }

  /// Deletes a consumer, waiting for at most a second: the server removes an unused one in any case.
  func deleteConsumer(_ name: String, of stream: String) {
    let patient = JetStream(connection: connection, shutdown: nil, timeout: .seconds(1))
    _ = try? patient.request("CONSUMER.DELETE.\(stream).\(name)", as: JSONValue.self)
  }
}
