#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# check-units.sh PACKAGE: boots a clean Debian with the package in a container (systemd-nspawn), starts each systemd unit in its
# sandbox, and checks its result. Needs root, debootstrap, systemd-container and a Debian mirror.
set -euo pipefail
package=$(readlink -f "${1:?usage: check-units.sh PACKAGE}")
cache=${WATCHUTILS_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/watchutils}
here=$(cd "$(dirname "$0")" && pwd)
command -v systemd-nspawn >/dev/null || { echo "check-units: please install systemd-container" >&2; exit 69; }
clean=$("$here/clean-root.sh")

work=$(mktemp -d "$cache/units.XXXXXX")
finish() {
  umount "$work/root/proc" 2>/dev/null || true
  rm -rf --one-file-system "$work"
}
trap finish EXIT
cp -a --reflink=auto "$clean" "$work/root"
cp "$package" "$work/root/tmp/watchutils.deb"
cp /etc/resolv.conf "$work/root/etc/resolv.conf"
mount -t proc proc "$work/root/proc"
chroot "$work/root" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive sh -ec '
  apt-get update -qq
  apt-get install -qq -y --no-install-recommends /tmp/watchutils.deb nats-server curl python3 >/tmp/install.log 2>&1 ||
    { cat /tmp/install.log; exit 1; }'
umount "$work/root/proc"

# This runs in the container after it has booted.
install -m 755 /dev/stdin "$work/root/usr/local/bin/check-units" <<'INSIDE'
#!/bin/bash
set -u
failures=0
exec >/result 2>&1
check() { # check NAME COMMAND…: tries for 20 s
  local name=$1
  shift
  for ((i = 0; i < 100; i++)); do
    if "$@" >/dev/null 2>&1; then echo "ok: $name"; return; fi
    sleep 0.2
  done
  echo "FAILED: $name"
  failures=$((failures + 1))
}
finish() {
  if ((failures)); then
    systemctl --no-pager status 'wfanout@*' 'natswatch-work@*' 'kwatch-*' || true
    journalctl --no-pager -n 100
  fi
  echo "check-units: $failures failures"
  systemctl poweroff
}
trap finish EXIT

systemctl stop nats-server 2>/dev/null
systemd-run --unit nats -p StateDirectory=nats-test nats-server -js -sd /var/lib/nats-test -a 127.0.0.1 -p 4222
check "nats-server answers" bash -c 'exec 3<>/dev/tcp/127.0.0.1/4222; read -r line <&3; [[ $line == INFO* ]]'
export NATS_URL=nats://127.0.0.1:4222
cd /tmp
stream() { echo "{\"name\":\"$1\",\"subjects\":[\"$2\"]}" >"$1.json"; natswatch publish "${2%.>}.none" --create-stream "$1.json" </dev/null; }
stream ACTIVITIES 'activities.>'; stream ORDERS 'orders.>'; stream DLQ 'dlq.>'; stream KUBERNETES 'kubernetes.>'
mkdir -p /etc/watchutils/credentials
echo "NATS_URL=$NATS_URL" >/etc/watchutils/env
chmod 600 /etc/watchutils/env
echo "secret-token alice" >/etc/watchutils/credentials/tokens

# wfanout: started by its socket, with tokens that only root can read.
chmod 600 /etc/watchutils/credentials/tokens
instance=$(systemd-escape 'activities.>')
check "wfanout's socket" systemctl start "wfanout@$instance.socket"
get() { curl -sf --max-time 2 -H "Authorization: Bearer $1" -H 'Accept: application/x-ndjson' http://127.0.0.1:8080/events; }
(sleep 1; echo '{"kind":"Activity","n":1}' | natswatch publish activities.a) &
check "wfanout refuses a client without a token" bash -c 'test "$(curl -s -o /dev/null -w "%{http_code}" --max-time 5 http://127.0.0.1:8080/events)" = 401'
served() { get secret-token >got & sleep 0.5; echo '{"kind":"Activity","n":2}' | natswatch publish activities.a; wait $!; grep -q '"n":2' got; }
check "wfanout serves the subject" served
check "wfanout is ready (Type=notify)" systemctl is-active "wfanout@$instance.service"

# work: a handler that writes to a file.
cat >/etc/watchutils/natswatch-work-orders.env <<'END'
SUBJECT=orders.>
COMMAND=/usr/bin/tee -a handled
END
check "natswatch-work starts" systemctl start natswatch-work@orders
echo '{"order":17}' | natswatch publish orders.new
check "natswatch-work handles a message" grep -q 17 /var/lib/watchutils/natswatch-work-orders/handled

# kwatch: an API server that only has one node and two events.
cat >api.py <<'END'
import http.server, json, time
compact = lambda value: json.dumps(value, separators=(",", ":")).encode()
node = lambda name, version: {"kind": "Node", "apiVersion": "v1", "metadata": {"name": name, "uid": name, "resourceVersion": version}}
class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def log_message(self, *arguments): pass
    def do_GET(self):
        path = self.path.split("?")[0]
        if "watch=" in self.path:
            self.send_response(200); self.send_header("Transfer-Encoding", "chunked"); self.send_header("Content-Type", "application/json"); self.end_headers()
            def line(value):
                data = compact(value) + b"\n"
                self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data)); self.wfile.flush()
            if "sendInitialEvents" in self.path: return
            time.sleep(1); line({"type": "ADDED", "object": node("b", "12")})
            for _ in range(60):
                time.sleep(1); line({"type": "BOOKMARK", "object": node("", "13")})
            return
        answers = {
            "/api": {"kind": "APIVersions", "versions": ["v1"]}, "/apis": {"kind": "APIGroupList", "apiVersion": "v1", "groups": []},
            "/api/v1": {"kind": "APIResourceList", "groupVersion": "v1", "resources": [
                {"name": "nodes", "singularName": "node", "namespaced": False, "kind": "Node", "verbs": ["get", "list", "watch"], "shortNames": ["no"]}]},
            "/api/v1/nodes": {"kind": "NodeList", "apiVersion": "v1", "metadata": {"resourceVersion": "11"}, "items": [node("a", "11")]},
        }
        status = 200 if path in answers else 404
        data = compact(answers.get(path, {"kind": "Status", "status": "Failure", "code": 404, "reason": "NotFound"}))
        self.send_response(status); self.send_header("Content-Type", "application/json"); self.send_header("Content-Length", str(len(data))); self.end_headers(); self.wfile.write(data)
http.server.ThreadingHTTPServer(("127.0.0.1", 8001), Handler).serve_forever()
END
systemd-run --unit api python3 /tmp/api.py
cat >/etc/watchutils/credentials/kubeconfig <<'END'
current-context: c
clusters: [{name: c, cluster: {server: "http://127.0.0.1:8001"}}]
contexts: [{name: c, context: {cluster: c, user: u}}]
users: [{name: u, user: {}}]
END
chmod 600 /etc/watchutils/credentials/kubeconfig
check "kwatch-publish starts" systemctl start kwatch-publish@nodes
published() { test "$(natswatch 'kubernetes.>' --all --until-now | grep -c '"kind":"Node"')" -ge 2; }
check "kwatch-publish publishes a resource without namespaces" published
check "kwatch-publish keeps its state" test -s /var/lib/watchutils/kwatch-publish-nodes/position
systemctl stop kwatch-publish@nodes
check "kwatch-publish ends clean" test ! -e /var/lib/watchutils/kwatch-publish-nodes/unfinished
check "the timer's service runs" systemctl start kwatch-changes@nodes.service
check "the timer's service writes changes" grep -q '"name":"a"' /var/log/watchutils/nodes.ndjson
check "the timer starts" systemctl start kwatch-changes@nodes.timer
INSIDE
cat >"$work/root/etc/systemd/system/check-units.service" <<'END'
[Unit]
After=multi-user.target
[Service]
Type=oneshot
ExecStart=/usr/local/bin/check-units
[Install]
WantedBy=multi-user.target
END
ln -s /etc/systemd/system/check-units.service "$work/root/etc/systemd/system/multi-user.target.wants/check-units.service"
# Not ordered after the target that wants it.
sed -i 's/After=multi-user.target/After=basic.target/' "$work/root/etc/systemd/system/check-units.service"
timeout 300 systemd-nspawn -q -D "$work/root" --register=no --keep-unit --private-network -b >"$work/boot.log" 2>&1 </dev/null || true
if [ ! -s "$work/root/result" ]; then
  echo "**** NOT TESTED: systemd units: no systemd could be booted in a container here" >&2
  tail -n 5 "$work/boot.log" >&2
  exit 0
fi
cat "$work/root/result"
grep -q '^check-units: 0 failures' "$work/root/result"
