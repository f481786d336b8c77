#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Prints made-up activities and Kubernetes events as watch events, one per line:
#   activities.sh [PER_SECOND] [COUNT] [PROJECT]
# PER_SECOND is 5 by default. With COUNT 0, the default, it never ends.
set -euo pipefail
per_second=${1:-5} count=${2:-0} project=${3:-acme}
if ! [[ $per_second =~ ^[0-9]+$ && $per_second != 0 && $count =~ ^[0-9]+$ ]]; then
  echo "activities.sh: PER_SECOND must be a number of at least 1, COUNT a number" >&2
  exit 64
fi
# shellcheck disable=SC2034 # the lists are read by pick
{
people=(alice@example.com bob@example.com carol.díaz@example.com 山田@example.jp)
kinds=(Deployment.apps StatefulSet.apps DNSZone.dns.example.com HTTPProxy.gateway.example.com) verbs=(created updated patched deleted)
names=(checkout cart billing search frontend) namespaces=(prod staging payments)
reasons=(BackOff FailedScheduling Unhealthy Pulled Started) pause=$(awk "BEGIN{print 1/$per_second}")
}
pick() { local -n from=$1; picked=${from[RANDOM % ${#from[@]}]}; }

for ((i = 1; count == 0 || i <= count; i++)); do
  pick names; name=$picked; pick namespaces; namespace=$picked
  printf -v now '%(%Y-%m-%dT%H:%M:%SZ)T' -1
  read -r uid </proc/sys/kernel/random/uuid
  printf -v meta '{"name":"%s-%x%x","namespace":"%s","uid":"%s","creationTimestamp":"%s"}' \
    "$name" $RANDOM $i "$namespace" "$uid" "$now"
  if ((RANDOM % 3)); then
    pick kinds; kind=${picked%%.*} group=${picked#*.}; pick verbs; verb=$picked
    if ((RANDOM % 2)); then pick people; actor=$picked source=human; else actor=system:autoscaler source=system; fi
    printf '{"type":"ADDED","object":{"kind":"Activity","apiVersion":"activity.example.com/v1alpha1","metadata":%s,"spec":{"summary":"%s %s %s %s","changeSource":"%s","actor":{"name":"%s"},"tenant":{"type":"project","name":"%s"},"resource":{"apiGroup":"%s","kind":"%s","name":"%s","namespace":"%s"}}}}\n' \
      "$meta" "$actor" "$verb" "$kind" "$name" "$source" "$actor" "$project" "$group" "$kind" "$name" "$namespace"
  else
    pick reasons; reason=$picked
    case $reason in Pulled | Started) type=Normal ;; *) type=Warning ;; esac
    printf '{"type":"ADDED","object":{"kind":"Event","apiVersion":"v1","metadata":%s,"type":"%s","reason":"%s","message":"%s in pod %s-%x","involvedObject":{"kind":"Pod","name":"%s","namespace":"%s"},"count":%d}}\n' \
      "$meta" "$type" "$reason" "$reason" "$name" $RANDOM "$name" "$namespace" $((RANDOM % 9 + 1))
  fi
  sleep "$pause"
done
