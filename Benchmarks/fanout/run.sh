#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# run.sh FOLDER [ROW...]: compares the release build of wfanout in FOLDER with nginx+nchan and with a C server that only writes.
# ROW: flat ten-thousand paced filters idle stalled (default: all). Prints a line for each row.
# ROW nineteen-thousand, only if named: as many connections as 20,000 descriptors allow, SSE and WebSocket, plain and TLS.
# ROW hostile, only if named: 1,000 listeners at 100 events/s alone and beside a hundred hostile clients, as two JSON lines.
#
# harness/ has the load generator, the publisher, the limit and the sampler. Needs gcc, python3, libssl-dev, and for the peer
# nginx-light and libnginx-mod-nchan.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
harness=$here/harness
[ $# -ge 1 ] || { echo "usage: run.sh FOLDER [ROW...]" >&2; exit 64; }
server=$(cd "$1" && pwd)/wfanout
shift
[ $# -gt 0 ] || set -- flat ten-thousand paced filters idle stalled

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp "$harness"/* "$work/"
export FANOUT_BIN="$work" FANOUT_TMP="$work"
for program in fanclient pub refserver; do gcc -O2 -w -o "$work/$program" "$work/$program.c" -lssl -lcrypto; done

ours() {
  name=$1
  shift
  python3 "$work/run.py" --name "$name" --server "$server --listen 127.0.0.1:9900 --max-clients 12000" \
    --feed stdin --port 9900 -s 300 "$@" >>"$work/rows.jsonl"
}
limit() {
  python3 "$work/run.py" --name "limit" --server "$work/refserver -p 9100 -m sse" \
    --feed stdin --port 9100 --mode sse -s 300 "$@" >>"$work/rows.jsonl"
}
# The limit, with as few unsent bytes in the kernel as wfanout allows.
limit64() {
  python3 "$work/run.py" --name "limit, 64 KiB" --server "$work/refserver -p 9100 -m sse -w 65536" \
    --feed stdin --port 9100 --mode sse -s 300 "$@" >>"$work/rows.jsonl"
}
peer() {
  [ -e /usr/lib/nginx/modules/ngx_nchan_module.so ] || { echo "run.sh: no nchan here: left out" >&2; return 0; }
  sh "$work/nchan_run.sh" sse "$@" >>"$work/rows.jsonl"
}

for row; do
  case $row in
  # Long enough for the clock of CPU time, which has steps of 10 ms.
  flat)
    ours sse --path /events --mode sse -n 1000 -c 20000
    limit -n 1000 -c 20000
    limit64 -n 1000 -c 20000
    ours ndjson --path /events --mode ndjson --client "-H 'Accept: application/x-ndjson'" -n 1000 -c 20000
    ours websocket --path '/ws?raw=1' --mode ws -n 1000 -c 20000
    ours kubernetes --path '/apis/a/v1/pods?watch=1' --mode ndjson --kube -n 1000 -c 20000
    ours sse --path /events --mode sse -n 1000 -c 20000
    limit -n 1000 -c 20000
    limit64 -n 1000 -c 20000
    peer 1000 1000 300 0
    ;;
  ten-thousand)
    for round in 1 2; do
      ours "sse-10k-$round" --path /events --mode sse -n 9900 -c 4000
      limit -n 9900 -c 4000
      limit64 -n 9900 -c 4000
    done
    ;;
  paced)
    ours sse-100/s --path /events --mode sse -n 1000 -c 1000 -r 100
    limit -n 1000 -c 1000 -r 100
    peer 1000 1000 300 100
    ;;
  filters)
    # Every filter matches all events, so that each listener can be checked for all of them.
    filter='/events?filter=seq%20!%3D%20-1'
    ours one-filter --path "$filter" --mode sse -n 1000 -c 2000
    ours hundred-filters --path "$filter@" --mode sse --client '--variants 100' -n 1000 -c 2000
    ;;
  idle) ours idle --path /events --mode sse -n 9900 -c 0 --holdidle 5 ;;
  stalled)
    ours healthy --path /events --mode sse -n 100 -c 20000 -r 1000
    ours ten-stalled --path /events --mode sse -n 100 -c 20000 -r 1000 --slow 10
    ;;
  nineteen-thousand)
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout "$work/key" -out "$work/cert" -days 2 \
      -subj /CN=localhost 2>/dev/null
    for load in '-c 0 --holdidle 5' '-c 20 -r 1'; do
      for path in /events '/ws?raw=1'; do
        for options in '' "--tls-cert $work/cert --tls-key $work/key"; do
          mode=sse
          [ "$path" = /events ] || mode=ws
          # shellcheck disable=SC2086 # load is several words
          python3 "$work/run.py" --name "19k$options" --feed stdin --port 9900 -s 300 -n 19000 -t 200 --wait 2 $load --path "$path" \
            --mode "$mode" --server "$server --listen 127.0.0.1:9900 --max-clients 19500 $options" ${options:+--client=--tls} >>"$work/rows.jsonl"
        done
      done
    done
    ;;
  hostile) python3 "$here/hostile.py" "$server" ;;
  *)
    echo "run.sh: unknown row '$row'" >&2
    exit 64
    ;;
  esac
done
[ ! -e "$work/rows.jsonl" ] || python3 "$work/tab.py" "$work/rows.jsonl"
