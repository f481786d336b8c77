#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Prints the path of a folder that holds a clean Debian of this machine's release, made by debootstrap the first time and kept in
# the cache. Copy it before you change anything in it.
set -euo pipefail
cache=${WATCHUTILS_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/watchutils}
# shellcheck source=/dev/null
codename=$(. /etc/os-release && echo "$VERSION_CODENAME")
clean=$cache/clean-$codename
if [ ! -d "$clean" ]; then
  [ "$(id -u)" = 0 ] || { echo "clean-root: run as root: debootstrap needs it" >&2; exit 69; }
  command -v debootstrap >/dev/null || { echo "clean-root: please install debootstrap" >&2; exit 69; }
  mkdir -p "$cache"
  # Built aside and renamed, so that half of one is never used.
  staging=$(mktemp -d "$cache/clean.XXXXXX")
  debootstrap --variant=minbase --include=systemd,systemd-sysv,dbus "$codename" "$staging" \
    "${DEBIAN_MIRROR:-http://deb.debian.org/debian}" >"$cache/debootstrap.log"
  mv -T "$staging" "$clean"
fi
echo "$clean"
