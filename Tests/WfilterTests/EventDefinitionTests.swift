// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

/// A line with `type` and `object` that is not an event is a plain line, and cannot bypass the filter.
@Suite(.timeLimit(.minutes(10))) struct EventDefinitionTests {
  static let impostors = [
    #"{"type":"ERROR","object":"disk","level":"debug","password":"p"}"#,
    #"{"level":"debug","password":"p","object":["x"],"type":"BOOKMARK"}"#,
    #"{"type":"auth","object":{},"level":"debug","password":"p"}"#,
    #"{"type":"added","object":{"level":"info"},"level":"debug","password":"p"}"#,
  ]

  @Test(arguments: impostors, [[], ["--dedupe", "self"]]) func filtersAndRedacts(
    _ line: String, _ flags: [String]
  ) throws {
    #expect(try Stream.filter(flags + [#"level == "info""#], [line]).output.isEmpty)
    let redacted = try Stream.filter(flags + ["--redact", "password", #"level == "debug""#], [line])
    #expect(redacted.output == line.replacing(#""p""#, with: #""***""#) + "\n")
  }

  @Test func readsAnEventOfAPaymentProvider() throws {
    let line = #"{"id":"evt_1","object":"event","type":"charge.succeeded","data":{"amount":5}}"#
    #expect(try Stream.filter(["data.amount > 1"], [line]).lines == [line])
  }
}
