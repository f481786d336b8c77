#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# A controller of one platform: has each message that is meant for its platform handled by a command.
#   controller.sh PLATFORM COMMAND [ARGUMENT…]
# A message is meant for a platform if its subject ends with it (streamspace.session.create.kubernetes), or if it is a
# broadcast command (streamspace.session.create) whose "platform" says so. A message on both is handled once.
# COMMAND finds the message on its standard input and its subject in NATSWATCH_SUBJECT; each line that it prints is
# published as a status. Controllers of one platform share the work; CONTROLLER_ID names this one. Every
# HEARTBEAT_INTERVAL it publishes a heartbeat, which controllers.sh shows. What cannot be handled goes to dlq.>.
# STREAMSPACE_BROADCASTS=no leaves broadcasts out, for a work queue stream, in which each message is for one controller.
set -euo pipefail
platform=${1:?a platform: kubernetes, docker, …}
shift
: "${1:?a command that handles a message}"
[[ $platform =~ ^[A-Za-z0-9_-]+$ ]] || { echo "controller.sh: '$platform' is not a platform's name" >&2; exit 64; }
export CONTROLLER_PLATFORM=$platform
if [ "${STREAMSPACE_BROADCASTS:-yes}" = no ]; then
  subject="streamspace.*.*.$platform" filter=true
else
  commands='create|delete|hibernate|wake|install|uninstall|cordon|drain'
  subject='streamspace.>' filter="source.subject.matches('^streamspace[.][^.]+[.][^.]+[.]$platform\$') ||
    source.subject.matches('^streamspace[.][^.]+[.]($commands)\$') && has(object.platform) && platform == '$platform'"
fi
exec natswatch work "$subject" --filter "$filter" --durable "controllers-$platform" --dedupe event_id \
  --heartbeat streamspace.controller.heartbeat --reply streamspace.session.status -- "$@"
