#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Waits until an object is ready, as `kubectl wait` does, for any resource that has a Ready condition:
#   wait-for-ready.sh RESOURCE/NAME [DURATION] [kwatch's flags…]
# Ends with 0 when the object is ready, 1 when it was deleted, 124 when the time has passed, or with kwatch's own status.
set -u
if [ $# = 0 ]; then
  echo "usage: wait-for-ready.sh RESOURCE/NAME [DURATION] [kwatch's flags…]" >&2
  exit 64
fi
what=$1 time=${2:-60s}
shift $(($# < 2 ? $# : 2))

kwatch "$what" "$@" | wfilter -e -m1 --timeout "$time" --fail-if 'type == "DELETED"' \
  --emit 'kind + "/" + metadata.name + " is ready"' \
  'status.conditions.exists(c, c.type == "Ready" && c.status == "True")'
ended=("${PIPESTATUS[@]}")

# kwatch ends by SIGPIPE (141) when the wait is over. Any other failure explains why no event arrived.
case ${ended[0]} in
  0 | 141) exit "${ended[1]}" ;;
  *) exit "${ended[0]}" ;;
esac
