#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# coverage.sh: runs the tests with coverage, and prints the share of covered lines of each library. Exits with 1 if a library has
# less than COVERAGE_MINIMUM (85). Lines that the tests cover by running a tool count too.
#
# Processes count in the memory of shared files (%c), because tools die of their signals: a process that writes its counts when it
# exits would lose them. The compiler's option makes that possible on Linux. Counts are not exact, but zero means zero.
set -eu
cd "$(dirname "$0")/.."
build=.build-coverage
swift build --build-tests --enable-code-coverage --scratch-path $build -Xswiftc -Xllvm -Xswiftc -runtime-counter-relocation
rm -rf $build/raw
# The LLVM tools of the compiler's version. The system's tools may be older.
toolchain=$(dirname "$(readlink -f "$(command -v swift)")")
LLVM_PROFILE_FILE=$PWD/$build/raw/%4m%c.profraw scripts/test.sh $build/debug/watchutilsPackageTests.xctest ||
  echo "coverage: some tests failed" >&2
"$toolchain/llvm-profdata" merge -failure-mode=all -o $build/tests.profdata $build/raw/*.profraw
objects=
for tool in kwatch natswatch wfilter wfanout; do
  [ ! -x $build/debug/$tool ] || objects="$objects -object $build/debug/$tool"
done
# shellcheck disable=SC2086 # a list of words
"$toolchain/llvm-cov" export -summary-only -instr-profile $build/tests.profdata $build/debug/watchutilsPackageTests.xctest $objects \
  >$build/coverage.json
python3 - $build/coverage.json "${COVERAGE_MINIMUM:-85}" <<'END'
import collections, json, re, sys

lines = collections.Counter()
covered = collections.Counter()
for file in json.load(open(sys.argv[1]))["data"][0]["files"]:
    found = re.search(r"/Sources/(Shared/[^/]+|[^/]+/Core)/", file["filename"])
    if found:
        summary = file["summary"]["lines"]
        lines[found.group(1)] += summary["count"]
        covered[found.group(1)] += summary["covered"]
low = []
for name in sorted(lines):
    share = 100 * covered[name] / lines[name]
    print(f"{share:5.1f} %  {covered[name]:6} of {lines[name]:6}  {name}")
    if share < float(sys.argv[2]):
        low.append(name)
print(f"coverage: {len(lines)} libraries, {len(low)} below {sys.argv[2]} %" + "".join(f": {name}" for name in low))
sys.exit(1 if low else 0)
END
