#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# run.sh FOLDER-OF-THE-BINARIES [NATS-SERVER] [COUNT]: compares natswatch with the limit (limit.c) on one server, in one run.
# With TLS=1, over TLS. Time, CPU and memory of drain and tail are those of the whole process by GNU time, start and
# end included; compare within a run only.
set -eu
natswatch=$(realpath "$1")/natswatch
server=${2:-nats-server}
count=${3:-300000}
here=$(cd "$(dirname "$0")" && pwd)
folder=$(mktemp -d)
gcc -O2 -o "$folder/limit" "$here/limit.c" -lnats -lpthread
configuration=()
if [ -n "${TLS:-}" ]; then
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=localhost \
    -addext 'subjectAltName=IP:127.0.0.1' -keyout "$folder/key.pem" -out "$folder/cert.pem" 2>/dev/null
  echo "tls { cert_file: \"$folder/cert.pem\", key_file: \"$folder/key.pem\" }" >"$folder/server.conf"
  configuration=(-c "$folder/server.conf")
  export NATS_CA=$folder/cert.pem
fi
"$server" "${configuration[@]}" -js -sd "$folder/store" -a 127.0.0.1 -p -1 --ports_file_dir "$folder" >"$folder/log" 2>&1 &
pid=$!
trap 'kill $pid; wait $pid 2>/dev/null || true; rm -rf "$folder"' EXIT
until ls "$folder"/*.ports >/dev/null 2>&1; do sleep 0.05; done
url=$(sed 's/.*"\([a-z]*:\/\/[^"]*\)".*/\1/' "$folder"/*.ports | head -n 1)
export NATS_URL=$url
"$server" --version
exec 3>&1
measure() {
  label=$1; shift
  /usr/bin/time -f '%e %U %S %M' -o "$folder/time" "$@"
  awk -v label="$label" -v n="$count" '{ printf "%-6s %9.0f msg/s  %6.3f us CPU/msg  %4d MB  %.2f s\n", label, n / $1, ($2 + $3) * 1e6 / n, $4 / 1024, $1 }' "$folder/time" >&3
}
for bytes in 300 3000; do
  echo "== $bytes bytes"
  "$folder/limit" pub "$url" S s "$count" "$bytes"
  for _ in 1 2 3; do
    measure drain "$folder/limit" drain "$url" S "$count" >/dev/null
    measure tail "$natswatch" tail 's.>' --all --count "$count" | cat >/dev/null
  done
  "$natswatch" tail 's.>' --all --count "$count" --raw >"$folder/lines"
  for _ in 1 2; do
    "$folder/limit" pub "$url" P p "$count" "$bytes"
    "$folder/limit" pubid "$url" P p "$count" "$bytes"
    "$folder/limit" pub "$url" P p 1 "$bytes" >/dev/null
    measure publish "$natswatch" publish p.x <"$folder/lines"
    "$folder/limit" pub "$url" P p 1 "$bytes" >/dev/null
    measure noids "$natswatch" publish p.x --no-ids <"$folder/lines"
  done
done
for _ in 1 2 3; do
  "$folder/limit" lat "$url" 5000 1000
  "$folder/limit" line "$url" 5000 1000 "$natswatch"
done
