#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# fuzz.sh [TARGET]…: fuzzes each target for FUZZ_SECONDS (five minutes by default). Without a target it runs all targets of
# Package.swift. The corpus is kept in the cache. After a crash the input is in .build-fuzz/crashes, and the status is 1.
set -eu
cd "$(dirname "$0")/.."
seconds=${FUZZ_SECONDS:-300}
cache=${WATCHUTILS_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/watchutils}/corpus
# shellcheck disable=SC2046 # a list of words
[ $# -gt 0 ] || set -- $(sed -n 's/^    fuzz("\(fuzz-[a-z-]*\)".*/\1/p' Package.swift)
mkdir -p .build-fuzz/crashes
failed=
# No target needs TLS, and without it BoringSSL is not built.
export WATCHUTILS_TLS=no
for target; do
  FUZZ=1 swift build --sanitize fuzzer --scratch-path .build-fuzz --product "$target"
  mkdir -p "$cache/$target"
  dictionary=$(sed -n "s/^    fuzz(\"$target\", \"\([A-Za-z]*\)\".*exclude: \[\"\([a-z]*\.dict\)\"\].*/Fuzz\/\1\/\2/p" Package.swift)
  echo "fuzz: $target for $seconds s" >&2
  ".build-fuzz/debug/$target" "$cache/$target" -max_total_time="$seconds" -artifact_prefix=.build-fuzz/crashes/"$target"- \
    ${dictionary:+-dict="$dictionary"} 2>".build-fuzz/$target.log" || failed="$failed $target"
  tail -n 1 ".build-fuzz/$target.log" >&2
done
[ -z "$failed" ] || { echo "fuzz: found something:$failed; see .build-fuzz/crashes" >&2; exit 1; }
