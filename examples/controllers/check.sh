#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2016 # $ in single quotes is for the shell that is started
#
# Checks the controllers against a real nats-server: every subject, message, setting and metric of the README.
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=examples/check.bash
. "$here/../check.bash"
start_nats
export here folder

publish() { natswatch publish "$@" 2>>"$folder/publish.err"; }
# A message with fields of its own. An empty input makes the stream.
message() { jq -c --argjson more "$2" '. + $more' "$here/messages/$1.json"; }
publish streamspace.none.x --create-stream "$here/stream.json" </dev/null
publish dlq.none --create-stream "$here/letters.json" </dev/null

# The handler of the tests: notes what it gets; fails for messages that say so; prints a status.
cat >"$folder/handler" <<'END'
#!/usr/bin/env bash
set -euo pipefail
message=$(cat)
jq -c --arg subject "$NATSWATCH_SUBJECT" --arg attempt "$NATSWATCH_ATTEMPT" \
  '. + {subject: $subject, attempt: $attempt}' <<<"$message" >>"$folder/handled.$CONTROLLER_PLATFORM"
if jq -e '.fails' <<<"$message" >/dev/null; then echo "cannot create the session" >&2; exit 1; fi
jq -c --arg platform "$CONTROLLER_PLATFORM" '{event_id, session_id, status: "running", phase: "Running", message: "Session started successfully", platform: $platform}' <<<"$message"
END
chmod +x "$folder/handler"
controller() { # controller NAME PLATFORM [NAME=VALUE…]
  start "$1" env CONTROLLER_ID="$1" HEARTBEAT_INTERVAL=1s STREAMSPACE_JOURNAL="$folder/$1.journal" \
    STREAMSPACE_RETRIES=2 STREAMSPACE_RETRY_INITIAL=100ms "${@:3}" "$here/controller.sh" "$2" "$folder/handler"
}
handled() { [ "$(jq -s "[.[] | select($2)] | length" "$folder/handled.$1")" = "$3" ]; }
touch "$folder/handled.kubernetes" "$folder/handled.docker"

start board "$here/run.sh" 127.0.0.1:0
start statuses natswatch tail streamspace.session.status --all --raw
start letters natswatch tail 'dlq.>' --all
board=$(address_of board)
controller k8s_1 kubernetes STREAMSPACE_METRICS="unix:$folder/metrics" \
  CONTROLLER_CAPABILITIES='sessions,templates,nodes' CONTROLLER_CLUSTER_INFO='{"name":"production","nodes":5,"version":"1.28.0"}'
controller docker_1 docker

section "Controllers"
claim "GET /api/v1/controllers lists those with a heartbeat" json "$board/api/v1/controllers" '[.[].controller_id] | sort == ["docker_1", "k8s_1"]'
claim "GET /api/v1/controllers/ID: id, platform, status and version" json "$board/api/v1/controllers/k8s_1" '.controller_id == "k8s_1" and .platform == "kubernetes" and .status == "healthy" and has("version") and has("timestamp")'
claim "... its capabilities" json "$board/api/v1/controllers/k8s_1" '.capabilities == ["sessions","templates","nodes"]'
claim "... its cluster" json "$board/api/v1/controllers/k8s_1" '.cluster_info == {"name":"production","nodes":5,"version":"1.28.0"}'
claim "... 404 for an unknown one" [ "$(curl -sS -o /dev/null -w '%{http_code}' "$board/api/v1/controllers/nobody")" = 404 ]
claim "platforms: the distinct values of the list" json "$board/api/v1/controllers" '[.[].platform] | unique == ["docker", "kubernetes"]'

section "Commands to the controllers of one platform"
number=0
for subject in session.create session.delete session.hibernate session.wake app.install app.uninstall template.delete node.cordon node.drain; do
  number=$((number + 1))
  file=session-create
  [ "$subject" != app.install ] || file=app-install
  message $file "{\"event_id\":\"d$number\"}" | publish "streamspace.$subject.docker"
  claim "streamspace.$subject.docker" handled docker ".event_id == \"d$number\" and .subject == \"streamspace.$subject.docker\"" 1
done
claim "the message arrives as it was published" handled docker '.event_id == "d5" and .catalog_template_id == 42 and (.manifest | contains("\n")) and .installed_by == "admin"' 1
claim "no other platform's controller gets them" handled kubernetes true 0

section "Broadcasts"
message session-create '{"event_id":"b1"}' | publish streamspace.session.create
message session-create '{"event_id":"b2","platform":"docker"}' | publish streamspace.session.create
message session-create '{"event_id":"b1"}' | publish streamspace.session.create.kubernetes
message session-create '{"event_id":"b3"}' | publish streamspace.session.create.kubernetes
claim "streamspace.session.create goes to the platform in the message" handled kubernetes '.event_id == "b1"' 1
claim "... the other one to Docker's" handled docker '.event_id == "b2"' 1
claim "a later message of the platform is handled" handled kubernetes '.event_id == "b3"' 1
claim "... and the one before it, which was published both ways, has been handled once" handled kubernetes '.event_id == "b1"' 1

section "Status"
claim "streamspace.session.status has the status of each session" json statuses.out '.event_id == "b1" and .status == "running" and .phase == "Running"'
claim "streamspace.app.status has the status of an installation" bash -c \
  'natswatch publish streamspace.app.status <"$here/messages/app-status.json" && natswatch tail "streamspace.app.status" --all --until-now --raw | jq -e ".template_namespace == \"streamspace\""'
claim "streamspace.template.create has the templates that controllers announce" bash -c \
  'echo "{\"template_name\":\"firefox-browser\"}" | natswatch publish streamspace.template.create && natswatch tail "streamspace.template.create" --last --until-now --raw | jq -e ".template_name == \"firefox-browser\""'
claim "the session's status as the API gets it" bash -c \
  'natswatch publish streamspace.session.status <"$here/messages/session-status.json" && natswatch tail "streamspace.session.status" --last --until-now --raw | jq -e ".resource_usage.cpu == \"250m\""'

section "Failures"
message session-create '{"event_id":"f1","fails":true}' | publish streamspace.session.create.docker
claim "a failed message is tried again, as often as STREAMSPACE_RETRIES says" handled docker '.event_id == "f1"' 3
claim "... then it is a dead letter below its subject" json letters.out '.source.subject == "dlq.streamspace.session.create.docker" and .object.event_id == "f1"'
claim "... with the reason and the number of tries" json letters.out '.source.headers["Natswatch-Attempts"] == "3" and (.source.headers["Natswatch-Error"] | contains("cannot create the session"))'
claim "the audit log has the event's states" bash -c "jq -es '[.[] | select(.event_id == \"f1\" or .subject == \"streamspace.session.create.docker\") | .status] | index(\"processing\") != null and index(\"failed\") != null and index(\"completed\") != null' '$folder/docker_1.journal'"
for event in f2 f3; do message session-create "{\"event_id\":\"$event\",\"fails\":true}" | publish streamspace.session.create.docker; done
claim "a controller that keeps failing reports that it is unhealthy" json "$board/api/v1/controllers/docker_1" '.status == "unhealthy"'
stop docker_1

section "Settings"
delays() { # the default delays, as the flags of controller.sh give them
  grep -q -- '--retry-initial "${STREAMSPACE_RETRY_INITIAL:-1s}" --retry-max 5m' "$here/controller.sh" &&
    grep -q -- '--retries "${STREAMSPACE_RETRIES:-10}"' "$here/controller.sh"
}
claim "controller.sh asks for tries after 1 s, doubling to 5 min, 10 times" delays
start queue env CONTROLLER_ID=queue HEARTBEAT_INTERVAL=1s STREAMSPACE_BROADCASTS=no STREAMSPACE_RETRIES=0 \
  "$here/controller.sh" hyperv "$folder/handler"
claim "a controller without broadcasts reports its heartbeat" json "$board/api/v1/controllers" 'any(.[]; .controller_id == "queue" and .platform == "hyperv")'
message session-create '{"event_id":"q1","fails":true}' | publish streamspace.session.create.hyperv
start dlq natswatch tail 'streamspace.dlq.>' --all
claim "... and its dead letters are below streamspace.dlq" json dlq.out '.source.subject == "streamspace.dlq.streamspace.session.create.hyperv"'
claim "compose.yaml starts nats:2.10 with JetStream on 4222 and 8222" bash -c \
  'grep -q "image: nats:2.10-alpine" "$here/compose.yaml" && grep -q -- "--jetstream" "$here/compose.yaml" && grep -q "4222:4222.*8222:8222" "$here/compose.yaml"'

section "Metrics"
start publisher bash -c '{ cat "$here/messages/app-install.json"; exec sleep 300; } |
  natswatch publish streamspace.app.install.kubernetes --metrics "unix:$folder/publisher" --metrics-prefix streamspace_'
metric() { # metric SOCKET NAME
  claim "$2" bash -c "curl -sS --unix-socket '$folder/$1' http://localhost/metrics | grep -qF '$2'"
}
for name in nats_msgs_received_total nats_msgs_published_total nats_pending_msgs streamspace_events_processed_total \
  streamspace_event_latency_seconds streamspace_controller_health; do
  metric metrics "$name"
done
metric publisher 'nats_msgs_published_total{subject="streamspace.app.install.kubernetes"}'
metric publisher 'streamspace_events_published_total{type="streamspace.app.install.kubernetes"}'
stop k8s_1
claim "a controller that stops reports that it is unhealthy" json "$board/api/v1/controllers/k8s_1" '.status == "unhealthy"'
