#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Prints the JSON messages of Redis channels, one a line: redis.sh 'aiops:events:*' | wfanout --listen :8080
# An event that comes on several channels is printed once, by its event_id. REDIS_URL is redis://HOST:PORT/DB.
# What is published while nobody listens is lost: Redis keeps nothing. natswatch is for those who need it all.
set -eu
: "${1:?which channels? as 'aiops:events:*'}"
redis-cli ${REDIS_URL:+-u "$REDIS_URL"} --json psubscribe "$@" |
  jq -Rc --unbuffered 'fromjson? | select(.[0] == "pmessage") | .[3] | fromjson?' |
  wfilter --key event_id --dedupe event_id --window 2m
