#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Checks the activity feed against a real nats-server: every setting and rule of the README.
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=examples/check.bash
. "$here/../check.bash"
start_nats
export resource=apis/activity.example.com/v1alpha1/activities

# publish NUMBER TENANT SOURCE
publish() {
  printf '{"kind":"Activity","apiVersion":"activity.example.com/v1alpha1","metadata":{"name":"act-%s","namespace":"prod","uid":"u%s"},"spec":{"changeSource":"%s","tenant":{"type":"project","name":"%s"},"resource":{"apiGroup":"dns.example.com","kind":"DNSZone"}}}\n' \
    "$1" "$1" "$3" "$2" | "$here/publish.sh" "${@:4}" 2>>"$folder/publish.err"
}
listeners() { curl -sS "$1/metrics" | grep -qx "wfanout_clients $2"; }
code() { [ "$(curl -sS -m 10 -o "$folder/body" -w '%{http_code}' "$1")" = "$2" ]; }

publish 1 acme human --create-stream "$here/stream.json"
publish 2 other human
publish 3 acme system
start feed "$here/run.sh" 127.0.0.1:0 'activities.project.acme.>'
start replica "$here/run.sh" 127.0.0.1:0 'activities.project.acme.>'
feed=$(address_of feed) replica=$(address_of replica)

section "Ephemeral consumer"
consumer() {
  curl -sS "$monitoring/jsz?accounts=true&streams=true&consumers=true&config=true" |
    jq -e "[.account_details[].stream_detail[].consumer_detail[]?.config] | length > 0 and all($1)"
}
claim "durable name: none" consumer '.durable_name == null'
claim "deliver policy: by start sequence" consumer '.deliver_policy == "by_start_sequence"'
claim "ack policy: none" consumer '.ack_policy == "none"'
claim "max deliver: 1" consumer '.max_deliver == 1'
claim "inactive threshold: 30 seconds" consumer '.inactive_threshold == 30000000000'
claim "filtered at the server: activities.project.acme.>" consumer '.filter_subject == "activities.project.acme.>"'

section "resourceVersion"
start new curl -sSN "$feed/$resource?watch=true&resourceVersion=0&sendInitialEvents=false"
start resumed curl -sSN "$feed/$resource?watch=true&resourceVersion=1"
claim "two clients watch" listeners "$feed" 2
publish 4 acme human
claim "an activity is a watch event whose resourceVersion is the stream's sequence" \
  json new.out '.type == "ADDED" and .object.metadata.name == "act-4" and .object.metadata.resourceVersion == "4"'
claim "... and its subject names tenant, group, source, kind, namespace and name" \
  json new.out '.source.subject == "activities.project.acme.dns_example_com.human.DNSZone.prod.act-4"'
publish 4 acme human
claim "0, with sendInitialEvents=false: new messages only" counts new.out '"type":"ADDED"' 1
claim "1: everything after message 1, also what was stored before the feed started" json resumed.out '.object.metadata.name == "act-3"'
claim "... and the live events after that" json resumed.out '.object.metadata.name == "act-4"'
claim "an activity that is published twice is stored once" bash -c "natswatch tail 'activities.>' --all --until-now --raw | grep -c act-4 | grep -qx 1"
claim "another tenant's activities are not delivered" lacks resumed.out act-2
start omitted curl -sSN "$feed/$resource?watch=true&sendInitialEvents=false"
claim "a third client watches" listeners "$feed" 3
publish 5 acme human
claim "omitted, with sendInitialEvents=false: new messages only" json omitted.out '.object.metadata.name == "act-5"'
claim "... and nothing else" counts omitted.out '"type":"ADDED"' 1

section "Filtering"
start cel curl -sSN -G "$feed/events" --data-urlencode 'filter=spec.changeSource == "human"'
start field curl -sSN -G "$feed/$resource" -d watch=true -d sendInitialEvents=false --data-urlencode 'fieldSelector=spec.changeSource=system'
claim "two filtered clients watch" listeners "$feed" 5
publish 6 acme system
publish 7 acme human
claim "CEL: only activities of people" has cel.out act-7
claim "... no others" lacks cel.out act-6
claim "field selector: only activities of the system" has field.out act-6
claim "... no others" lacks field.out act-7
claim "a wrong expression is refused with 400" code "$feed/events?filter=spec.changeSource%20%3D" 400

section "Scaling"
claim "a client of one replica resumes at the other" bash -c \
  "curl -sSN -m 2 '$replica/$resource?watch=true&resourceVersion=5' | grep act-6"
consumers() {
  curl -sS "$monitoring/jsz?accounts=true&streams=true&consumers=true" |
    jq -e "[.account_details[].stream_detail[].consumer_detail[]?] | length == $1"
}
claim "each replica has a consumer of its own" consumers 2
stop replica
claim "the consumer of a replica that ended is removed" consumers 1

section "Expired resourceVersion"
# The stream forgets its first four messages; the feed starts again with nothing in memory.
stop feed
curl -sS "$monitoring/healthz" >/dev/null
nats_request() { # the JetStream API by natswatch's own protocol client would be too much: plain NATS over bash's /dev/tcp
  local address=${NATS_URL#nats://} line
  exec 9<>"/dev/tcp/${address%:*}/${address#*:}"
  printf 'CONNECT {"verbose":false}\r\nSUB answer 1\r\nPUB %s answer %d\r\n%s\r\nPING\r\n' "$1" "${#2}" "$2" >&9
  while read -r -t 5 line <&9; do
    case $line in *'"success":true'*) exec 9>&-; return 0 ;; esac
  done
  return 1
}
nats_request "\$JS.API.STREAM.PURGE.ACTIVITIES" '{"seq":5}'
start again "$here/run.sh" 127.0.0.1:0 'activities.project.acme.>' --all
again=$(address_of again)
claim "a watch after message 1 gets 410 Gone" code "$again/$resource?watch=true&resourceVersion=1" 410
claim "... with a Status that says so" json body '.kind == "Status" and .reason == "Expired"'
listed() {
  curl -sS "$again/$resource" >"$folder/list" && jq -e '[.items[].metadata.name] == ["act-5","act-6","act-7"]' "$folder/list"
}
claim "a list has what the stream still has" listed
version=$(jq -r .metadata.resourceVersion "$folder/list")
start relisted curl -sSN "$again/$resource?watch=true&resourceVersion=$version"
claim "the client watches from the list" listeners "$again" 1
publish 8 acme human
claim "... and misses nothing" json relisted.out '.object.metadata.name == "act-8"'
