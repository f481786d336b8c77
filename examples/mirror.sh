#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Copies a stream from one NATS server to another: payloads, subjects, headers and message ids.
#   mirror.sh FROM TO STATE SUBJECT… [FLAG…]
# FROM and TO are addresses such as nats://a:4222. A stream on TO has to capture the subjects. FLAGs go to tail, such
# as --until-now. It can be stopped and started at any time: the file STATE holds the last message of FROM up to which
# TO has stored all, and messages that are sent again are recognized by their ids within the duplicate window of the
# stream on TO (2 minutes by default). A message without an id gets one from its stream and sequence.
set -euo pipefail
from=${1:?the server to copy from}
to=${2:?the server to copy to}
state=${3:?a file for the position}
shift 3
: "${1:?a subject}"
# tail keeps a file of its own, which runs ahead of what TO has stored.
rm -f "$state.read"
[ ! -e "$state" ] || cp "$state" "$state.read"
natswatch tail -s "$from" "$@" --all --state "$state.read" |
  natswatch publish -s "$to" '{source.subject>}' --unwrap --state "$state"
