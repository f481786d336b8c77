#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Waits until an object is ready, as `kubectl wait` does, for any resource that has a Ready condition:
#   wait-for-ready.sh RESOURCE/NAME [DURATION] [kwatch's flags…]
# Exits with 0 when the object is ready, 1 if it is deleted, 124 when the time has passed, or with the status of kwatch.
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

# kwatch ends with SIGPIPE (141) when wfilter has ended. Any other failure is the reason why no event arrived.
case ${ended[0]} in
  0 | 141) exit "${ended[1]}" ;;
  *) exit "${ended[0]}" ;;
esac
