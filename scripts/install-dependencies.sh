#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Installs what is missing of the Debian packages that a step needs: `build`, `demo`, `test`, several at once.
# As root it installs; as another user it says what to install and ends with 69.
set -eu

build="pkg-config g++ libcurl4-openssl-dev libyaml-dev libnats-dev libsimdjson-dev libre2-dev libssl-dev zlib1g-dev nats-server curl"
test="chromium slowhttptest mandoc redis-server redis-tools etcd-server openssl python3 python3-venv jq procps time"

wanted=
for step; do
  case $step in
  build) wanted="$wanted $build" ;;
  test) wanted="$wanted $test" ;;
  *) echo "install-dependencies: unknown step '$step': build, test" >&2; exit 64 ;;
  esac
done

missing=
for package in $wanted; do
  dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing="$missing $package"
done
[ -n "$missing" ] || exit 0

if [ "$(id -u)" != 0 ]; then
  echo "install-dependencies: please install first: sudo apt-get install$missing" >&2
  exit 69
fi
echo "install-dependencies: installing$missing" >&2
export DEBIAN_FRONTEND=noninteractive
# The packages' own services must not start: the tests and the demo run servers of their own on free ports.
policy=/usr/sbin/policy-rc.d
if [ ! -e $policy ]; then
  printf '#!/bin/sh\nexit 101\n' >$policy
  chmod +x $policy
  trap 'rm -f $policy' EXIT
fi
apt-get update -qq
# shellcheck disable=SC2086 # a list of words
apt-get install -y -qq --no-install-recommends $missing >/dev/null
