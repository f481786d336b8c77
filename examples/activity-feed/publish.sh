#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Publishes activities, one JSON object a line, to JetStream. The subject names the tenant and the object:
#   ../activities.sh | wfilter --emit object 'kind == "Activity"' | publish.sh --create-stream stream.json
# A stream must capture activities.>; --create-stream makes one. A line that is published twice within the stream's duplicate
# window is stored once.
set -euo pipefail
exec natswatch publish --id metadata.uid \
  'activities.{spec.tenant.type}.{spec.tenant.name}.{spec.resource.apiGroup}.{spec.changeSource}.{spec.resource.kind}.{metadata.namespace}.{metadata.name}' "$@"
