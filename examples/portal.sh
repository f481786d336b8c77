#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# The watch API behind a web portal: a browser tab has one event stream, and subscribes on it to whatever it shows.
#   portal.sh TOKENS [ADDRESS]         TOKENS: a line for each user, token and name
# The first who looks at something starts a kwatch for it, which all that are the same user share; 10 s after the last
# has left it is stopped. KUBECONFIG says which cluster.
#   curl -N -H "Authorization: Bearer $token" "http://ADDRESS/api/watch/stream?cid=tab-1"
#   curl -H "Authorization: Bearer $token" http://ADDRESS/api/watch/subscribe \
#     -d '{"clientId":"tab-1","resourceType":"apis/dns.networking.miloapis.com/v1alpha1/dnszones","namespace":"default"}'
set -euo pipefail
tokens=${1:?a file with tokens} address=${2:-:8080}
exec wfanout --listen "$address" --auth-tokens "$tokens" --upstream \
  'kwatch {resourceType} [-n {namespace}] [-l {labelSelector}] [--field-selector {fieldSelector}] --prune managedFields --status inline'
