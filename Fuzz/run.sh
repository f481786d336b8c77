#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Fuzz/run.sh TARGET [libFuzzer options]: builds a fuzz target and runs it, for 60 seconds unless told otherwise.
# What it finds interesting is kept in Fuzz/.corpus-TARGET, what crashes in the current folder.
set -eu
target=$1
shift
cd "$(dirname "$0")"
# Coverage of the library itself, not of the harness alone.
# gold, the default linker, cannot link the instrumented code.
swift build -c release --product "$target" -Xswiftc -sanitize=fuzzer -Xswiftc -use-ld=lld
mkdir -p ".corpus-$target"
set -- -max_total_time=60 -timeout=10 -rss_limit_mb=1024 "$@"
[ "${target#CELSource}" = "$target" ] || set -- -dict=cel.dict "$@"
exec ".build/release/$target" "$@" ".corpus-$target"
