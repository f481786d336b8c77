#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Reduces a busy stream, and hides its secrets. Prints the newest state of each object after 300 ms without a change, and at
# least every 2 s while it changes. Values of environment variables and Secrets are replaced.
#   kwatch pods -A | calm.sh | wfanout --listen :8080
set -eu
exec wfilter true --debounce 300ms --max-wait 2s \
  --redact 'object.spec.containers[*].env[*].value' --redact 'object.data.*' --redact 'object.stringData.*' \
  --redact 'metadata.annotations["kubectl.kubernetes.io/last-applied-configuration"]'
