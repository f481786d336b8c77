#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# check-deb.sh PACKAGE: checks the package with lintian, then in a clean Debian without Swift. There it is installed by
# apt-get, the tools run, units and completions are checked, each command of the README and the tutorial is run, and the package
# is removed. Needs root, debootstrap and a Debian mirror. The clean Debian is kept in the cache.
set -euo pipefail
package=$(readlink -f "${1:?usage: check-deb.sh PACKAGE}")
cd "$(dirname "$0")/.."
cache=${WATCHUTILS_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/watchutils}
[ "$(id -u)" = 0 ] || { echo "check-deb: run as root: it makes a folder that holds a whole Debian" >&2; exit 69; }
command -v lintian >/dev/null || { echo "check-deb: please install lintian" >&2; exit 69; }

lintian --fail-on error,warning --allow-root "$package"

clean=$(scripts/clean-root.sh)
work=$(mktemp -d "$cache/check.XXXXXX")
finish() {
  umount "$work/root/proc" 2>/dev/null || true
  rm -rf --one-file-system "$work"
}
trap finish EXIT
cp -a --reflink=auto "$clean" "$work/root"
cp "$package" "$work/root/tmp/watchutils.deb"
cp /etc/resolv.conf "$work/root/etc/resolv.conf"
mount -t proc proc "$work/root/proc"
in_root() { chroot "$work/root" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive "$@"; }

in_root apt-get update -qq
in_root apt-get install -qq -y --no-install-recommends /tmp/watchutils.deb >"$work/install.log" 2>&1 ||
  { cat "$work/install.log" >&2; exit 1; }
for tool in kwatch natswatch wfilter wfanout; do
  in_root $tool --version
  in_root $tool --help >/dev/null
  in_root test -s /usr/share/bash-completion/completions/$tool
  in_root test -s /usr/share/zsh/vendor-completions/_$tool
  in_root test -s /usr/share/fish/vendor_completions.d/$tool.fish
done
line='{"type":"ADDED","object":{"metadata":{"name":"a"},"status":{"phase":"Pending"}}}'
got=$(echo "$line" | in_root wfilter 'status.phase.matches("P.*g")')
[ "$got" = "$line" ] || { echo "check-deb: wfilter printed $got" >&2; exit 1; }
in_root sh -c 'cd /usr/lib/systemd/system && systemd-analyze verify --man=no kwatch-* natswatch-* wfanout@*'
for unit in kwatch-publish kwatch-changes natswatch-work wfanout; do
  in_root systemd-analyze security --offline=true --threshold=30 $unit@x.service | tail -n 1
done
scripts/check-tutorial.sh "$work/root"
in_root apt-get remove -qq -y watchutils >/dev/null
left=$(in_root sh -c 'ls /usr/bin/kwatch /usr/share/man/man1/kwatch* /usr/lib/systemd/system/*kwatch* 2>/dev/null' || true)
[ -z "$left" ] || { echo "check-deb: left behind: $left" >&2; exit 1; }
echo "check-deb: $(basename "$package") works in a clean Debian"
