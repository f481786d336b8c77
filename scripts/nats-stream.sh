#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Makes a JetStream stream, for a machine without the nats command: nats-stream.sh HOST PORT STREAM SUBJECT
# One request in NATS's text protocol over bash's /dev/tcp; prints the server's answer, ends with 1 on an error.
set -euo pipefail
[ $# -eq 4 ] || { echo "usage: nats-stream.sh HOST PORT STREAM SUBJECT" >&2; exit 64; }

body='{"name":"'$3'","subjects":["'$4'"],"storage":"memory","max_bytes":67108864}'
exec 3<>"/dev/tcp/$1/$2"
printf 'CONNECT {"verbose":false}\r\nSUB reply 1\r\nPUB $JS.API.STREAM.CREATE.%s reply %d\r\n%s\r\n' \
  "$3" "${#body}" "$body" >&3
while IFS= read -r -t 5 -u 3 line; do
  case $line in
  PING*) printf 'PONG\r\n' >&3 ;;
  MSG*)
    IFS= read -r -t 5 -u 3 answer
    echo "${answer%$'\r'}"
    case $answer in *'"error"'*) exit 1 ;; *) exit 0 ;; esac
    ;;
  -ERR*) echo "nats-stream: $line" >&2; exit 1 ;;
  esac
done
echo "nats-stream: $1:$2 did not answer: is JetStream on?" >&2
exit 69
