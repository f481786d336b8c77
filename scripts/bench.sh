#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Runs every benchmark beside its peers: bench.sh FOLDER-OF-THE-BINARIES. Each prints what it needs and what it left out. All output
# goes to Benchmarks/runs/DATE-COMMIT.md too, under a head with machine, date and commit; then the chart is drawn again.
set -u
bin=$(cd "$1" && pwd)
cd "$(dirname "$0")/../Benchmarks" || exit 70
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
  for run in */run.sh; do
    printf '\n## %s\n\n' "${run%/run.sh}"
    "$run" "$bin" 2>&1 || echo "FAILED: $run"
  done
} | tee "$report"
if grep -q '^FAILED: ' "$report"; then status=1; fi
python3 ../scripts/bench-chart.py figures.tsv >../docs/figures.svg || status=1
echo "bench: written to Benchmarks/$report; figures.tsv is the source of docs/figures.svg" >&2
exit $status
