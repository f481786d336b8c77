#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# The API's view of the controllers, from their last heartbeats:
#   run.sh [ADDRESS]                                NATS_URL names the server
#   curl http://ADDRESS/api/v1/controllers          all
#   curl http://ADDRESS/api/v1/controllers/ID       one
#   curl -N "http://ADDRESS/events?snapshot=1"      all, then each change
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
natswatch tail streamspace.controller.heartbeat --since 90s |
  wfanout --listen "${1:-:8080}" --config "$here/wfanout.yaml"
