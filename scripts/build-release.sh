#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# build-release.sh [--small] TOOL…: builds release binaries in .build/release. They contain no paths of this folder, link the
# libraries that scripts/static-libraries.sh finds statically, and need no Swift runtime and no RPATH. See docs/BUILDING.md.
#
# With a static runtime, Swift asks the linker to export all public functions: 3 MB of wfanout. --no-export-dynamic removes them.
#
# --small is for packages: it builds in .build/small/release without FoundationEssentials, which makes a binary 6 MB smaller. A tool
# that uses Foundation itself is the same in both.
set -eu
cd "$(dirname "$0")/.."
swift=${SWIFT:-swift}
small=no
[ "${1:-}" != --small ] || { small=yes; shift; }
static=.build/static
scripts/static-libraries.sh $static
here=$(pwd)

build() { # build TOOL OPTION…
  tool=$1
  shift
  "$swift" build -c release --static-swift-stdlib --disable-local-rpath --product "$tool" -Xswiftc -gnone -Xswiftc -use-ld=lld \
    -Xlinker -L"$here/$static" -Xlinker -z -Xlinker pack-relative-relocs -Xlinker -z -Xlinker now \
    -Xlinker --no-export-dynamic \
    -Xcc -ffile-prefix-map="$here/=" -Xcc -ffunction-sections -Xcc -fdata-sections \
    -Xcxx -ffile-prefix-map="$here/=" -Xcxx -ffunction-sections -Xcxx -fdata-sections "$@"
}

for tool; do
  if [ $small = no ]; then
    build "$tool"
  elif grep -rqs 'import Foundation' "Sources/$tool"; then
    build "$tool"
    mkdir -p .build/small/release
    cp ".build/release/$tool" ".build/small/release/$tool"
  else
    build "$tool" --scratch-path .build/small -Xswiftc -I"$here/$static/slim"
  fi
done
