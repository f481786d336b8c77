#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# What a desktop client of a cluster shows: first what is there, then every change, usage every 5 s, and, for each
# resource, by what means its data come and how well (STATUS lines), so that a view is never stale without saying so.
#   cluster-view.sh [ADDRESS] [RESOURCES] [kwatch's flags…]
#   curl -N "http://ADDRESS/events?snapshot=1"
set -euo pipefail
address=${1:-:8080} resources=${2:-nodes,pods,deployments,events}
shift $(($# < 2 ? $# : 2))
kwatch "$resources" -A --prune managedFields --usage 5s --status inline "$@" |
  wfanout --listen "$address" --snapshot
