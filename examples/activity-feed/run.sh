#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Serves the activities of a JetStream stream live: as a Kubernetes watch, as server-sent events and as NDJSON.
#   run.sh [ADDRESS] [SUBJECT...] [flag of natswatch...]       NATS_URL names the server
# A client resumes after any resourceVersion that the stream still has, which is the stream's own sequence. An older one
# gets 410, and the client lists again:
#   curl -N "http://ADDRESS/apis/activity.example.com/v1alpha1/activities?watch=true&resourceVersion=17"
#   curl "http://ADDRESS/apis/activity.example.com/v1alpha1/activities"
#   curl -N -G http://ADDRESS/events --data-urlencode 'filter=spec.changeSource == "human"'
# The subject names the tenant, so that one tenant's feed never reads another's activities: 'activities.project.acme.>'.
# publish.sh publishes activities.
set -euo pipefail
address=:8080 subjects=() start=() flags=()
if (($#)); then
  address=$1
  shift
fi
while (($#)) && [[ $1 != -* ]]; do
  subjects+=("$1")
  shift
done
((${#subjects[@]})) || subjects=('activities.>')
while (($#)); do
  case $1 in
  --all | --last | --last-per-subject) start+=("$1") ;;
  --since | --since-seq)
    start+=("$1" "${2:?$1 without a value}")
    shift
    ;;
  *) flags+=("$1") ;;
  esac
  shift
done

# A client that resumes before the oldest event in wfanout's memory gets the events between from the stream.
words=$(printf " '%s'" tail "${subjects[@]}" ${flags[@]+"${flags[@]}"})
natswatch tail "${subjects[@]}" ${start[@]+"${start[@]}"} ${flags[@]+"${flags[@]}"} |
  wfanout --listen "$address" --snapshot --config /dev/fd/3 3<<<"catch-up: natswatch$words --since-seq {resourceVersion} --until-now" &
# A signal ends natswatch. wfanout then disconnects its clients and ends, too.
trap 'kill "$(jobs -p)"' TERM INT
status=0
wait $! || status=$?
wait $! || status=$? # the signal interrupted the first wait
exit $status
