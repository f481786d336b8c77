#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Runs a real Kubernetes API (etcd and kube-apiserver) on loopback, with its files in one folder, for tests, benchmarks and
# trying kwatch by hand.
#
#   kube-cluster.sh up DIR [KUBE-APISERVER-FLAG...]      start both; writes DIR/*.kubeconfig
#   kube-cluster.sh start DIR [KUBE-APISERVER-FLAG...]   start the API server again, on the same port
#   kube-cluster.sh stop DIR | kill DIR                  end the API server by SIGTERM | SIGKILL
#   kube-cluster.sh down DIR                             end both
#
# Kubeconfigs: admin (a token), certificate (a client certificate, inline), lister (may list everything, but
# not watch), nobody (no rights). With OWNER=PID in the environment, everything ends when that process ends.
set -eu

cache=${WATCHUTILS_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/watchutils}
command=${1:?usage: kube-cluster.sh up|start|stop|kill|down DIR}
directory=${2:?usage: kube-cluster.sh up|start|stop|kill|down DIR}
shift 2
die() { printf 'kube-cluster: %s\n' "$*" >&2; exit 1; }

free_port() {
  perl -MSocket -e 'socket(S, PF_INET, SOCK_STREAM, 0); bind(S, sockaddr_in(0, INADDR_LOOPBACK)) or die;
    print((sockaddr_in(getsockname(S)))[0])'
}
# Starts a server in another session and without the caller's descriptors, because some callers wait until these are closed.
detach() { exec perl -MPOSIX -e 'POSIX::setsid(); POSIX::close($_) for 3 .. 1023; exec @ARGV or die' -- "$@"; }
# wait_for SECONDS COMMAND...: repeats the command until it succeeds.
wait_for() {
  tries=$(($1 * 10)); shift
  until "$@" >/dev/null 2>&1; do
    tries=$((tries - 1)); [ "$tries" -gt 0 ] || return 1
    sleep 0.1
  done
}
ended() { ! kill -0 "$1" 2>/dev/null; }
end() { # end NAME SIGNAL
  [ -f "$directory/$1.pid" ] || return 0
  pid=$(cat "$directory/$1.pid"); rm -f "$directory/$1.pid"
  kill "-$2" "$pid" 2>/dev/null || return 0
  wait_for 20 ended "$pid" || kill -KILL "$pid" 2>/dev/null || :
}
call() { curl -sS --fail --cacert ca.crt -H "Authorization: Bearer admin-token" "$@"; }

make_credentials() {
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 3650 -subj /CN=test-ca \
    -keyout ca.key -out ca.crt 2>/dev/null
  leaf() { # leaf NAME SUBJECT EXTENSIONS
    openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj "$2" -keyout "$1.key" \
      -out "$1.csr" 2>/dev/null
    printf '%s\n' "$3" >"$1.ext"
    openssl x509 -req -in "$1.csr" -CA ca.crt -CAkey ca.key -CAcreateserial -days 3650 -extfile "$1.ext" \
      -out "$1.crt" 2>/dev/null
  }
  leaf server /CN=kube-apiserver "subjectAltName=IP:127.0.0.1,DNS:localhost,DNS:kubernetes.test"
  leaf admin "/O=system:masters/CN=certificate-admin" "extendedKeyUsage=clientAuth"
  openssl genrsa -out service-account.key 2048 2>/dev/null
  cat >tokens.csv <<-END
	admin-token,admin,admin,system:masters
	lister-token,lister,lister
	nobody-token,nobody,nobody
	END
}
kubeconfig() { # kubeconfig NAME USER-FIELDS
  cat >"$1.kubeconfig" <<-END
	apiVersion: v1
	kind: Config
	current-context: $1
	clusters:
	- name: test
	  cluster: {server: "https://127.0.0.1:$port", certificate-authority-data: $(base64 -w0 ca.crt)}
	users:
	- name: $1
	  user: {$2}
	contexts:
	- name: $1
	  context: {cluster: test, user: $1, namespace: default}
	END
}
start_server() {
  detach "$cache/kube-apiserver" --etcd-servers="http://127.0.0.1:$(cat etcd.port)" --etcd-prefix="/registry" \
    --bind-address=127.0.0.1 --secure-port="$port" --tls-cert-file=server.crt --tls-private-key-file=server.key \
    --client-ca-file=ca.crt --token-auth-file=tokens.csv --authorization-mode=RBAC \
    --service-cluster-ip-range=10.0.0.0/24 --service-account-issuer=https://kubernetes.default.svc \
    --service-account-key-file=service-account.key --service-account-signing-key-file=service-account.key \
    --disable-admission-plugins=ServiceAccount --endpoint-reconciler-type=none --insecure-port=0 \
    --cert-dir=certificates "$@" >>apiserver.log 2>&1 </dev/null &
  echo $! >apiserver.pid
  # If the server has exited, the caller tries again with other ports. A slow start on a busy machine is waited for.
  wait_for 60 call "https://127.0.0.1:$port/readyz" || { tail -n 5 apiserver.log >&2; die "the API server did not get ready"; }
}
grant_list() {
  api="https://127.0.0.1:$port/apis/rbac.authorization.k8s.io/v1"
  call -o /dev/null -H 'Content-Type: application/json' "$api/clusterroles" -d '{"apiVersion":"rbac.authorization.k8s.io/v1",
    "kind":"ClusterRole","metadata":{"name":"list-only"},"rules":[{"apiGroups":["*"],"resources":["*"],"verbs":["list","get"]}]}'
  call -o /dev/null -H 'Content-Type: application/json' "$api/clusterrolebindings" -d '{"apiVersion":"rbac.authorization.k8s.io/v1",
    "kind":"ClusterRoleBinding","metadata":{"name":"list-only"},"subjects":[{"kind":"User","name":"lister","apiGroup":"rbac.authorization.k8s.io"}],
    "roleRef":{"apiGroup":"rbac.authorization.k8s.io","kind":"ClusterRole","name":"list-only"}}'
}

case $command in
up)
  [ -x "$cache/kube-apiserver" ] || die "no $cache/kube-apiserver: run 'make kube-apiserver' first"
  command -v etcd >/dev/null || die "no etcd: apt-get install etcd-server"
  mkdir -p "$directory"; cd "$directory"; directory=.
  make_credentials
  free_port >etcd.port; peer=$(free_port); port=$(free_port); echo "$port" >apiserver.port
  # Without fsync, because the data may be lost when the machine fails.
  detach etcd --data-dir=etcd --unsafe-no-fsync --listen-client-urls="http://127.0.0.1:$(cat etcd.port)" \
    --advertise-client-urls="http://127.0.0.1:$(cat etcd.port)" --listen-peer-urls="http://127.0.0.1:$peer" \
    --initial-advertise-peer-urls="http://127.0.0.1:$peer" --initial-cluster="default=http://127.0.0.1:$peer" \
    >etcd.log 2>&1 </dev/null &
  echo $! >etcd.pid
  kubeconfig admin "token: admin-token"
  kubeconfig lister "token: lister-token"
  kubeconfig nobody "token: nobody-token"
  kubeconfig certificate "client-certificate-data: $(base64 -w0 admin.crt), client-key-data: $(base64 -w0 admin.key)"
  if [ -n "${OWNER:-}" ]; then
    here=$(pwd)
    self=$(cd "$OLDPWD" && readlink -f "$0")
    # shellcheck disable=SC2016 # expanded by the shell that is started
    detach sh -c 'while kill -0 "$1" 2>/dev/null; do sleep 1; done; "$2" down "$3"' guard "$OWNER" "$self" "$here" \
      >/dev/null 2>&1 </dev/null &
  fi
  start_server "$@"
  grant_list
  ;;
start) cd "$directory"; directory=.; port=$(cat apiserver.port); start_server "$@" ;;
stop) end apiserver TERM ;;
kill) end apiserver KILL ;;
down) end apiserver KILL; end etcd KILL ;;
*) die "unknown command $command" ;;
esac
