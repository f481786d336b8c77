// SPDX-License-Identifier: Apache-2.0
internal import Glibc

private func signalSet(_ numbers: [Int32]) -> sigset_t {
  var set = sigset_t()
  unsafe sigemptyset(&set)
  for number in numbers { unsafe sigaddset(&set, number) }
  return set
}

/// Whether the process ignores the signal.
func isIgnored(_ number: Int32) -> Bool {
  var action = sigaction()
  guard unsafe sigaction(number, nil, &action) == 0 else { return false }
  return unsafe unsafeBitCast(action.__sigaction_handler.sa_handler, to: Int.self)
    == unsafeBitCast(SIG_IGN, to: Int.self)
}

/// Blocks the signals in the calling thread and in those it starts from now on.
func blockSignals(_ numbers: [Int32]) {
  var set = signalSet(numbers)
  unsafe pthread_sigmask(SIG_BLOCK, &set, nil)
}

/// Lets the signals through to the calling thread again.
func unblockSignals(_ numbers: [Int32]) {
  var set = signalSet(numbers)
  unsafe pthread_sigmask(SIG_UNBLOCK, &set, nil)
}

/// Waits for one of the signals, which must be blocked, and consumes it.
func waitForSignal(_ numbers: [Int32]) -> Int32 {
  var set = signalSet(numbers)
  var number: Int32 = 0
  while unsafe sigwait(&set, &number) != 0 {}
  return number
}
