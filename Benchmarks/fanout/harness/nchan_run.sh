#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# nchan_run.sh MODE N C SIZE RATE [extra run.py args]: the peer nginx+nchan, measured the same way.
# Needs Debian nginx-light and libnginx-mod-nchan. Prefix folder (logs, tmp): $FANOUT_TMP/nginx, made here.
m=$1; n=$2; c=$3; s=$4; r=$5; shift 5
here=$(cd "$(dirname "$0")" && pwd); p=${FANOUT_TMP:-/tmp}/nginx; mkdir -p "$p/logs" "$p/tmp"
exec python3 "$here/run.py" --name "nchan-$m" --server "nginx -p $p -c $here/nchan.conf" --feed http --http 127.0.0.1:9201 --pubpath /pub --port 9201 --path /sub --mode "$m" -n "$n" -c "$c" -s "$s" -r "$r" "$@"
