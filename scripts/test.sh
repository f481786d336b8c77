#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# test.sh [BUNDLE]: runs the tests that `swift build --build-tests` has built. Five shards run at the same time (TEST_JOBS), and the
# tests of a shard run one after another. Swift Testing alone would start all tests at once on one thread per core, and a test that
# waits for a server would keep the others waiting until their time limits. Prints the result of each shard, and its failures.
set -euo pipefail
cd "$(dirname "$0")/.."
bundle=${1:-.build/debug/watchutilsPackageTests.xctest}
jobs=${TEST_JOBS:-5}
# The longest first, and small ones at the end: the name, then a regular expression for its tests.
work='Work|Publish|Ordered' connection='Auth|Connection|EventLoop|LeastRights|TLS|UserKey'
shards=(
  "KwatchTests.Cluster ^KwatchTests\\.Cluster" "NatswatchTests ^NatswatchTests\\.(?!$work|$connection)"
  "KwatchTests ^KwatchTests\\.(?!Cluster)" "NatswatchTests.Connection ^NatswatchTests\\.($connection)"
  "EndToEnd.N-Z ^EndToEnd\\.[N-Z]" "NatswatchTests.Work ^NatswatchTests\\.($work)" "WfanoutTests.A-O ^WfanoutTests\\.[A-O]"
  "WfanoutTests.P-Z ^WfanoutTests\\.[P-Z]" "EndToEnd.A-M ^EndToEnd\\.[A-M]" "WfilterTests.A-N ^WfilterTests\\.[A-N]"
  "WfilterTests.O-Z ^WfilterTests\\.[O-Z]"
)
logs=$(mktemp -d)
trap 'rm -rf "$logs"' EXIT

# The three longest tests of a shard.
slowest() {
  grep -v '^. Test run with' "$1" | sed -nE 's/^✔ Test ([^(]*).* after ([0-9.]+) seconds\.$/\2 \1/p' | sort -rn |
    head -n 3 | while read -r seconds test; do printf '  %3.0f s %s\n' "$seconds" "$test"; done || true
}

run_shard() {
  local name=$1 log=$logs/$1.log status=0
  shift
  SECONDS=0
  NO_COLOR=1 "$bundle" --testing-library swift-testing --no-parallel "$@" >"$log" 2>&1 || status=$?
  # 69: no test matches, as in a build of one library.
  [ $status -ne 69 ] || [ -z "${WATCHUTILS_ONLY:-}" ] || return 0
  echo $status >"$logs/$name.status"
  if [ $status -eq 0 ]; then
    grep -F '**** NOT TESTED' "$log" | sort -u || true
    printf '%s: %s (%d s)\n' "$name" "$(grep -E '^. Test run with' "$log" | tail -n 1)" $SECONDS
    grep -E '^conformance:' "$log" || true
    slowest "$log"
  else
    printf '%s: FAILED with status %d after %d s\n' "$name" $status $SECONDS
    # Prints each failure with its output; arguments of tests may be long. If the process crashed, prints its last lines.
    if grep -q '^✘' "$log"; then
      grep -E -A 12 '^✘' "$log" | grep -vE '^◇|^✔' | cut -c 1-600
    else
      tail -n 30 "$log" | cut -c 1-600
    fi
  fi
}

start() { # start NAME OPTION…, when there is room
  while [ "$(jobs -rp | wc -l)" -ge "$jobs" ]; do wait -n || true; done
  run_shard "$@" &
}
others=()
for shard in "${shards[@]}"; do
  start "${shard%% *}" --filter "${shard#* }"
  others+=(--skip "${shard#* }")
done
start others "${others[@]}"
wait

# A test that failed runs once more alone, and is named in the output if it passes then: a busy machine is not a fault of the
# tools. A test that fails again, and a shard that crashed or failed without naming a test, stay failed.
for status in "$logs"/*.status; do
  [ "$(cat "$status")" -eq 1 ] || continue # 1: tests failed, and all of them ran
  log=${status%.status}.log
  names=$(sed -nE 's/^✘ Test ([A-Za-z0-9_]+)\(.*failed after.*/\1/p' "$log" | sort -u | paste -sd '|')
  [ -n "$names" ] || continue
  if NO_COLOR=1 "$bundle" --testing-library swift-testing --no-parallel --filter "[./]($names)\\(" >"$log.again" 2>&1; then
    echo "**** FAILED ONCE, PASSED ALONE: $names"
    echo 0 >"$status"
  else
    grep -E -A 12 '^✘' "$log.again" | grep -vE '^◇|^✔' | cut -c 1-600 || true
  fi
done

# The last line of the log is the result of all shards.
passed=$(cat "$logs"/*.log | grep -cE '^✔ Test [^r]|^✔ Test r[^u]|^✔ Test ru[^n]' || true)
failed=$({ grep -lvx 0 "$logs"/*.status || true; } | wc -l)
echo "$passed passed, $failed failed" # the second counts shards
for status in "$logs"/*.status; do [ "$(cat "$status")" -eq 0 ] || exit 1; done
