#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Builds a real kube-apiserver for the tests from Debian's source package `kubernetes` (1.20 in Debian 12), and keeps it
# in a cache outside the checkout:
#
#   ${WATCHUTILS_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/watchutils}/kube-apiserver
#
# Does nothing if that file exists. It needs a `deb` line for Debian in the machine's apt configuration, from which it
# derives the deb-src line, and about 7 minutes of CPU time (3 minutes on two CPUs). Root installs missing packages with
# apt-get; other users get their names.
set -eu

say() { printf 'build-kube-apiserver: %s\n' "$*" >&2; }
die() { say "$*"; exit 1; }

cache=${WATCHUTILS_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/watchutils}
binary=$cache/kube-apiserver
if [ -x "$binary" ]; then
  say "$binary is there already"
  exit 0
fi
mkdir -p "$cache"

# A second run at the same time would build in the same tree. It waits, and then finds the binary.
exec 9>"$cache/kube-apiserver.lock"
flock 9
[ ! -x "$binary" ] || exit 0

go=/usr/lib/go-1.19/bin/go
reflect2=/usr/share/gocode/src/github.com/modern-go/reflect2
missing=
[ -x "$go" ] || missing="$missing golang-1.19-go"
[ -d "$reflect2" ] || missing="$missing golang-github-modern-go-reflect2-dev"
command -v dpkg-source >/dev/null || missing="$missing dpkg-dev"
command -v etcd >/dev/null || missing="$missing etcd-server"
command -v openssl >/dev/null || missing="$missing openssl"
if [ -n "$missing" ]; then
  [ "$(id -u)" = 0 ] || die "please install:$missing"
  say "installing:$missing"
  apt-get update -q >&2
  # shellcheck disable=SC2086 # a list of package names
  DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends $missing >&2
fi

work=$(mktemp -d "$cache/build.XXXXXX")
# Go makes its module cache read-only, so it must be writable again before the tree can be removed.
trap 'chmod -R u+w "$work" 2>/dev/null || :; rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM

# 1. The source. apt needs deb-src entries. They are made from the machine's `deb` entries and kept in a separate folder,
#    so that the machine's configuration does not change.
codename=$(. /etc/os-release && printf %s "$VERSION_CODENAME")
mkdir -p "$work/sources" "$work/lists/partial" "$work/archives/partial"
for file in /etc/apt/sources.list /etc/apt/sources.list.d/*.list; do
  [ -f "$file" ] || continue
  awk -v name="$codename" '
    $1 == "deb" { for (i = 2; i <= NF; i++) if ($i == name || index($i, name "-") == 1) { sub(/^deb/, "deb-src"); print; break } }
  ' "$file" >>"$work/sources/lines.list"
done
for file in /etc/apt/sources.list.d/*.sources; do
  [ -f "$file" ] || continue
  awk -v RS= -v name="$codename" '
    match($0, /(^|\n)Suites:[^\n]*/) && index(" " substr($0, RSTART, RLENGTH) " ", " " name) {
      sub(/(^|\n)Types:[^\n]*/, "\nTypes: deb-src"); print; print "" }
  ' "$file" | grep -v '^#' >>"$work/sources/stanzas.sources" || :
done
apt_source() {
  apt-get -q -o Dir::Etc::SourceList=/dev/null -o Dir::Etc::SourceParts="$work/sources" \
    -o Dir::State::Lists="$work/lists" -o Dir::Cache::srcpkgcache= -o Dir::Cache::pkgcache= \
    -o APT::Sandbox::User=root "$@" >&2
}
say "fetching Debian's source package kubernetes"
apt_source update
(cd "$work" && apt_source source kubernetes) || die "no source package: is there a Debian 'deb' line in /etc/apt?"
source=$(find "$work" -maxdepth 1 -type d -name 'kubernetes-*' | head -n 1)
[ -n "$source" ] || die "apt-get source left no folder kubernetes-*"
# Debian's "1.20.5+really1.20.2" is 1.20.2.
version=$(basename "$source" | sed 's/^kubernetes-//; s/.*+really//; s/[^0-9.].*//')

# 2. GOPATH mode, which the source needs.
export GOPATH="$work/gopath" GOCACHE="$work/gocache" GO111MODULE=off CGO_ENABLED=0 GOFLAGS=-p=2
root=$GOPATH/src/k8s.io/kubernetes
mkdir -p "$GOPATH/src/k8s.io"
mv "$source" "$root"
cd "$root"
# With Go 1.18 and later, the vendored reflect2 panics when a CRD is created.
rm -rf vendor/github.com/modern-go/reflect2
cp -RL "$reflect2" vendor/github.com/modern-go/reflect2

# 3. pkg/generated/openapi is not in the tarball, because it is generated.
say "generating openapi"
"$go" build -o "$work/openapi-gen" ./vendor/k8s.io/kube-openapi/cmd/openapi-gen
packages=$(grep -rl --include='*.go' '+k8s:openapi-gen=' pkg staging/src |
  xargs -n 1 dirname | sort -u | sed 's|^staging/src/|vendor/|; s|^|k8s.io/kubernetes/|' | paste -sd, -)
: >"$work/header.txt"
"$work/openapi-gen" -O zz_generated.openapi -h "$work/header.txt" -i "$packages" \
  -p k8s.io/kubernetes/pkg/generated/openapi -r "$work/violations.txt" --output-base "$GOPATH/src" >"$work/openapi.log" 2>&1 ||
  { cat "$work/openapi.log" >&2; die "openapi-gen failed"; }

# 4. The server.
say "building kube-apiserver $version (some minutes)"
stamp=
for package in k8s.io/kubernetes/vendor/k8s.io/component-base/version \
  k8s.io/kubernetes/vendor/k8s.io/client-go/pkg/version; do
  stamp="$stamp -X $package.gitVersion=v$version -X $package.gitMajor=${version%%.*}"
  stamp="$stamp -X $package.gitMinor=$(printf %s "$version" | cut -d. -f2) -X $package.gitTreeState=clean"
done
"$go" build -ldflags "-s -w $stamp" -o "$work/kube-apiserver" ./cmd/kube-apiserver
"$work/kube-apiserver" --version >&2
mv "$work/kube-apiserver" "$binary"
say "built $binary"
