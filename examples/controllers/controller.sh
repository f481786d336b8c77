#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# A controller of one platform: runs a command for each message that is meant for its platform.
#   controller.sh PLATFORM COMMAND [ARGUMENT…]
# A message is meant for a platform if its subject ends with it (streamspace.session.create.kubernetes), or if it is a
# broadcast (streamspace.session.create) whose "platform" names it. A message that is published both ways is handled once.
# COMMAND gets the message on standard input and the subject in NATSWATCH_SUBJECT. Each line that it prints is published as a
# status. Controllers of one platform share the work; CONTROLLER_ID names this one. It publishes a heartbeat every
# HEARTBEAT_INTERVAL (run.sh shows them), and pauses after STREAMSPACE_BREAKER failures in a row (5). A message that fails
# goes to the dead letters: after 10 more tries, or the number in STREAMSPACE_RETRIES.
# STREAMSPACE_BROADCASTS=no leaves broadcasts out, for a work queue stream, which gives each message to one consumer.
# STREAMSPACE_JOURNAL names a file for an audit log, STREAMSPACE_METRICS an address for Prometheus.
set -euo pipefail
platform=${1:?a platform: kubernetes, docker, …}
shift
: "${1:?a command that handles a message}"
[[ $platform =~ ^[A-Za-z0-9_-]+$ ]] || { echo "controller.sh: '$platform' is not a platform's name" >&2; exit 64; }
export CONTROLLER_PLATFORM=$platform
if [ "${STREAMSPACE_BROADCASTS:-yes}" = no ]; then
  subject="streamspace.*.*.$platform" filter=true letters='streamspace.dlq.{subject}'
else
  commands='create|delete|hibernate|wake|install|uninstall|cordon|drain'
  subject='streamspace.>' filter="source.subject.matches('^streamspace[.][^.]+[.][^.]+[.]$platform\$') ||
    source.subject.matches('^streamspace[.][^.]+[.]($commands)\$') && has(object.platform) && platform == '$platform'"
  # The subject of its own messages covers streamspace.dlq.>, so the letters need another first word.
  letters='dlq.{subject}'
fi
exec natswatch work "$subject" --filter "$filter" --durable "controllers-$platform" --dedupe event_id \
  --retries "${STREAMSPACE_RETRIES:-10}" --retry-initial "${STREAMSPACE_RETRY_INITIAL:-1s}" --retry-max 5m \
  --breaker "${STREAMSPACE_BREAKER:-5}" --dlq "$letters" ${STREAMSPACE_JOURNAL:+--journal "$STREAMSPACE_JOURNAL"} \
  ${STREAMSPACE_METRICS:+--metrics "$STREAMSPACE_METRICS" --metrics-prefix streamspace_} \
  --heartbeat streamspace.controller.heartbeat --reply streamspace.session.status -- "$@"
