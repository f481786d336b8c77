#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# run.sh FOLDER-OF-THE-BINARIES: compares wfilter with a hard-coded limit, jq, jaq and gojq. MEGABYTES and RUNS set the size.
set -eu
here=$(dirname "$0")
command -v g++ >/dev/null || { echo "filter: left out, for there is no g++ for the limit"; exit 0; }
exec python3 "$here/compare.py" "$1/wfilter" --megabytes "${MEGABYTES:-50}" --runs "${RUNS:-3}"
