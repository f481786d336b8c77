#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# check-tutorial.sh ROOT: runs each command of README.md and docs/TUTORIAL.md in ROOT, a clean Debian in which the package is
# installed, and compares the output with the document. The user is new, not root, and has the default PATH; there is no Swift
# and no checkout. The documents and the sample data are those of the package.
set -euo pipefail
root=$(readlink -f "${1:?usage: check-tutorial.sh ROOT}")
cd "$(dirname "$0")/.."
in_root() {
  chroot "$root" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive "$@"
}
# The programs that the documents require. python3 is only for the script that runs the commands.
in_root apt-get install -qq -y --no-install-recommends nats-server curl python3 >/dev/null 2>&1
in_root useradd -m -s /bin/bash newcomer
# The documents ask for a checkout of this repository. The package has the same folders.
in_root su - newcomer -c 'cp -r /usr/share/doc/watchutils watchutils && mkdir watchutils/scripts'
install -m 755 scripts/run-document.py "$root/home/newcomer/watchutils/scripts/"
for document in README.md docs/TUTORIAL.md; do
  in_root su - newcomer -c "cd watchutils && python3 scripts/run-document.py $document" ||
    { echo "check-tutorial: a new user cannot follow $document" >&2; exit 1; }
done
