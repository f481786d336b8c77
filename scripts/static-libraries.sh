#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# static-libraries.sh FOLDER: fills FOLDER with the libraries that a release build uses instead of the system's:
# - links to the static form of each library that Debian has in this form; the other libraries stay shared;
# - in slim/, the replacement of FoundationEssentials (dist/slim), which makes a binary 6 MB smaller.
set -eu
folder=${1:?usage: static-libraries.sh FOLDER}
cd "$(dirname "$0")/.."
mkdir -p "$folder/slim"

system=$(dirname "$(cc -print-file-name=libc.so.6)")
for name in re2 yaml z; do
  for archive in "$system/lib$name.a" "/usr/lib/$(cc -dumpmachine)/lib$name.a"; do
    [ -f "$archive" ] || continue
    ln -sfn "$archive" "$folder/lib$name.a"
    break
  done
done

source=dist/slim/FoundationEssentials.swift
if [ -z "$(find "$folder/libSlimFoundation.a" -newer $source 2>/dev/null)" ]; then
  # Linked by another name, because the toolchain's library of the module's name would be found first.
  "${SWIFTC:-swiftc}" -O -wmo -parse-as-library -module-name FoundationEssentials -module-link-name SlimFoundation \
    -emit-module-path "$folder/slim/FoundationEssentials.swiftmodule" -emit-library -static -o "$folder/libSlimFoundation.a" \
    $source
fi
