#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# run.sh: builds celbench, and compares it with what is installed of PyPI's cel-expr-python and common-expression-language.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
scratch="$here/../../.build-benchmarks"
BENCHMARKS=1 swift build -c release --package-path "$here/../.." --scratch-path "$scratch" --product celbench
exec python3 "$here/compare.py" "$scratch/release/celbench"
