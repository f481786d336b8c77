#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# bench.sh FOLDER-OF-THE-BINARIES [NAME…]: runs all benchmarks, or the named ones, with their peers. A benchmark prints which
# programs it needs, and which parts it skipped. The output is also written to Benchmarks/runs/DATE-COMMIT.md, after the machine, the
# date and the commit. Then the chart is drawn again.
set -u
bin=$(cd "$1" && pwd)
shift
cd "$(dirname "$0")/../Benchmarks" || exit 70
[ $# -gt 0 ] || set -- */run.sh
commit=$(git rev-parse --short HEAD 2>/dev/null || echo unknown)
mkdir -p runs
report=runs/$(date -u +%Y-%m-%d)-$commit.md
status=0
{
  echo "# Benchmarks at $commit"
  echo
  echo "| | |"
  echo "| --- | --- |"
  echo "| date | $(date -u +%Y-%m-%dT%H:%MZ) |"
  echo "| machine | $(nproc) × $(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1), $(uname -srm) |"
  echo "| load at the start | $(cut -d' ' -f1-3 /proc/loadavg) |"
  echo "| commit | $(git describe --always --dirty 2>/dev/null || echo unknown) |"
  for name; do
    name=${name%/run.sh}
    printf '\n## %s\n\n' "$name"
    "$name/run.sh" "$bin" 2>&1 || echo "FAILED: $name"
  done
} | tee "$report"
if grep -q '^FAILED: ' "$report"; then status=1; fi
python3 ../scripts/bench-chart.py figures.tsv >../docs/figures.svg || status=1
echo "bench: written to Benchmarks/$report; figures.tsv is the source of docs/figures.svg" >&2
exit $status
