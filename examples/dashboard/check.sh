#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2016,SC2034 # $ in single quotes is for the shell that is started; clients are held open
#
# Checks the dashboard's service against a real redis-server: every message, event, route, setting, error and metric of the README.
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=examples/check.bash
. "$here/../check.bash"
need python3
start_redis
printf 'secret-a alice\nsecret-b bob\n' >"$folder/tokens"
TOKENS=$folder/tokens ADMIN=127.0.0.1:0 start service "$here/run.sh" 127.0.0.1:0 ''
service=$(address_of service)
admin=$(sed -n 's/.*serving operators on \(http:[^ ]*[0-9]\)\/*.*/\1/p' "$folder/service.err")

# client NAME TOKEN: a WebSocket client whose messages are sent by `send NAME TEXT`.
client() {
  local held
  mkfifo "$folder/$1.in"
  # Held open, so that `send` neither waits for the client nor loses what it has not read yet.
  exec {held}<>"$folder/$1.in"
  start "$1" bash -c 'exec python3 "$1/ws.py" "$2" <>"$3"' - "$here" "ws://${service#http://}/ws" "$folder/$1.in"
  send "$1" "{\"type\":\"auth\",\"token\":\"$2\"}"
}
send() { printf '%s\n' "$2" >"$folder/$1.in"; }
publish() { redis-cli -u "$REDIS_URL" -x publish "$1" <"$2" >/dev/null; }
publish_text() { redis-cli -u "$REDIS_URL" publish "$1" "$2" >/dev/null; }
code() { [ "$(curl -sS -m 10 -o "$folder/body" -w '%{http_code}' "${@:2}")" = "$1" ]; }
within 30 bash -c "redis-cli -u '$REDIS_URL' pubsub numpat | grep -q 1"

section "Messages"
client one secret-a
claim "auth: auth_response with a client id" json one.out '.type == "auth_response" and .status == "authenticated" and (.client_id | length == 36)'
send one '{"type":"subscribe","subscription":{"event_types":["ALERT_FIRED","ALERT_RESOLVED","GPU_UPDATE"],"cluster_filter":["550e8400-e29b-41d4-a716-446655440000"],"namespace_filter":["production","staging"]}}'
claim "subscribe: subscribed, with what is in force" json one.out '.type == "subscribed" and .event_types == ["ALERT_FIRED","ALERT_RESOLVED","GPU_UPDATE"] and .cluster_filter == ["550e8400-e29b-41d4-a716-446655440000"]'
publish aiops:events:alerts "$here/events/alert-fired.json"
publish aiops:events:all "$here/events/alert-fired.json"
claim "event: with all its members" json one.out '.type == "event" and .event_id == "evt_001" and .cluster_name == "prod-east-1" and .payload.alertname == "HighCPUUsage"'
publish aiops:events:alerts "$here/events/alert-resolved.json"
claim "... an alert without a namespace passes the namespace filter" json one.out '.event_type == "ALERT_RESOLVED" and .payload.duration_seconds == 900'
claim "... an event of two channels comes once" counts one.out evt_001 1
send one '{"type":"ping","timestamp":"2024-12-24T10:00:00Z"}'
claim "ping: pong with the server's time" json one.out '.type == "pong" and .timestamp == "2024-12-24T10:00:00Z" and has("server_time")'
send one '{"type":"subscribe","subscription":{"event_types":["INVALID_TYPE"]}}'
claim "an unknown event type: INVALID_SUBSCRIPTION" json one.out '.type == "error" and .code == "INVALID_SUBSCRIPTION" and (.message | contains("INVALID_TYPE"))'
send one '{"type":"unsubscribe","event_types":["GPU_UPDATE"]}'
claim "unsubscribe: unsubscribed" json one.out '.type == "unsubscribed" and .event_types == ["GPU_UPDATE"]'
publish aiops:events:gpu "$here/events/gpu-update.json"

section "Event types"
client two secret-b
send two '{"type":"subscribe","subscription":{}}'
claim "a subscription to everything" json two.out '.type == "subscribed"'
for event in cluster-status-changed alert-fired-labels alert-resolved gpu-update metric-update anomaly-detected chat-message; do
  type=$(jq -r .event_type "$here/events/$event.json")
  publish aiops:events:cluster:550e8400 "$here/events/$event.json"
  claim "$type" json two.out "select(.event_type == \"$type\") | del(.event_id, .resume_id) == $(jq -c . "$here/events/$event.json")"
done
claim "a client that has unsubscribed from GPU_UPDATE gets none" lacks one.out '"event_type":"GPU_UPDATE"'
claim "a client gets no type that it has not subscribed to" lacks one.out '"event_type":"METRIC_UPDATE"'

section "REST"
claim "GET /api/v1/streaming/status" json "$admin/api/v1/streaming/status" '.connected_clients == 2 and .total_subscriptions == 2 and .events_routed > 0'
claim "GET /api/v1/streaming/clients" json "$admin/api/v1/streaming/clients" '[.clients[].identity] | sort == ["alice","bob"]'
claim "GET /api/v1/streaming/subscriptions" json "$admin/api/v1/streaming/subscriptions" '.by_event_type.ALERT_FIRED >= 1'
claim "POST /api/v1/streaming/broadcast" code 200 -H 'Content-Type: application/json' "$admin/api/v1/streaming/broadcast" -d '{"event_type":"RCA_COMPLETE","payload":{"text":"hello"}}'
claim "... reaches the clients" json two.out '.event_type == "RCA_COMPLETE" and .payload.text == "hello"'
claim "... operators' routes are not on the clients' address" code 404 -H 'Authorization: Bearer secret-a' "$service/api/v1/streaming/clients"

section "Errors"
client wrong nonsense
claim "AUTH_FAILED, and the connection is closed" bash -c "grep -q AUTH_FAILED '$folder/wrong.out' && grep -q 'closed with 1008' '$folder/wrong.err'"
printf 'renewed carol\nshort carol %s\n' $(($(date +%s) + 15)) >>"$folder/tokens"
within 10 code 404 -H 'Authorization: Bearer short' "$service/none"
client expiring short
claim "a token that will expire is accepted" json expiring.out '.type == "auth_response"'
send expiring '{"type":"subscribe","subscription":{}}'
claim "AUTH_EXPIRED, when the token runs out" json expiring.out '.code == "AUTH_EXPIRED"'
send expiring '{"type":"auth","token":"renewed"}'
claim "... and a new token continues the stream" bash -c "grep -c auth_response '$folder/expiring.out' | grep -qx 2"
send one 'no JSON'
claim "INVALID_MESSAGE, and the connection continues" json one.out '.code == "INVALID_MESSAGE"'
for _ in $(seq 700); do echo '{"type":"ping","timestamp":"flood"}'; done >"$folder/one.in"
claim "RATE_LIMITED, for a client that sends too much" json one.out '.code == "RATE_LIMITED"'
client large secret-a
send large "$(head -c 70000 /dev/zero | tr '\0' x)"
claim "a message over 64 KiB closes the connection" bash -c "grep -q 'closed with 1009' '$folder/large.err'"

section "Backpressure"
client slow secret-b
send slow '{"type":"subscribe","subscription":{}}'
claim "a client that will read nothing" json slow.out '.type == "subscribed"'
kill -STOP -- "-${started[slow]}"
jq -c '.payload.filler = ("x" * 60000) | del(.event_id)' "$here/events/gpu-update.json" >"$folder/big"
# One redis-cli for all: 400 processes could take longer than the time-out of the client's heartbeat.
sed "s/.*/PUBLISH aiops:events:gpu '&'/" "$folder/big" >"$folder/command"
for _ in $(seq 400); do cat "$folder/command"; done | redis-cli -u "$REDIS_URL" >/dev/null
publish_text aiops:events:all '{"event_type":"CHAT_MESSAGE","event_id":"after","payload":{}}'
claim "the others are not delayed" json two.out '.event_id == "after"'
claim "operators see that it is slow" json "$admin/api/v1/streaming/clients" 'any(.clients[]; .slow)'
kill -CONT -- "-${started[slow]}"
claim "QUEUE_FULL, when it reads again" json slow.out '.code == "QUEUE_FULL" and .dropped > 0'

section "Metrics"
curl -sS "$service/metrics" >"$folder/metrics"
for line in 'ws_connections_total counter' 'ws_connections_active gauge' 'ws_messages_sent_total counter' 'ws_messages_received_total counter' \
  'ws_events_routed_total counter' 'ws_events_dropped_total counter' 'ws_subscription_count gauge' 'ws_message_latency_seconds histogram'; do
  claim "${line/ /: }" grep -q "^# TYPE $line" "$folder/metrics"
done
claim "ws_events_routed_total is by event type" grep -q '^ws_events_routed_total{event_type="ALERT_FIRED"}' "$folder/metrics"

section "Disconnect"
publish_text aiops:control:streaming '{"command":"shutdown"}'
claim "the control channel's shutdown: disconnect with reconnect_after_ms" json two.out '.type == "disconnect" and .reason == "server_shutdown" and .reconnect_after_ms > 0'
claim "... and close frame 1001" bash -c "grep -q 'closed with 1001' '$folder/two.err'"
