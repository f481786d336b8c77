#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Copies a stream from one NATS server to another: payloads, subjects, headers and message ids.
#   mirror.sh FROM TO STATE SUBJECT… [FLAG…]
# FROM and TO are addresses such as nats://a:4222. A stream on TO must capture the subjects. FLAGs are flags of
# natswatch tail, such as --until-now.
#
# It can be stopped and started again at any time. The file STATE has the sequence of the last message that TO has stored
# without a gap before it. After a restart some messages are sent again. TO recognizes them by their ids, within the
# duplicate window of its stream (2 minutes by default). A message without an id gets one from its stream and sequence.
set -euo pipefail
from=${1:?the server to copy from}
to=${2:?the server to copy to}
state=${3:?a file for the position}
shift 3
: "${1:?a subject}"
# tail has its own state file, which can be ahead of the messages that TO has stored.
rm -f "$state.read"
[ ! -e "$state" ] || cp "$state" "$state.read"
natswatch tail -s "$from" "$@" --all --state "$state.read" |
  natswatch publish -s "$to" '{source.subject>}' --unwrap --state "$state"
