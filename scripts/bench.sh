#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Runs every benchmark beside its peers: bench.sh FOLDER-OF-THE-BINARIES. Each says what it needs and what it left out.
set -u
bin=$(cd "$1" && pwd)
cd "$(dirname "$0")/../Benchmarks" || exit 70
status=0
for run in */run.sh; do
  echo "== ${run%/run.sh}"
  "$run" "$bin" || status=1
done
exit $status
