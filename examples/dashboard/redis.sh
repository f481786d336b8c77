#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Prints the JSON messages of Redis channels, one a line:
#   redis.sh 'aiops:events:*' | wfanout --listen :8080
# An event that is published on several channels is printed once, by its event_id. REDIS_URL is redis://HOST:PORT/DB. When
# Redis restarts, redis.sh subscribes again. Redis keeps no messages, so those published in between are lost: use JetStream
# and natswatch where every message counts.
set -euo pipefail
: "${1:?usage: redis.sh CHANNEL-PATTERN…, for instance 'aiops:events:*'}"

subscribe() {
  while :; do
    # Ends when the connection is lost, or when Redis cannot be reached.
    redis-cli ${REDIS_URL:+-u "$REDIS_URL"} --json psubscribe "$@" || true
    echo "redis.sh: no connection to Redis; trying again in 1 s" >&2
    sleep 1
  done
}
subscribe "$@" |
  jq -Rc --unbuffered 'fromjson? | select(.[0] == "pmessage") | .[3] | fromjson?' |
  wfilter --key event_id --dedupe event_id --window 2m
