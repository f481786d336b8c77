// SPDX-License-Identifier: Apache-2.0
import Glibc
import TestSupport
import Testing

@testable import Process

/// The environment of a process: variables, commands, limits, units of time.
@Suite struct EnvironmentTests {
  @Test func aVariableThatIsEmptyIsSet() async {
    await #expect(processExitsWith: .success) {
      unsafe setenv("WATCHUTILS_TEST", "", 1)
      unsafe unsetenv("WATCHUTILS_NONE")
      let isRight =
        ProcessEnvironment.value("WATCHUTILS_TEST") == ""
        && ProcessEnvironment.value("WATCHUTILS_NONE") == nil
        && ProcessEnvironment.all.contains("WATCHUTILS_TEST=")
      exit(isRight ? 0 : 1)
    }
  }

  @Test func commandsAreFoundAsTheShellFindsThem() async throws {
    #expect(CommandSearch.path(of: "sh")?.hasSuffix("/sh") == true)
    #expect(CommandSearch.path(of: "/bin/sh") == "/bin/sh")
    #expect(CommandSearch.path(of: "no-such-command") == nil)
    #expect(CommandSearch.path(of: "") == nil)
    // Neither a folder nor a file without the permission to run is a command.
    #expect(CommandSearch.path(of: "/etc") == nil)
    #expect(CommandSearch.path(of: "/etc/passwd") == nil)
    #expect(CommandSearch.isPath("/etc/passwd"))
    #expect(!CommandSearch.isPath("/etc/none") && !CommandSearch.isPath("sh"))
    await #expect(processExitsWith: .success) {
      // An empty entry of PATH is the current folder.
      unsafe setenv("PATH", "/nowhere::", 1)
      guard unsafe chdir("/bin") == 0 else { exit(1) }
      exit(CommandSearch.path(of: "sh") == "./sh" ? 0 : 1)
    }
  }

  @Test func raisesTheLimitOfOpenFilesForItselfOnly() async {
    await #expect(processExitsWith: .success) {
      var limit = rlimit(rlim_cur: 100, rlim_max: 0)
      var present = rlimit()
      unsafe _ = getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &present)
      limit.rlim_max = present.rlim_max
      unsafe _ = setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
      DescriptorLimit.raise()
      unsafe _ = getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &present)
      exit(present.rlim_cur == present.rlim_max && DescriptorLimit.original == 100 ? 0 : 1)
    }
  }

  @Test func durationsThatDoNotFitAreTheLargest() {
    #expect(Duration.seconds(-1.5).nanoseconds == -1_500_000_000)
    #expect(Duration.nanoseconds(1_999_999).milliseconds == 1)
    #expect(Duration.seconds(Int64.max).nanoseconds == .max)
    #expect(Duration.seconds(Int64.min).nanoseconds == .min)
    #expect(Duration.seconds(9_223_372_036).nanoseconds == 9_223_372_036_000_000_000)
  }

  @Test func systemErrorsHaveTheirText() {
    #expect(systemMessage(ENOENT) == "No such file or directory")
    #expect(systemMessage(99_999).contains("99999"))
  }
}
