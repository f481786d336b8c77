#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Waits until an object is ready, as `kubectl wait` does, for whatever has a Ready condition:
#   wait-for-ready.sh RESOURCE/NAME [DURATION] [kwatch's flags…]
# Ends with 0 when it is ready, 1 when it was deleted, 124 when the time ran out, or with kwatch's own status.
set -u
what=${1:?RESOURCE/NAME} time=${2:-60s}
shift $(($# < 2 ? $# : 2))

kwatch "$what" "$@" | wfilter -e -m1 --timeout "$time" --fail-if 'type == "DELETED"' \
  --emit 'kind + "/" + metadata.name + " is ready"' \
  'status.conditions.exists(c, c.type == "Ready" && c.status == "True")'
ended=("${PIPESTATUS[@]}")

# kwatch dies by SIGPIPE (141) when the wait is over; any other failure of its own explains why nothing came.
case ${ended[0]} in
  0 | 141) exit "${ended[1]}" ;;
  *) exit "${ended[0]}" ;;
esac
