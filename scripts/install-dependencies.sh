#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# install-dependencies.sh [--check] STEP…: finds the missing Debian packages for the steps `build`, `test` and `package`.
# Root installs them. For other users, and with --check, it prints their names and exits with 69.
set -eu

build="pkg-config g++ libcurl4-openssl-dev libyaml-dev libnats-dev libsimdjson-dev libre2-dev libssl-dev zlib1g-dev"
demo="nats-server curl"
test="chromium slowhttptest mandoc redis-server redis-tools etcd-server openssl python3 python3-kubernetes python3-venv jq procps time
  zsh fish shellcheck clang-format systemd"
package="lintian debootstrap dpkg-dev systemd-container patchelf"

install=yes
[ "${1:-}" != --check ] || { install=no; shift; }
wanted=
for step; do
  case $step in
  build) wanted="$wanted $build" ;;
  demo) wanted="$wanted $demo" ;;
  test) wanted="$wanted $demo $test" ;;
  package) wanted="$wanted $package" ;;
  *) echo "install-dependencies: unknown step '$step': build, demo, test, package" >&2; exit 64 ;;
  esac
done

missing=
command -v dpkg-query >/dev/null || { echo "install-dependencies: not Debian; the packages would be: $wanted" >&2; exit 0; }
for name in $wanted; do
  dpkg-query -W -f '${Status}' "$name" 2>/dev/null | grep -q 'ok installed' || missing="$missing $name"
done
[ -n "$missing" ] || exit 0

if [ $install = no ] || [ "$(id -u)" != 0 ]; then
  echo "install-dependencies: please install first: sudo apt-get install$missing" >&2
  exit 69
fi
echo "install-dependencies: installing$missing" >&2
export DEBIAN_FRONTEND=noninteractive
# The services of the packages must not start, because the tests and the demo start servers on free ports.
policy=/usr/sbin/policy-rc.d
if [ ! -e $policy ]; then
  printf '#!/bin/sh\nexit 101\n' >$policy
  chmod +x $policy
  trap 'rm -f $policy' EXIT
fi
apt-get update -qq
# shellcheck disable=SC2086 # a list of words
apt-get install -y -qq --no-install-recommends $missing >/dev/null
