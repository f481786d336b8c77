// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import CEL

/// IP addresses and ranges.
struct IPAddressTests {
  @Test(
    arguments: [
      ("1.2.3.4", "1.2.3.4"), ("0.0.0.0", "0.0.0.0"), ("255.255.255.255", "255.255.255.255"), ("::", "::"),
      ("::1", "::1"), ("1::", "1::"), ("2001:DB8::1", "2001:db8::1"), ("2001:db8:0:0:0:0:0:1", "2001:db8::1"),
      ("1:0:0:2:0:0:0:3", "1:0:0:2::3"), ("1:0:0:2:3:0:0:4", "1::2:3:0:0:4"),
      ("1:0:2:3:4:5:6:7", "1:0:2:3:4:5:6:7"),
      ("1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"), ("::2:3:4:5:6:7:8", "0:2:3:4:5:6:7:8"),
      ("64:ff9b::1.2.3.4", "64:ff9b::102:304"),
      ("1:2:3:4:5:6:1.2.3.4", "1:2:3:4:5:6:102:304"), ("0001:0::", "1::"),
    ])
  func readsToCanonicalText(_ text: String, _ canonical: String) throws {
    #expect(try IPAddress(parsing: text).text == canonical)
  }

  @Test(
    arguments: [
      "", "1", "1.2.3", "1.2.3.4.5", "01.2.3.4", "1.2.3.256", "1.2.3.", ".1.2.3", "1.2.3.4 ", "1.2.3.0x1",
      "1..3.4",
      "127.0.0.1:80", ":::", "1:2", "1::2::3", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "12345::", "g::", "1:",
      ":1", "1:2:3:4:5:6:7:8::", "fe80::1%eth0", "::ffff:1.2.3.4", "::FFFF:102:304", "1:2:3:4:5:6:7:1.2.3.4",
      "::1.2.3", "1.2.3.4%a", "%", "[::1]", "0.0.0.0.0", "1:2:3:4:5:6:7:8:",
    ])
  func refuses(_ text: String) {
    #expect(throws: EvaluationError.self) { try IPAddress(parsing: text) }
  }

  @Test func distinguishesKinds() throws {
    func kinds(_ text: String) throws -> String {
      let address = try IPAddress(parsing: text)
      return [
        (address.isUnspecified, "u"), (address.isLoopback, "l"), (address.isMulticast, "m"),
        (address.isLinkLocalMulticast, "k"), (address.isLinkLocalUnicast, "n"),
        (address.isGlobalUnicast, "g"),
      ].filter(\.0).map(\.1).joined()
    }
    #expect(try kinds("0.0.0.0") == "u")
    #expect(try kinds("::") == "u")
    #expect(try kinds("127.255.0.1") == "l")
    #expect(try kinds("::1") == "l")
    #expect(try kinds("224.0.0.251") == "mk")
    #expect(try kinds("224.0.1.1") == "m")
    #expect(try kinds("ff02::1") == "mk")
    #expect(try kinds("ff12::1") == "mk")
    #expect(try kinds("ff05::1") == "m")
    #expect(try kinds("169.254.1.1") == "n")
    #expect(try kinds("febf::1") == "n")
    #expect(try kinds("fec0::1") == "g")
    #expect(try kinds("10.0.0.1") == "g")
    #expect(try kinds("255.255.255.255") == "")
    #expect(try kinds("fd00::1") == "g")
  }

  @Test(
    arguments: [
      "10.0.0.0", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/08", "10.0.0.0/+8", "10.0.0.0/-1", "10.0.0.0/999",
      "::/129",
      "10.0.0/8", "/8", "::ffff:1.2.3.4/120", "fe80::%a/64", "10.0.0.0/8/8", "10.0.0.0/ 8", "",
    ])
  func refusesRange(_ text: String) {
    #expect(throws: EvaluationError.self) { try AddressRange(parsing: text) }
  }

  @Test func containsAndMasks() throws {
    let range = try AddressRange(parsing: "192.168.1.5/24")
    #expect(range.text == "192.168.1.5/24")
    #expect(range.masked.text == "192.168.1.0/24")
    #expect(try range.contains(IPAddress(parsing: "192.168.1.255")))
    #expect(try !range.contains(IPAddress(parsing: "192.168.2.0")))
    #expect(try !range.contains(IPAddress(parsing: "::c0a8:105")))
    #expect(try range.contains(AddressRange(parsing: "192.168.1.128/25")))
    #expect(try range.contains(AddressRange(parsing: "192.168.1.0/24")))
    #expect(try !range.contains(AddressRange(parsing: "192.168.0.0/23")))
    #expect(try AddressRange(parsing: "::/0").contains(IPAddress(parsing: "ffff::")))
    #expect(try AddressRange(parsing: "0.0.0.0/0").contains(IPAddress(parsing: "255.0.0.1")))
    #expect(try AddressRange(parsing: "::1/0").masked.text == "::/0")
    #expect(try AddressRange(parsing: "1.2.3.4/32").masked.text == "1.2.3.4/32")
  }
}
