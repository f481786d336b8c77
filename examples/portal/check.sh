#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Checks the portal's watch API against a real kube-apiserver, with the six kinds of resources that the portal shows.
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=examples/check.bash
. "$here/../check.bash"
start_cluster

# The portal's resources: secrets are the cluster's own, the others get definitions.
resources=(apis/dns.networking.miloapis.com/v1alpha1/dnszones/DNSZone apis/dns.networking.miloapis.com/v1alpha1/dnsrecordsets/DNSRecordSet
  apis/networking.datumapis.com/v1alpha/domains/Domain apis/networking.datumapis.com/v1alpha/httpproxies/HTTPProxy
  apis/telemetry.miloapis.com/v1alpha1/exportpolicies/ExportPolicy)
for resource in "${resources[@]}"; do
  IFS=/ read -r _ group version plural kind <<<"$resource"
  jq -n --arg group "$group" --arg version "$version" --arg plural "$plural" --arg kind "$kind" '{
    apiVersion: "apiextensions.k8s.io/v1", kind: "CustomResourceDefinition", metadata: {name: "\($plural).\($group)"},
    spec: {group: $group, scope: "Namespaced", names: {plural: $plural, singular: ($kind | ascii_downcase), kind: $kind},
      versions: [{name: $version, served: true, storage: true,
        schema: {openAPIV3Schema: {type: "object", "x-kubernetes-preserve-unknown-fields": true}}}]}}'
done | kubectl apply -f - >/dev/null
object() { # object RESOURCE NAME [FIELDS]
  local group version kind
  IFS=/ read -r _ group version _ kind <<<"$1"
  jq -n --arg api "$group/$version" --arg kind "$kind" --arg name "$2" --argjson more "${3:-{\}}" \
    '{apiVersion: $api, kind: $kind, metadata: {name: $name, namespace: "default"}} + $more'
}
apply() { object "$@" | kubectl apply -f - >/dev/null; }
zones=${resources[0]}
within 30 apply "$zones" z1
apply "$zones" z2

printf 'secret-a alice\nsecret-b bob\n' >"$folder/tokens"
ADMIN=127.0.0.1:0 start portal "$here/run.sh" "$folder/tokens" 127.0.0.1:0
portal=$(address_of portal)
admin=$(grep -o 'http://[0-9.:]*' "$folder/portal.err" | sed -n 2p)
[ "$admin" != "$portal" ] || admin=$(grep -o 'http://[0-9.:]*' "$folder/portal.err" | sed -n 1p)
stats="$admin/api/watch/stats"

stream() { start "$1" curl -sSN -H "Authorization: Bearer $2" "$portal/api/watch/stream?cid=$1"; }
post() { # post TOKEN PATH JSON: the status, and the body in $folder/body
  curl -sS -m 10 -o "$folder/body" -w '%{http_code}' -H "Authorization: Bearer $1" -H 'Content-Type: application/json' \
    "$portal/api/watch/$2" -d "$3"
}
answers() { [ "$(post "${@:2}")" = "$1" ]; }
fields() { jq -nc --arg id "$1" --arg type "${2%/*}" --argjson more "${3:-{\}}" '{clientId: $id, resourceType: $type, namespace: "default"} + $more'; }
# event TAB NAME FILTER: whether the tab's stream has an event NAME whose data satisfies FILTER.
event() {
  grep -a -A1 "^event: $2\$" "$folder/$1.out" | sed -n 's/^data: //p' | jq -es "any(.[]; $3)"
}
channel="${zones%/*}:::default:::"

section "Protocol"
stream tab1 secret-a
stream tab2 secret-a
claim "1. GET stream: one connection a tab" event tab1 connected '.clientId == "tab1"'
claim "... which is server-sent events" event tab2 connected '.clientId == "tab2"'
claim "... and needs a session" [ "$(curl -sS -o /dev/null -w '%{http_code}' "$portal/api/watch/stream?cid=x")" = 401 ]
claim "2. POST subscribe names the channel" answers 200 secret-a subscribe "$(fields tab1 "$zones")"
claim "... by its seven parts" jq -e ".channel == \"$channel\"" "$folder/body"
claim "... another user's client id is refused" answers 403 secret-b subscribe "$(fields tab1 "$zones")"
claim "... a misspelt field is refused" answers 400 secret-a subscribe "$(fields tab1 "$zones" '{"nmaespace":"x"}')"
claim "3. the tab has the objects that exist" event tab1 watch '.type == "ADDED" and .object.metadata.name == "z2"'
claim "... a second tab, too" answers 200 secret-a subscribe "$(fields tab2 "$zones")"
claim "... over the same upstream" json "$stats" '.clients == 2 and .upstreams == 1 and .subscriptions["'"$channel"'"] == 2'
apply "$zones" z3
claim "4. a new object reaches the first tab" event tab1 watch '.type == "ADDED" and .object.metadata.name == "z3"'
claim "... and the second" event tab2 watch '.object.metadata.name == "z3"'
claim "6. POST unsubscribe" answers 200 secret-a unsubscribe "{\"clientId\":\"tab2\",\"channel\":\"$channel\"}"
claim "... is confirmed on the stream" event tab2 unsubscribed ".channel == \"$channel\""
claim "... the upstream stays for the other tab" json "$stats" '.upstreams == 1'
left=$SECONDS
post secret-a unsubscribe "{\"clientId\":\"tab1\",\"channel\":\"$channel\"}" >/dev/null
claim "7. 10 s after the last tab has unsubscribed the upstream ends" json "$stats" '.upstreams == 0'
claim "... and not before" [ $((SECONDS - left)) -ge 9 ]

claim "no object has managedFields" lacks tab1.out managedFields

section "Event types"
answers 200 secret-a subscribe "$(fields tab1 "$zones" '{"name":"z1"}')"
claim "ADDED, for a watch of one object" event tab1 watch '.type == "ADDED" and .channel == "'"${zones%/*}:::default:z1::"'"'
apply "$zones" z1 '{"spec":{"domainName":"example.com"}}'
claim "MODIFIED, with the whole object" event tab1 watch '.type == "MODIFIED" and .object.spec.domainName == "example.com"'
kubectl delete "dnszones/z1" -n default >/dev/null
claim "DELETED" event tab1 watch '.type == "DELETED" and .object.metadata.name == "z1"'
apply "$zones" z1
answers 200 secret-a subscribe "$(fields tab2 "$zones" '{"name":"z1"}')"
claim "BOOKMARK, after the objects that exist" event tab2 watch '.type == "BOOKMARK"'
answers 200 secret-a subscribe "$(fields tab1 apis/dns.networking.miloapis.com/v1alpha1/nosuch/X)"
claim "an error of the watch has its code and reason" event tab1 watch-error '.code == 404'

section "Resources"
for resource in "${resources[@]}"; do
  plural=$(cut -d/ -f4 <<<"$resource")
  post secret-a subscribe "$(fields tab2 "$resource")" >/dev/null
  apply "$resource" shown
  claim "$plural" event tab2 watch '.object.metadata.name == "shown" and (.channel | startswith("'"${resource%/*}"'"))'
done
post secret-a subscribe "$(fields tab2 secrets/x)" >/dev/null
kubectl create secret generic shown --from-literal=password=hunter2 >/dev/null
claim "secrets" event tab2 watch '.object.metadata.name == "shown" and .object.kind == "Secret"'
claim "... without their values" lacks tab2.out "$(printf hunter2 | base64)"

section "Common issues"
post secret-a subscribe "$(fields tab1 "$zones" '{"name":"z1"}')" >/dev/null
claim "subscribing twice counts once" json "$stats" '.subscriptions["'"${zones%/*}:::default:z1::"'"] == 2'
"$examples/../scripts/kube-cluster.sh" stop "$folder/cluster"
"$examples/../scripts/kube-cluster.sh" start "$folder/cluster"
apply "$zones" z1 '{"spec":{"domainName":"after.example.com"}}'
claim "a watch that ended, or expired (410), continues without a word to the tab" \
  event tab1 watch '.object.spec.domainName == "after.example.com"'
claim "... nothing was reported as an error" bash -c "! grep -a -A1 'watch-error' '$folder/tab1.out' | grep -q 410"
claim "a tab that is gone is forgotten" bash -c "kill -TERM -- -${started[tab1]} 2>/dev/null; curl -sS '$stats' | jq -e '.clients == 1'"
