#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Prints the path of a folder with a clean Debian of this machine's release. debootstrap creates it once, and it is kept in the
# cache. Copy the folder before you change it.
set -euo pipefail
cache=${WATCHUTILS_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/watchutils}
# shellcheck source=/dev/null
codename=$(. /etc/os-release && echo "$VERSION_CODENAME")
clean=$cache/clean-$codename
if [ ! -d "$clean" ]; then
  [ "$(id -u)" = 0 ] || { echo "clean-root: run as root: debootstrap needs it" >&2; exit 69; }
  command -v debootstrap >/dev/null || { echo "clean-root: please install debootstrap" >&2; exit 69; }
  mkdir -p "$cache"
  # Renamed when it is complete, so that a partial one is never used.
  staging=$(mktemp -d "$cache/clean.XXXXXX")
  debootstrap --variant=minbase --include=systemd,systemd-sysv,dbus "$codename" "$staging" \
    "${DEBIAN_MIRROR:-http://deb.debian.org/debian}" >"$cache/debootstrap.log"
  mv -T "$staging" "$clean"
fi
echo "$clean"
