#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# The data of a desktop client for a cluster: what exists, then every change, usage every 5 s, and for each resource a STATUS line
# when its health changes, so that a view can show that it is stale.
#   cluster-view.sh [ADDRESS] [RESOURCES] [kwatch's flags…]
#   curl -N "http://ADDRESS/events?snapshot=1"
# Ends with kwatch's status when kwatch gives up: the clients are told first.
set -euo pipefail
address=${1:-:8080} resources=${2:-nodes,pods,deployments,events}
shift $(($# < 2 ? $# : 2))
kwatch "$resources" -A --prune managedFields --usage 5s --status inline "$@" |
  wfanout --listen "$address" --snapshot
