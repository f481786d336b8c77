#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# check-tarball.sh TARBALL: unpacks the tarball in a clean Debian, which has none of the libraries that the tools use, and runs
# each tool there. Only glibc and the libraries of the tarball may be loaded. Needs root and debootstrap; natswatch uses a
# nats-server of this machine.
set -euo pipefail
tarball=$(readlink -f "${1:?usage: check-tarball.sh TARBALL}")
cd "$(dirname "$0")/.."
cache=${WATCHUTILS_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/watchutils}
[ "$(id -u)" = 0 ] || { echo "check-tarball: run as root: it makes a folder that holds a whole Debian" >&2; exit 69; }
clean=$(scripts/clean-root.sh)
work=$(mktemp -d "$cache/tarball.XXXXXX")
server=
finish() {
  [ -z "$server" ] || kill "$server" || true
  umount "$work/root/proc" 2>/dev/null || true
  rm -rf --one-file-system "$work"
}
trap finish EXIT
cp -a --reflink=auto "$clean" "$work/root"
mkdir "$work/root/opt/watchutils"
# The RPATH starts with the folder of the binary, which the loader finds with /proc/self/exe.
mount -t proc proc "$work/root/proc"
tar -C "$work/root/opt/watchutils" --strip-components=1 -xzf "$tarball"
in_root() { chroot "$work/root" env -i PATH=/opt/watchutils/bin:/usr/bin:/bin LC_ALL=C.UTF-8 "$@"; }
fail() { echo "check-tarball: $*" >&2; exit 1; }

for tool in kwatch natswatch wfilter wfanout; do
  in_root $tool --version
  in_root $tool --help >/dev/null
  foreign=$(in_root ldd /opt/watchutils/bin/$tool |
    awk '$2 == "=>" && $3 !~ /watchutils\/shared/ && $1 !~ /^lib(c|m|dl|pthread|rt|resolv|util)\.so/ { print $1, $3 }')
  [ -z "$foreign" ] || fail "$tool loads what the tarball does not bring: $foreign"
  for file in share/man/man1/$tool.1 share/bash-completion/completions/$tool share/zsh/site-functions/_$tool \
    share/fish/vendor_completions.d/$tool.fish; do
    [ -s "$work/root/opt/watchutils/$file" ] || fail "$file is missing"
  done
done
for file in LICENSE README.md share/man/man7/watchutils.7 share/doc/watchutils/licences/libnats3.4; do
  [ -s "$work/root/opt/watchutils/$file" ] || fail "$file is missing"
done

line='{"type":"ADDED","object":{"metadata":{"name":"a"},"status":{"phase":"Pending"}}}'
expect() { # expect WHAT GOT WANTED
  [ "$2" = "$3" ] || fail "$1 printed '$2', not '$3'"
}
expect wfilter "$(echo "$line" | in_root wfilter 'status.phase.matches("P.*g")')" "$line"
# kwatch's first request uses libcurl. No server listens on the port.
status=0
in_root kwatch pods --server https://127.0.0.1:1 --max-retries 1 2>/dev/null || status=$?
expect "the status of kwatch without a server" $status 69

free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }
port=$(free_port)
PATH=$PATH:/usr/sbin nats-server -js -sd "$work/jetstream" -a 127.0.0.1 -p "$port" >"$work/nats.log" 2>&1 &
server=$!
until grep -q 'Server is ready' "$work/nats.log"; do kill -0 $server || fail "$(cat "$work/nats.log")"; sleep 0.1; done
echo '{"name":"S","subjects":["s.>"]}' >"$work/root/tmp/stream.json"
echo "$line" | in_root NATS_URL="nats://127.0.0.1:$port" natswatch publish s.a --create-stream /tmp/stream.json
expect natswatch "$(in_root NATS_URL="nats://127.0.0.1:$port" natswatch 's.>' --all --until-now |
  in_root wfilter --raw --emit metadata.name true)" a
port=$(free_port)
expect wfanout "$({ echo "$line"; sleep 3; } | in_root wfanout --listen "127.0.0.1:$port" --snapshot 2>/dev/null |
  curl -sN --retry 50 --retry-connrefused --retry-delay 1 -H 'Accept: application/x-ndjson' "http://127.0.0.1:$port/events?snapshot=1" |
  in_root wfilter --raw --emit metadata.name true)" a
echo "check-tarball: $(basename "$tarball") works in a clean Debian, with nothing but glibc"
