#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# run.sh FOLDER-OF-THE-BINARIES: compares kwatch with curl and, if it is installed, kubectl, on a separate API server.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
cache=${WATCHUTILS_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/watchutils}
[ -x "$cache/kube-apiserver" ] || { echo "kwatch: left out, for there is no API server: make kube-apiserver"; exit 0; }
kubectl=$(command -v kubectl || true)
exec python3 "$here/bench.py" --kwatch "$1/kwatch" ${kubectl:+--kubectl "$kubectl"}
