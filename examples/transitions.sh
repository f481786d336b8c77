#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Prints each change of a field, one JSON array per line: namespace, name, value before, value after.
#   transitions.sh [RESOURCE] [FIELD] [kwatch's flags…]
# FIELD is a path below the object. Example: transitions.sh pods status.phase -A
set -eu
resource=${1:-pods} field=${2:-status.phase}
shift $(($# < 2 ? $# : 2))

# The first line of an object has no `old`, so it does not match.
exec kwatch "$resource" "$@" |
  wfilter "old.object.$field != object.$field" \
    --emit "[metadata.namespace, metadata.name, old.object.$field, object.$field]"
