#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Publishes sample activities and events of one project under the subjects of a multi-tenant service, then prints what the
# people of that project did, one line each: tenants.sh [PROJECT] [COUNT]. NATS_URL names the server.
#
#   activities.<tenant type>.<tenant>.<API group>.<source>.<kind>.<namespace>.<name>
#   events.<tenant type>.<tenant>.<namespace>.<kind>.<name>
set -euo pipefail
project=${1:-acme} count=${2:-200} here=$(dirname "$0")
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
echo '{"name":"EVENTS","subjects":["events.>"]}' >"$folder/events.json"
"$here/../activities.sh" 1000 "$count" "$project" >"$folder/lines"

wfilter --emit object 'kind == "Activity"' "$folder/lines" |
  "$here/publish.sh" --create-stream "$here/stream.json"
wfilter --emit object 'kind == "Event"' "$folder/lines" |
  natswatch publish --id metadata.uid --create-stream "$folder/events.json" \
    "events.project.$project.{metadata.namespace}.{involvedObject.kind}.{metadata.name}"

natswatch tail --all --until-now --set tenant="$project" --set source=human \
  --subject-template 'activities.{tenant_type}.{tenant}.{api_group}.{source}.{kind}.{namespace}.{name}'
