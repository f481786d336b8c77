#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Puts activities, one JSON object a line, into JetStream under subjects that say whose they are and what they are about:
#   activities.sh | wfilter --emit object 'kind == "Activity"' | activity-publish.sh
# The stream has to capture activities.>; publishing a line twice within its window for duplicates stores it once.
set -euo pipefail
exec natswatch publish --id metadata.uid \
  'activities.{spec.tenant.type}.{spec.tenant.name}.{spec.resource.apiGroup}.{spec.changeSource}.{spec.resource.kind}.{metadata.namespace}.{metadata.name}' "$@"
