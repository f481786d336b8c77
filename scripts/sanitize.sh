#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# sanitize.sh [thread|address]…: runs the tests under clang's sanitizers, in separate build folders. FILTER=REGEX selects tests;
# WATCHUTILS_ONLY=json builds and tests one library or tool.
#
# The thread sanitizer replaces vfork(2) by fork(2), so that errors of execve(2) are not returned (ChildProcessTests). It learns of
# the Synchronization module's Mutex from thread-sanitizer.c, which is linked into everything.
set -eu
cd "$(dirname "$0")/.."
[ $# -gt 0 ] || set -- thread address
# XCTest and Foundation leak at exit.
export ASAN_OPTIONS=detect_leaks=0
for sanitizer; do
  echo "sanitize: $sanitizer" >&2
  set --
  if [ "$sanitizer" = thread ]; then
    mkdir -p .build-thread
    clang -c -O1 -fPIC scripts/thread-sanitizer.c -o .build-thread/mutex.o
    set -- -Xlinker "$PWD/.build-thread/mutex.o"
  fi
  swift build --build-tests --sanitize="$sanitizer" --scratch-path ".build-$sanitizer" "$@"
  bundle=.build-$sanitizer/debug/watchutilsPackageTests.xctest
  if [ -n "${FILTER:-${WATCHUTILS_ONLY:-}}" ]; then
    "$bundle" --testing-library swift-testing --no-parallel --filter "${FILTER:-.}"
  else
    scripts/test.sh "$bundle"
  fi
done
