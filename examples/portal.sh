#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# The watch API behind a web portal: a browser tab opens one event stream, and subscribes on it to whatever it shows.
#   portal.sh TOKENS [ADDRESS]         TOKENS: a file with a line for each user, token and name
# The first subscription to something starts a kwatch for it, which all tabs of the same user share; 10 s after the last
# tab has left, the kwatch is stopped. KUBECONFIG names the cluster.
#   curl -N -H "Authorization: Bearer $token" "http://ADDRESS/api/watch/stream?cid=tab-1"
#   curl -H "Authorization: Bearer $token" -H 'Content-Type: application/json' http://ADDRESS/api/watch/subscribe \
#     -d '{"clientId":"tab-1","resourceType":"apis/dns.networking.miloapis.com/v1alpha1/dnszones","namespace":"default"}'
# "name" watches one object. Without "namespace" all namespaces are watched. "projectId", "orgId" and "userScoped":true
# select the control plane of a project, of an organization, or of the user.
set -euo pipefail
tokens=${1:?a file with tokens} address=${2:-:8080}
planes=/apis/resourcemanager.miloapis.com/v1alpha1 users=/apis/iam.miloapis.com/v1alpha1/users
exec wfanout --listen "$address" --auth-tokens "$tokens" --upstream "kwatch
  [{resourceType}/{name}|{resourceType}] [-n {namespace}|-A] [-l {labelSelector}] [--field-selector {fieldSelector}]
  [--path-prefix $planes/projects/{projectId}/control-plane|--path-prefix $planes/organizations/{orgId}/control-plane|--path-prefix $users/{userScoped}/control-plane]
  --prune managedFields --status inline"
