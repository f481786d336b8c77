#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Which controllers there are, by their last heartbeats:
#   controllers.sh [ADDRESS]
#   curl http://ADDRESS/api/v1/controllers          all
#   curl http://ADDRESS/api/v1/controllers/ID       one
#   curl -N "http://ADDRESS/events?snapshot=1"      all, and then each change
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
natswatch tail streamspace.controller.heartbeat --since 90s |
  wfanout --listen "${1:-:8080}" --config "$here/controllers.yaml"
