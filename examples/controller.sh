#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# A controller of one platform: has each message that is meant for its platform handled by a command.
#   controller.sh PLATFORM COMMAND [ARGUMENT…]
# COMMAND finds the message on its standard input and its subject in NATSWATCH_SUBJECT; each line that it prints is
# published as a status. Controllers of one platform share the work; CONTROLLER_ID says which one this is. Every
# HEARTBEAT_INTERVAL it says that it is there, which controllers.sh shows. What cannot be handled goes to dlq.>.
set -euo pipefail
platform=${1:?a platform: kubernetes, docker, …}
shift
: "${1:?a command that handles a message}"
export CONTROLLER_PLATFORM=$platform
exec natswatch work "streamspace.*.*.$platform" --durable "controllers-$platform" --dedupe event_id \
  --heartbeat streamspace.controller.heartbeat --reply streamspace.session.status -- "$@"
