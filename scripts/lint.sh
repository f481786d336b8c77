#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Checks the format of the Swift, C and C++ code, the markup of the man pages, and the shell scripts. Prints all findings, and
# exits with 1 if there are any.
set -eu
swift format lint -r -s -p Sources Tests Fuzz Benchmarks Package.swift
# mandoc looks for the manuals that the pages refer to among the installed ones, and reports them as missing.
findings=$(mandoc -T lint -W all man/* 2>&1 | grep -vE 'referenced manual not found|outdated mandoc.db' || true)
[ -z "$findings" ] || { echo "$findings" >&2; exit 1; }
git ls-files -z '*.sh' .ci/run dist/libexec | xargs -0 shellcheck -x
git ls-files -z '*.c' '*.cpp' '*.h' | xargs -0 clang-format --dry-run --Werror
