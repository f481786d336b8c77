# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# What the check.sh of each folder sources: it starts real servers on free loopback ports, waits for conditions, and prints one
# line for each claim. Everything that it started ends with the check.
set -euo pipefail
# Debian puts nats-server into a folder that is not in every user's PATH.
PATH=$PATH:/usr/sbin
examples=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
folder=$(mktemp -d "${TMPDIR:-/tmp}/watchutils-check.XXXXXX")
failures=0
declare -A started=()

finish() {
  local status=$? pid
  trap - EXIT
  [ "$status" = 0 ] || [ "$failures" != 0 ] || tail -n 3 "$folder"/*.err 2>/dev/null >&2 || true
  for pid in "${started[@]}"; do kill -TERM -- "-$pid" 2>/dev/null || true; done
  [ ! -e "$folder/cluster" ] || "$examples/../scripts/kube-cluster.sh" down "$folder/cluster" || true
  for pid in "${started[@]}"; do wait "$pid" 2>/dev/null || true; done
  rm -rf "$folder"
  [ "$status" != 0 ] || [ "$failures" = 0 ] || exit 1
  exit "$status"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

need() {
  local command
  for command in "$@"; do
    command -v "$command" >/dev/null || { echo "check.sh: needs $command" >&2; exit 69; }
  done
}

# start NAME COMMAND…: runs a command in the background, in a process group of its own; $folder/NAME.out and .err get its
# output, ${started[NAME]} is its process.
start() {
  local name=$1
  shift
  set -m
  "$@" >"$folder/$name.out" 2>"$folder/$name.err" </dev/null &
  set +m
  started[$name]=$!
}

# stop NAME [SIGNAL]: ends what `start` started, and waits for it.
stop() {
  kill "-${2:-TERM}" -- "-${started[$1]}" 2>/dev/null || true
  wait "${started[$1]}" 2>/dev/null || true
}

# within SECONDS COMMAND…: repeats the command until it succeeds; fails when the time is over.
within() {
  local end=$((SECONDS + $1))
  shift
  until "$@" >/dev/null 2>&1; do
    ((SECONDS < end)) || return 1
    sleep 0.1
  done
}

# claim TEXT COMMAND…: prints "ok" when the command succeeds within 30 seconds.
claim() {
  local text=$1
  shift
  if within "${CLAIM_SECONDS:-30}" "$@"; then
    echo "ok      $text"
  else
    echo "FAILED  $text: $*"
    failures=$((failures + 1))
  fi
}

section() { printf '\n%s\n' "$1"; }
has() { grep -aqF -- "$2" "$folder/$1"; }
lacks() { ! has "$@"; }
counts() { [ "$(grep -acF -- "$2" "$folder/$1")" = "$3" ]; }
# json FILE FILTER: whether jq's filter is true for a line of the file, or for the text of a URL.
json() {
  case $1 in
  http://*) curl -sS -m 5 "$1" | jq -es ".[] | $2" ;;
  *) jq -R 'fromjson? // empty' "$folder/$1" | jq -es "any(.[]; $2)" ;;
  esac
}
# The address that a wfanout of `start NAME` listens on, and that of its --admin with a second argument.
address_of() {
  within 30 grep -q 'listening on http' "$folder/$1.err" || { cat "$folder/$1.err" >&2; return 1; }
  sed -n 's/.*listening on \(http:[^ ]*[0-9]\)\/*.*/\1/p' "$folder/$1.err" | sed -n "${2:-1}p"
}

start_nats() {
  local port_file
  need nats-server jq curl
  start nats nats-server -js -sd "$folder/store" -a 127.0.0.1 -p -1 -m -1 --ports_file_dir "$folder"
  within 30 compgen -G "$folder/nats-server_*.ports" || { cat "$folder/nats.err" >&2; exit 69; }
  port_file=$(compgen -G "$folder/nats-server_*.ports")
  NATS_URL=$(jq -r '.nats[0]' "$port_file") monitoring=$(jq -r '.monitoring[0]' "$port_file")
  export NATS_URL
  within 30 curl -sf "$monitoring/healthz"
}

start_redis() {
  need redis-server redis-cli jq curl
  local port
  for port in $(shuf -i 20000-30000 -n 20); do
    start redis redis-server --port "$port" --bind 127.0.0.1 --save '' --appendonly no
    if within 10 grep -q 'Ready to accept' "$folder/redis.out"; then break; fi
  done
  export REDIS_URL=redis://127.0.0.1:$port/0
}

start_cluster() {
  need kubectl etcd curl jq
  [ -x "$examples/../scripts/kube-cluster.sh" ] ||
    { echo "check.sh: needs scripts/kube-cluster.sh, which only a checkout of the repository has" >&2; exit 69; }
  "$examples/../scripts/kube-cluster.sh" up "$folder/cluster" >"$folder/cluster.err" 2>&1 ||
    { cat "$folder/cluster.err" >&2; exit 69; }
  export KUBECONFIG=$folder/cluster/admin.kubeconfig
}
