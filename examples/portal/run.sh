#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# The watch API behind a web portal: a browser tab opens one event stream and subscribes to each resource that it shows.
#   run.sh TOKENS [ADDRESS] [PAGE-PORT]
# TOKENS is a file with a line for each user: token and name. KUBECONFIG names the cluster. With PAGE-PORT a small page is
# served at http://localhost:PAGE-PORT; it needs python3.
# The first subscription to a resource starts a kwatch, which all tabs of the same user share. The kwatch ends 10 s after the
# last tab has unsubscribed.
#   curl -N -H "Authorization: Bearer $token" "http://ADDRESS/api/watch/stream?cid=tab-1"
#   curl -H "Authorization: Bearer $token" -H 'Content-Type: application/json' http://ADDRESS/api/watch/subscribe \
#     -d '{"clientId":"tab-1","resourceType":"apis/dns.networking.miloapis.com/v1alpha1/dnszones","namespace":"default"}'
# "name" watches one object. Without "namespace" all namespaces are watched. "projectId", "orgId" and "userScoped":true
# select the control plane of a project, of an organization, or of the user. Statistics are on ADMIN, if that is set.
set -euo pipefail
tokens=${1:?a file with tokens} address=${2:-:8080} port=${3:-}
page=()
if [ -n "$port" ]; then
  folder=$(cd "$(dirname "$0")/page" && pwd)
  setpriv --pdeathsig TERM python3 -m http.server --bind 127.0.0.1 --directory "$folder" "$port" >/dev/null 2>&1 &
  page=(--cors "http://localhost:$port" --cors "http://127.0.0.1:$port")
  echo "portal: the page is http://localhost:$port" >&2
fi
planes=/apis/resourcemanager.miloapis.com/v1alpha1 users=/apis/iam.miloapis.com/v1alpha1/users
exec wfanout --listen "$address" ${ADMIN:+--admin "$ADMIN"} "${page[@]}" --auth-tokens "$tokens" --upstream "kwatch
  [{resourceType}/{name}|{resourceType}] [-n {namespace}|-A] [-l {labelSelector}] [--field-selector {fieldSelector}]
  [--path-prefix $planes/projects/{projectId}/control-plane|--path-prefix $planes/organizations/{orgId}/control-plane|--path-prefix $users/{userScoped}/control-plane]
  --prune managedFields --status inline"
