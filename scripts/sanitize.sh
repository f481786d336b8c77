#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# sanitize.sh [thread|address]…: runs the tests under clang's sanitizers, in build folders of their own. FILTER=REGEX chooses tests.
set -eu
cd "$(dirname "$0")/.."
[ $# -gt 0 ] || set -- thread address
# XCTest and Foundation leak at exit.
export ASAN_OPTIONS=detect_leaks=0
for sanitizer; do
  echo "sanitize: $sanitizer" >&2
  swift build --build-tests --sanitize="$sanitizer" --scratch-path ".build-$sanitizer"
  swift test --skip-build --sanitize="$sanitizer" --scratch-path ".build-$sanitizer" ${FILTER:+--filter "$FILTER"}
done
