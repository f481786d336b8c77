#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# demo.sh FOLDER-OF-THE-BINARIES: starts a NATS server and shows how the tools publish, tail, filter and serve a stream.
# Ctrl-C, or the end of DEMO_SECONDS, stops the demo and everything that it has started, with status 0.
set -euo pipefail
set -m # each background pipe is a process group of its own: Ctrl-C reaches this script, which ends them in order
bin=$(cd "$1" && pwd)
here=$(cd "$(dirname "$0")" && pwd)
export PATH="$bin:$PATH:/usr/sbin"
work=$(mktemp -d)
groups=() # process groups, in the order in which they are to end

finish() {
  trap - EXIT INT TERM
  for group in "${groups[@]}"; do
    kill -- "-$group" 2>/dev/null || continue
    wait "$group" 2>/dev/null || true
  done
  wait 2>/dev/null || true
  rm -rf "$work"
  printf '\ndemo: stopped, nothing left running\n'
  exit "${1:-0}"
}
trap 'finish 0' INT TERM
trap 'finish $?' EXIT

# Waits for the first address in a log file and prints it, or explains why there is none.
wait_for() {
  local pattern=$1 file=$2 pid=$3
  for ((i = 0; i < 200; i++)); do
    if [ -s "$file" ] && grep -oE -m1 "$pattern" "$file"; then return 0; fi
    kill -0 "$pid" 2>/dev/null || break
    sleep 0.05
  done
  echo "demo: no $pattern in $file:" >&2
  cat "$file" >&2
  return 1
}

echo "demo: starting nats-server with JetStream in $work"
nats-server -js -sd "$work/store" -a 127.0.0.1 -p -1 --ports_file_dir "$work" -l "$work/nats.log" &
server=$!
groups=("$server")
for ((i = 0; i < 200; i++)); do
  compgen -G "$work/*.ports" >/dev/null && break
  sleep 0.05
done
address=$(wait_for '127\.0\.0\.1:[0-9]+' "$(compgen -G "$work/*.ports")" $server)
export NATS_URL=nats://$address
echo '{"name":"DEMO","subjects":["demo.>"],"storage":"memory"}' >"$work/stream.json"
natswatch publish demo.activities --create-stream "$work/stream.json" </dev/null

filter='(kind == "Activity" && spec.changeSource == "human") || (kind == "Event" && object.type == "Warning")'
summary='kind == "Activity" ? metadata.namespace + ": " + spec.summary : metadata.namespace + ": " + object.type + " " + object.message'
mkfifo "$work/seen"
# A second filter on the same stream prints a value of each line on the terminal.
wfilter --control drop --emit "$summary" <"$work/seen" &
groups=("$!" "${groups[@]}")
natswatch 'demo.>' 2>"$work/natswatch.log" | wfilter "$filter" | tee "$work/seen" |
  wfanout --listen "127.0.0.1:${DEMO_PORT:-0}" 2>"$work/wfanout.log" &
pipe=$!
# The id of a job's process group is that of its first process.
groups=("$(jobs -p %%)" "${groups[@]}")
page=$(wait_for 'http://[^ ]+' "$work/wfanout.log" $pipe)
"$here/../examples/activities.sh" 4 | natswatch publish 'demo.activities' 2>"$work/publish.log" &
groups=("$(jobs -p %%)" "${groups[@]}")

cat <<TEXT

  natswatch 'demo.>' | wfilter '$filter' | wfanout

  live page      $page
  the stream     curl -N ${page%/}/events
  filter it too  curl -N -G ${page%/}/events --data-urlencode 'filter=metadata.namespace == "prod"'
TEXT
if timeout 5 "$bin/kwatch" namespaces --list-only >/dev/null 2>&1; then
  cat <<'TEXT'
  your cluster   kwatch pods -A | wfilter 'status.phase != "Running"' | wfanout --listen :8081
TEXT
fi
printf '\n%s\n\n' "matching events (Ctrl-C ends the demo):"

if [ -n "${DEMO_SECONDS:-}" ]; then
  sleep "$DEMO_SECONDS" &
  wait $!
else
  wait $pipe
fi
