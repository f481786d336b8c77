#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# sanitize.sh [thread|address]…: runs the tests under clang's sanitizers, in build folders of their own. FILTER=REGEX chooses tests;
# WATCHUTILS_ONLY=json builds and runs those of one library or tool.
#
# The thread sanitizer reports a race for whatever a Mutex of the Synchronization module guards: that module is not built with
# it, so it sees no lock. (A program in which two threads add to a Mutex<Int> is reported, too.) Its reports are worth reading for
# other code: atomics, pipes, pthreads. It also turns vfork(2) into fork(2), without which no error of execve(2) comes back
# (ChildProcessTests).
set -eu
cd "$(dirname "$0")/.."
[ $# -gt 0 ] || set -- thread address
# XCTest and Foundation leak at exit.
export ASAN_OPTIONS=detect_leaks=0
for sanitizer; do
  echo "sanitize: $sanitizer" >&2
  swift build --build-tests --sanitize="$sanitizer" --scratch-path ".build-$sanitizer"
  bundle=.build-$sanitizer/debug/watchutilsPackageTests.xctest
  if [ -n "${FILTER:-${WATCHUTILS_ONLY:-}}" ]; then
    "$bundle" --testing-library swift-testing --no-parallel --filter "${FILTER:-.}"
  else
    scripts/test.sh "$bundle"
  fi
done
