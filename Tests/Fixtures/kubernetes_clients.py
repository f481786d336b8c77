# SPDX-License-Identifier: Apache-2.0
"""kubernetes_clients.py: kwatch, kubectl and the Kubernetes Python client as clients of replicas.py.

kwatch runs once and reconnects by itself. The Python client lists, then watches and resumes with its own resourceVersion.
`kubectl get --watch` ends with its connection and is started again: each of its runs lists and then watches."""
import asyncio, json, os, shutil, subprocess, sys

# Prints a line per object: [is part of a list, name, resourceVersion]. A watch that expires (410) begins with another list.
PYTHON_CLIENT = '''
import json, sys, time
import kubernetes, urllib3
configuration = kubernetes.client.Configuration()
configuration.host, configuration.retries = sys.argv[1], False
api = kubernetes.client.CoreV1Api(kubernetes.client.ApiClient(configuration))
say = lambda *words: print(json.dumps(words), flush=True)
version = None
while True:
    try:
        if version is None:
            got = json.loads(api.list_pod_for_all_namespaces(_preload_content=False, _request_timeout=20).data)
            for item in got["items"]:
                say(True, item["metadata"]["name"], item["metadata"]["resourceVersion"])
            version = got["metadata"]["resourceVersion"]
            say("listed")
        watch = kubernetes.watch.Watch()
        for event in watch.stream(api.list_pod_for_all_namespaces, resource_version=version, _request_timeout=20):
            metadata = event["raw_object"]["metadata"]
            version = metadata["resourceVersion"]
            say(False, metadata["name"], version)
    except kubernetes.client.exceptions.ApiException as error:
        if error.status == 410:
            version = None
        elif error.status not in (0, 429, 502, 503, 504):
            say("fault", str(error)[:300])
    except (urllib3.exceptions.HTTPError, OSError):
        pass
    time.sleep(0.2)
'''


def with_kubernetes(preferred):
    """The preferred Python, or else Debian's own, if it has the module kubernetes; otherwise None."""
    for python in (preferred, '/usr/bin/python3'):
        if subprocess.run([python, '-c', 'import kubernetes'], stderr=subprocess.DEVNULL).returncode == 0:
            return python
    return None


class ForeignClient:
    """A client program. `sessions` holds what each of its lists and watches gave: pairs of name and sequence."""
    def __init__(self, run, kind, command, environment):
        self.run, self.kind, self.command, self.environment = run, kind, command, environment
        self.sessions, self.faults, self.process = [], [], None

    @property
    def last(self):
        return self.sessions[-1][-1][1] if self.sessions and self.sessions[-1] else None

    async def forever(self):
        while not self.run.is_over:
            self.sessions.append([])
            errors = open(f'{self.run.folder}/{self.kind}.log', 'ab')
            self.process = await asyncio.create_subprocess_exec(
                *self.command, stdout=subprocess.PIPE, stderr=errors, env=self.environment, limit=1 << 24)
            try:
                await self.read(self.process.stdout)
            except asyncio.CancelledError:
                self.process.kill()
                raise
            await self.process.wait()
            if self.kind != 'kubectl' and not self.run.is_over:
                self.faults.append(f'{self.kind}: ended with {self.process.returncode}')
            await asyncio.sleep(0.3)

    async def read(self, output):
        rest, decoder = '', json.JSONDecoder()
        while data := await output.read(1 << 16):
            rest += data.decode()
            while True:
                rest = rest.lstrip()
                try:
                    value, end = decoder.raw_decode(rest)
                except ValueError:
                    break
                rest = rest[end:]
                self.take(value)

    def take(self, value):
        if isinstance(value, dict):
            metadata = value['object']['metadata']
            return self.sessions[-1].append((metadata['name'], int(metadata['resourceVersion'])))
        if value[0] == 'fault':
            return self.faults.append(f'{self.kind}: {value[1]}')
        if value[0] == 'listed':
            return
        is_listed, name, version = value
        if is_listed and self.sessions[-1] and not getattr(self, 'is_listing', False):
            self.sessions.append([])
        self.is_listing = is_listed
        self.sessions[-1].append((name, int(version)))

    def check(self, stream):
        """Faults of all sessions; `stream` is every message's name and sequence, in order."""
        place = {sequence: index for index, (_, sequence) in enumerate(stream)}
        if self.kind != 'kubectl' and len(self.sessions) != 1:
            self.faults.append(f'{self.kind}: {len(self.sessions)} lists, one was due')
        if not any(self.sessions):
            self.faults.append(f'{self.kind}: nothing came')
        for number, session in enumerate(self.sessions):
            # kubectl does not say where its list ends: any place that makes both parts right will do.
            longest = 0 if self.kind == 'kwatch' else min(len(session), len({name for name, _ in stream}))
            if not any(is_list(session[:n], stream, place) and is_watch(session[n:], session[:n], stream, place)
                       for n in range(longest + 1)):
                self.faults.append(f'{self.kind}, session {number} of {len(self.sessions)}: {where_it_breaks(session)}')
        return self.faults[:5]

    @property
    def report(self):
        return {'sessions': len(self.sessions), 'objects': sum(map(len, self.sessions))}

    async def end(self):
        if self.process and self.process.returncode is None:
            self.process.kill()
            await self.process.wait()


def is_list(items, stream, place):
    """Whether these are the latest versions as of the newest among them. A replica keeps what it has read since its start."""
    if not items:
        return True
    sequences = [sequence for _, sequence in items]
    if any(sequence not in place for sequence in sequences):
        return False
    window = stream[place[min(sequences)]:place[max(sequences)] + 1]
    return sorted(items) == sorted(dict(window).items())


def is_watch(events, items, stream, place):
    """Whether these are the events after the list, each once and in order."""
    if not events:
        return True
    begin = place[max(sequence for _, sequence in items)] + 1 if items else place.get(events[0][1])
    return begin is not None and events == stream[begin:begin + len(events)]


def where_it_breaks(session):
    sequences = [sequence for _, sequence in session]
    for index in range(1, len(sequences)):
        if index > 55 and sequences[index] != sequences[index - 1] + 1:
            return f'{sequences[index - 3:index + 3]} at {index} of {len(sequences)}'
    return f'{len(sequences)} objects, from {sequences[:60]}'


def foreign_clients(run):
    """Those that this machine has; must be called before the balancer listens at its port."""
    url = f'http://127.0.0.1:{run.balancer_port}'
    kubeconfig = f'{run.folder}/kubeconfig'
    with open(kubeconfig, 'w') as file:
        json.dump({'apiVersion': 'v1', 'kind': 'Config', 'current-context': 'c',
                   'contexts': [{'name': 'c', 'context': {'cluster': 'c', 'user': 'u'}}],
                   'clusters': [{'name': 'c', 'cluster': {'server': url}}], 'users': [{'name': 'u', 'user': {}}]}, file)
    environment = dict(os.environ, KUBECONFIG=kubeconfig, HOME=run.folder)
    clients = [ForeignClient(run, 'kwatch', [run.arguments.kwatch, 'api/v1/pods', '-A', '--skip-initial'], environment)]
    if python := with_kubernetes(run.arguments.python):
        clients.append(ForeignClient(run, 'python', [python, '-c', PYTHON_CLIENT, url], environment))
    if kubectl := shutil.which(run.arguments.kubectl):
        fill_discovery_cache(kubectl, run.balancer_port, environment)
        clients.append(ForeignClient(
            run, 'kubectl', [kubectl, 'get', 'pods', '-A', '--watch', '--output-watch-events', '-o', 'json'], environment))
    return clients


DISCOVERY = '''
import http.server, json, sys
ANSWERS = {"/api": {"kind": "APIVersions", "versions": ["v1"]},
           "/apis": {"kind": "APIGroupList", "apiVersion": "v1", "groups": []},
           "/api/v1": {"kind": "APIResourceList", "groupVersion": "v1", "resources": [
               {"name": "pods", "singularName": "pod", "namespaced": True, "kind": "Pod", "verbs": ["get", "list", "watch"]}]}}
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        answer = ANSWERS.get(self.path.split("?")[0])
        self.send_response(200 if answer else 404)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(json.dumps(answer or {}).encode())
    def log_message(self, *_): pass
server = http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Handler)
print("ready", flush=True)
server.serve_forever()
'''


def fill_discovery_cache(kubectl, port, environment):
    """kubectl asks for the resources of a server once in six hours. wfanout has no discovery, so another server answers."""
    with subprocess.Popen([sys.executable, '-c', DISCOVERY, str(port)], stdout=subprocess.PIPE) as server:
        server.stdout.readline()
        subprocess.run([kubectl, 'api-resources'], env=environment, stdout=subprocess.DEVNULL, timeout=60, check=True)
        server.kill()
