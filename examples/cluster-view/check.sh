#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Checks the cluster view against a real kube-apiserver: what the README says of data, usage, modes, health and diagnostics.
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=examples/check.bash
. "$here/../check.bash"
start_cluster

# This API server has no metrics server: a definition of the same resources, with objects of the same form.
for resource in "nodes NodeMetrics Cluster" "pods PodMetrics Namespaced"; do
  read -r plural kind scope <<<"$resource"
  jq -n --arg plural "$plural" --arg kind "$kind" --arg scope "$scope" '{
    apiVersion: "apiextensions.k8s.io/v1", kind: "CustomResourceDefinition",
    metadata: {name: "\($plural).metrics.k8s.io", annotations: {"api-approved.kubernetes.io": "unapproved, for a test"}},
    spec: {group: "metrics.k8s.io", scope: $scope, names: {plural: $plural, singular: ($kind | ascii_downcase), kind: $kind},
      versions: [{name: "v1beta1", served: true, storage: true,
        schema: {openAPIV3Schema: {type: "object", "x-kubernetes-preserve-unknown-fields": true}}}]}}'
done | kubectl apply -f - >/dev/null
kubectl apply -f - >/dev/null <<'END'
{"apiVersion":"v1","kind":"Node","metadata":{"name":"worker-1"},"spec":{"taints":[{"key":"a","effect":"NoSchedule"}]}}
END
pod() { # pod NAME
  printf '{"apiVersion":"v1","kind":"Pod","metadata":{"name":"%s","namespace":"default"},"spec":{"containers":[{"name":"c","image":"i"}]}}' "$1" |
    kubectl apply -f - >/dev/null
}
usage() { # usage CPU
  local now
  now=$(date -u +%FT%TZ)
  printf '{"apiVersion":"metrics.k8s.io/v1beta1","kind":"%s","metadata":{"name":"%s"%s},"timestamp":"%s","window":"10s",%s}\n' \
    NodeMetrics worker-1 '' "$now" "\"usage\":{\"cpu\":\"$1\",\"memory\":\"1Gi\"}" \
    PodMetrics web ',"namespace":"default","labels":{"app":"web"}' "$now" "\"containers\":[{\"name\":\"c\",\"usage\":{\"cpu\":\"$1\",\"memory\":\"64Mi\"}}]" |
    kubectl apply -f - >/dev/null
}
pod web
within 30 usage 250m

view() { # view NAME KUBECONFIG RESOURCES [kwatch's flags…]
  KUBECONFIG=$folder/cluster/$2.kubeconfig ADMIN=127.0.0.1:0 start "$1" "$here/run.sh" 127.0.0.1:0 "${@:3}"
  address=$(address_of "$1")
  admin=$(sed -n 's/.*serving operators on \(http:[^ ]*[0-9]\)\/*.*/\1/p' "$folder/$1.err")
}
sources() { json "$admin/api/v1/streaming/sources" "[.sources[].status[]] | any($1)"; }

section "Data"
view view admin nodes,pods,events
within 30 sources '.scope.resource == "pods" and .connected'
start client curl -sSN -H 'Accept: application/x-ndjson' "$address/events?snapshot=1"
claim "a client gets what exists at once" json client.out '.type == "ADDED" and .object.kind == "Pod" and .object.metadata.name == "web"'
pod api
claim "... then every change" json client.out '.type == "ADDED" and .object.metadata.name == "api"'
kubectl patch node worker-1 -p '{"spec":{"unschedulable":true}}' >/dev/null
claim "a cordoned node is a change" json client.out '.type == "MODIFIED" and .object.kind == "Node" and .object.spec.unschedulable == true'
kubectl delete pod api --now >/dev/null
claim "a deleted pod is removed" json client.out '.type == "DELETED" and .object.metadata.name == "api"'
kubectl apply -f - >/dev/null <<'END'
{"apiVersion":"v1","kind":"Event","metadata":{"name":"web.1","namespace":"default"},"reason":"BackOff","type":"Warning","involvedObject":{"kind":"Pod","name":"web","namespace":"default"}}
END
claim "a Kubernetes event arrives" json client.out '.type == "ADDED" and .object.kind == "Event" and .object.reason == "BackOff"'
claim "the page shows it to people" bash -c "curl -sS '$address/' | grep -qi '<!doctype html'"

section "Usage"
usage 500m
claim "usage of nodes" json client.out '.type == "METRICS" and .object.kind == "NodeMetrics" and .object.usage.cpu == "500m"'
claim "usage of pods" json client.out '.type == "METRICS" and .object.kind == "PodMetrics" and .object.containers[0].usage.cpu == "500m" and .object.containers[0].usage.memory == "64Mi"'
claim "usage of a workload: that of its pods, added up" bash -c "'$here/../workload-usage.sh' app=web -A | grep -qx '0.500 67108864 1'"
usage 750m
claim "the next sample of the nodes" json client.out '.type == "METRICS" and .object.kind == "NodeMetrics" and .object.usage.cpu == "750m"'
claim "usage never overwrites status or taints" bash -c \
  "curl -sS '$address/snapshot' | jq -e 'any(.[]; .kind == \"Node\" and .spec.taints[0].key == \"a\" and .spec.unschedulable and (has(\"usage\") | not))'"

section "Modes and health"
for resource in nodes pods events; do
  claim "$resource: streaming or watch, healthy, connected, delivering" sources \
    ".scope.resource == \"$resource\" and (.mode == \"watch\" or .mode == \"streaming\") and .health == \"healthy\" and .connected and .delivering"
done
claim "polling is off while the watch is healthy, with its interval" sources '.scope.resource == "pods" and .polling == {"enabled": false, "intervalSeconds": 10}'
claim "the health is in the client's stream, too" json client.out '.type == "STATUS" and .object.scope.resource == "pods" and .object.health == "healthy"'
"$examples/../scripts/kube-cluster.sh" kill "$folder/cluster"
claim "a broken stream is not healthy: reason disconnect" sources '.scope.resource == "pods" and .health != "healthy" and .reason == "disconnect"'
"$examples/../scripts/kube-cluster.sh" start "$folder/cluster"
pod late
claim "... and the change after it arrives by itself" json client.out '.object.metadata.name == "late"'
claim "... healthy again" sources '.scope.resource == "pods" and .health == "healthy"'
stop view

view lister lister pods
claim "list allowed, watch refused: polling, degraded, reason permission" sources '.mode == "polling" and .health == "degraded" and .reason == "permission" and .polling.enabled'
start polled curl -sSN -H 'Accept: application/x-ndjson' "$address/events?snapshot=1"
pod polled
claim "... the changes arrive with the next poll" json polled.out '.type == "ADDED" and .object.metadata.name == "polled"'
stop lister

view snapshot admin pods --until-now
claim "snapshot: a list, then the end" bash -c "! kill -0 ${started[snapshot]}"
view usage admin pods.metrics.k8s.io
claim "metrics-only" sources '.mode == "metrics-only" and .health == "healthy"'
stop usage
KUBECONFIG=$folder/cluster/nobody.kubeconfig start nobody "$here/run.sh" 127.0.0.1:0 pods
claim "no permission at all: run.sh ends" bash -c "! kill -0 ${started[nobody]}"
status=0
wait "${started[nobody]}" || status=$?
claim "... with kwatch's status 77" [ "$status" = 77 ]
claim "... and says why" has nobody.err forbidden
