#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# What the pods of a workload use together, now: cores, bytes, and how many pods there are.
#   workload-usage.sh SELECTOR [kwatch's flags…]
set -euo pipefail
selector=${1:?SELECTOR}
shift

kwatch pods.metrics.k8s.io -l "$selector" --until-now "$@" |
  wfilter --emit '[
    object.containers.map(c, quantity(c.usage.cpu).asApproximateFloat()).sum(),
    double(object.containers.map(c, quantity(c.usage.memory).asInteger()).sum())]' 'type == "METRICS"' |
  awk -F '[],[]' '{ cores += $2; bytes += $3 } END { printf "%.3f %.0f %d\n", cores, bytes, NR }'
