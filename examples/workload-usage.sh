#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Prints the sum of what the pods of a workload use now: cores, bytes of memory, and the number of pods.
#   workload-usage.sh SELECTOR [kwatch's flags…]
# If kwatch fails, it prints nothing and exits with kwatch's status.
set -euo pipefail
if [ $# = 0 ]; then
  echo "usage: workload-usage.sh SELECTOR [kwatch's flags…]" >&2
  exit 64
fi
selector=$1
shift

lines=$(kwatch pods.metrics.k8s.io -l "$selector" --until-now "$@")
printf '%s' "${lines:+$lines$'\n'}" | wfilter --emit '[
    object.containers.map(c, quantity(c.usage.cpu).asApproximateFloat()).sum(),
    double(object.containers.map(c, quantity(c.usage.memory).asInteger()).sum())]' 'type == "METRICS"' |
  awk -F '[],[]' '{ cores += $2; bytes += $3 } END { printf "%.3f %.0f %d\n", cores, bytes, NR }'
