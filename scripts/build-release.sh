#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# build-release.sh TOOL…: builds release binaries into .build/release. They are stripped of paths of this folder, link
# statically what scripts/static-libraries.sh finds, and need neither a Swift runtime nor an RPATH. See docs/BUILDING.md.
set -eu
cd "$(dirname "$0")/.."
swift=${SWIFT:-swift}
static=.build/static
scripts/static-libraries.sh $static
here=$(pwd)

build() { # build TOOL OPTION…
  tool=$1
  shift
  "$swift" build -c release --static-swift-stdlib --disable-local-rpath --product "$tool" -Xswiftc -gnone -Xswiftc -use-ld=lld \
    -Xlinker -L"$here/$static" -Xlinker -z -Xlinker pack-relative-relocs -Xlinker -z -Xlinker now \
    -Xcc -ffile-prefix-map="$here/=" -Xcc -ffunction-sections -Xcc -fdata-sections \
    -Xcxx -ffile-prefix-map="$here/=" -Xcxx -ffunction-sections -Xcxx -fdata-sections "$@"
}

for tool; do
  if grep -rqs 'import Foundation' "Sources/$tool"; then
    # A tool that uses Foundation itself cannot take the stand-in, and so is built apart.
    build "$tool" --scratch-path .build/foundation
    cp ".build/foundation/release/$tool" ".build/release/$tool"
  else
    build "$tool" -Xswiftc -I"$here/$static"
  fi
done
