// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import CEL

/// Regular expressions, addresses, URLs, formats, quantities and versions, in expressions.
struct TextLibraryTests {
  @Test(
    arguments: [
      "regex.extract('a1b2', '[0-9]') == optional.of('1')",
      "regex.extract('a1b2', 'b([0-9])') == optional.of('2')",
      "regex.extract('a', 'b') == optional.none()", "regex.extract('a', 'a(b?)') == optional.none()",
      "regex.extractAll('a1b2', '[0-9]') == ['1', '2']", "regex.extractAll('a', 'b') == []",
      "regex.extractAll('x=1, x=, x=3', 'x=([0-9]*)') == ['1', '3']", "regex.replace('aa', 'a', 'b') == 'bb'",
      "regex.replace('ab', '(a)(b)', r'\\2\\1\\0\\\\') == r'baab\\'",
      "regex.replace('aa', 'a', 'b', 1) == 'ba'",
      "regex.replace('aa', 'a', r'\\9', 0) == 'aa'", "regex.replace('abc', '', '-') == '-a-b-c-'",
      "regex.replace('x', 'y', r'\\9') == 'x'",
      "regex.replace('ac', 'a(b)?c', r'<\\1>') == '<>'", "regex.extract('é', '.') == optional.of('é')",
      "'abc 123'.find('[0-9]+') == '123'", "'abc'.find('z') == ''", "'1a2'.findAll('[0-9]') == ['1', '2']",
      "'123'.findAll('[0-9]', 2) == ['1', '2']", "'123'.findAll('[0-9]', 0) == []",
      "'123'.findAll('[0-9]', -1).size() == 3",
      "ip('1.2.3.4').family() == 4", "isIP('::1')", "!isIP('::ffff:1.2.3.4')", "ip('::1') == ip('0:0::1')",
      "ip('::1') != ip('1.2.3.4')",
      "string(ip('2001:DB8::1')) == '2001:db8::1'", "type(ip('::1')) == net.IP", "ip.isCanonical('::1')",
      "!ip.isCanonical('::01')",
      "cidr('10.0.0.0/8').containsIP('10.1.2.3')", "!cidr('10.0.0.0/8').containsIP('::1')",
      "cidr('10.0.0.5/8').ip() == ip('10.0.0.5')",
      "cidr('10.0.0.5/8').masked() == cidr('10.0.0.0/8')", "cidr('10.0.0.0/8').isMask()",
      "cidr('::/0').prefixLength() == 0",
      "string(cidr('10.0.0.5/8')) == '10.0.0.5/8'", "type(cidr('::/0')) == net.CIDR",
      "cidr('10.0.0.0/8').containsCIDR('10.1.0.0/16')",
      "url('https://a.b:1/c?d=e&d=f').getQuery() == {'d': ['e', 'f']}", "url('/a').getHost() == ''",
      "isURL('/a')", "!isURL('a')",
      "url('https://[::1]:8/').getHostname() == '::1'", "url('https://a/%41').getEscapedPath() == '/%41'",
      "quantity('1Gi') == quantity('1024Mi')", "quantity('1k').add(24).isGreaterThan(quantity('1k'))",
      "quantity('1.5').isInteger() == false",
      "quantity('2k').asInteger() == 2000", "quantity('-1').sign() == -1", "sign(quantity('0')) == 0",
      "isQuantity('1e3')",
      "quantity('1').compareTo(quantity('2')) == -1", "quantity('100m').asApproximateFloat() == 0.1",
      "!isQuantity('1KiB')",
      "semver('1.2.3').major() == 1", "semver('v1', true) == semver('1.0.0')",
      "semver('1.0.0-a').isLessThan(semver('1.0.0'))",
      "semver('1.0.0').compareTo(semver('0.9.9')) == 1", "!isSemver('1')", "isSemver('1', true)",
      "!format.dns1123Label().validate('a').hasValue()",
      "format.dns1123Label().validate('A').value().size() == 1",
      "format.named('uuid').value().validate('x').hasValue()", "!format.named('x').hasValue()",
      "format.date() == format.date()",
      "[ip('::1'), ip('::2')].exists(a, a == ip('::2'))", "ip('::1') in [ip('::1')]",
      "[quantity('1'), quantity('1000m')].distinct().size() == 1",
    ])
  func holds(_ expression: String) {
    #expect(LibraryHarness.isTrue(expression) == true)
  }

  @Test(
    arguments: [
      "regex.extract('a', '(') == optional.none()", "regex.extract('a', '(a)(b)') == optional.none()",
      "regex.replace('a', 'a', r'\\1') == ''", "regex.replace('a', 'a', r'\\x') == ''",
      "regex.replace('a', 'a', '\\\\') == ''",
      "'a'.find('(') == ''", "'a'.findAll('[') == []", "ip(v).family() == 4",
      "cidr('1.2.3.4') == cidr('1.2.3.4/32')",
      "ip('::1').isMask()", "url('a').getHost() == ''", "quantity('1KiB').sign() == 1",
      "quantity('1.5').asInteger() == 1",
      "quantity('1').add('1').sign() == 1", "semver('1') == semver('1.0.0')",
      "semver('18446744073709551615.0.0').major() == 0",
      "format.nothing().validate('a').hasValue()", "isIP(1)", "string(url('/a')) == '/a'",
    ])
  func fails(_ expression: String) {
    #expect(LibraryHarness.isTrue(expression) == nil)
  }
}
