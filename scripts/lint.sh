#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Checks the format of the Swift, C and C++ code, the markup of the man pages, and the shell scripts; prints what is wrong and ends
# with 1.
set -eu
swift format lint -r -s -p Sources Tests Fuzz Benchmarks Package.swift
# The pages refer to each other and to other manuals, which mandoc looks for among those that are installed.
findings=$(mandoc -T lint -W all man/* 2>&1 | grep -vE 'referenced manual not found|outdated mandoc.db' || true)
[ -z "$findings" ] || { echo "$findings" >&2; exit 1; }
git ls-files -z '*.sh' .ci/run dist/libexec | xargs -0 shellcheck -x
git ls-files -z '*.c' '*.cpp' '*.h' | xargs -0 clang-format --dry-run --Werror
