#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Activities that a JetStream keeps, live: as a Kubernetes watch, as server-sent events, as NDJSON, each with filters.
#   activity-watch.sh [ADDRESS] [natswatch's flags and subjects…]       NATS_URL says where the stream is
# Whoever reads resumes after a resourceVersion, which is the stream's own sequence:
#   curl -N "http://ADDRESS/apis/activity.example.com/v1alpha1/activities?watch=true&resourceVersion=17"
#   curl -N -G http://ADDRESS/events --data-urlencode 'filter=spec.changeSource == "human"'
# The subject says whose an activity is, so that a tenant's watch is spared all others: 'activities.project.acme.>'.
# activity-publish.sh puts them there.
set -euo pipefail
address=${1:-:8080}
shift $(($# < 1 ? $# : 1))

natswatch tail "${@:-activities.>}" | wfanout --listen "$address"
