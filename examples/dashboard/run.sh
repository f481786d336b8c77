#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Events from Redis channels, for dashboards over WebSocket:
#   run.sh [ADDRESS] [PAGE-PORT] [wfanout's flags…]
# Clients connect to ws://ADDRESS/ws and subscribe. REDIS_URL names the server (default: redis://127.0.0.1:6379/0),
# CHANNELS the pattern (aiops:events:*). TOKENS is a file with a line for each client, token and name; AUTH_URL is asked about
# other tokens. ADMIN is an address for operators: /api/v1/streaming/status, clients, subscriptions and broadcast.
# With PAGE-PORT a small page is served at http://localhost:PAGE-PORT; it needs python3.
# The message {"command":"shutdown"} on the channel aiops:control:streaming disconnects all clients and ends the service.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
address=${1:-:8080} port=${2:-}
shift $(($# < 2 ? $# : 2))
flags=("$@")
if [ -n "$port" ]; then
  setpriv --pdeathsig TERM python3 -m http.server --bind 127.0.0.1 --directory "$here/page" "$port" >/dev/null 2>&1 &
  flags+=(--cors "http://localhost:$port" --cors "http://127.0.0.1:$port")
  echo "dashboard: the page is http://localhost:$port" >&2
fi
[ -z "${ADMIN:-}" ] || flags+=(--admin "$ADMIN")
[ -z "${TOKENS:-}" ] || flags+=(--auth-tokens "$TOKENS")
[ -z "${AUTH_URL:-}" ] || flags+=(--auth-url "$AUTH_URL")

wfanout --listen "$address" --config "$here/wfanout.yaml" "${flags[@]}" < <(exec "$here/redis.sh" "${CHANNELS:-aiops:events:*}") &
service=$!
while :; do
  redis-cli ${REDIS_URL:+-u "$REDIS_URL"} --json subscribe aiops:control:streaming || true
  sleep 1
done | while read -r line; do
  case $line in *'\"command\":\"shutdown\"'*) kill -TERM "$service" ;; esac
done &
control=$!
trap 'kill -TERM "$service"' TERM INT
status=0
wait "$service" || status=$?
wait "$service" 2>/dev/null || status=$? # a signal interrupted the first wait
trap - TERM INT
kill "$control" 2>/dev/null || true
exit "$status"
