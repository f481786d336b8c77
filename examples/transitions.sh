#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Prints how objects change, one JSON array a line: namespace, name, before, after.
#   transitions.sh [RESOURCE] [CEL below the object] [kwatch's flags…]
# For instance: transitions.sh pods status.phase -A
set -eu
resource=${1:-pods} field=${2:-status.phase}
shift $(($# < 2 ? $# : 2))

# The first line of an object has no `old`, so it does not match.
exec kwatch "$resource" "$@" |
  wfilter "old.object.$field != object.$field" \
    --emit "[metadata.namespace, metadata.name, old.object.$field, object.$field]"
