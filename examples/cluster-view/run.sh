#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# The data of a desktop client for a cluster: what exists, then every change, the usage every 5 s, and for each resource a
# STATUS line when its health changes, so that a view can show that its data is stale.
#   run.sh [ADDRESS] [RESOURCES] [kwatch's flags…]          KUBECONFIG names the cluster
#   curl -N "http://ADDRESS/events?snapshot=1"
# The page is http://ADDRESS/. ADMIN is an address for diagnostics: GET /api/v1/streaming/sources. When kwatch gives up, the
# clients are disconnected, and run.sh ends with kwatch's status.
set -euo pipefail
address=${1:-:8080} resources=${2:-nodes,pods,deployments,events}
shift $(($# < 2 ? $# : 2))
kwatch "$resources" -A --prune managedFields --usage 5s --status inline "$@" |
  wfanout --listen "$address" --snapshot ${ADMIN:+--admin "$ADMIN"}
