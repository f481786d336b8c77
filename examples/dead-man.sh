#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Prints a line when one of many heartbeats stops, and when it returns:
#   natswatch 'app.heartbeat' | dead-man.sh object.controller_id [90s]
set -eu
key=${1:?a CEL expression that tells the senders apart} silence=${2:-90s}

# The STATUS lines go to descriptor 3, which is the original stdout; the heartbeats go to /dev/null.
exec 3>&1
exec wfilter --absent "$silence" --key "$key" --status fd:3 true >/dev/null
