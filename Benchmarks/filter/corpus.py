#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes lifelike watch events, always the same for the same size: corpus.py pods|activity|logs|tiny MEGABYTES >FILE

Bytes are as Go's encoder writes them: no white space, <, > and & escaped. A pod has what makes real ones long: managed
fields, volumes, probes, conditions.
"""
import json, random, sys

rng = random.Random(20261121)
APPS = ['gateway', 'checkout', 'cart', 'search', 'billing', 'frontend', 'inventory', 'redis', 'postgres', 'coredns']
SPACES = ['prod'] * 10 + ['staging'] * 4 + ['kube-system'] * 3 + ['monitoring'] * 2 + ['dev']


def digits(count, alphabet='0123456789abcdef'):
    return ''.join(rng.choices(alphabet, k=count))


def uid():
    return '-'.join(digits(n) for n in (8, 4, 4, 4, 12))


def time():
    return '2026-%02d-%02dT%02d:%02d:%02dZ' % tuple(rng.randint(1, n) for n in (11, 28, 23, 59, 59))


def labels(app):
    result = {'app.kubernetes.io/name': app, 'app.kubernetes.io/managed-by': 'Helm', 'pod-template-hash': digits(9)}
    if rng.random() < .2:
        result['track'] = 'canary' if rng.random() < .05 else 'stable'
    return result


def fields(names):
    """Managed fields: deep, with long keys and nothing in them."""
    keys = ['image', 'name', 'ports', 'env', 'resources', 'livenessProbe', 'terminationMessagePath', 'imagePullPolicy']
    return {'f:spec': {'f:containers': {'k:{"name":"%s"}' % n: {'.': {}, **{'f:' + k: {'.': {}, 'f:value': {}} for k in keys}} for n in names}}}


def pod():
    app, space = rng.choice(APPS), rng.choice(SPACES)
    names = [app] + ['sidecar-%d' % i for i in range(rng.choice([0, 0, 1, 2]))]
    phase = rng.choices(['Running', 'Pending', 'Succeeded', 'Failed'], [86, 6, 5, 3])[0]
    containers = [{
        'name': n, 'image': 'registry.example.com/%s/%s:%s' % (space, n, digits(7)),
        'args': ['--config=/etc/%s/config.yaml' % n, '--log-format=json'],
        'ports': [{'name': 'http', 'containerPort': 8080, 'protocol': 'TCP'}],
        'env': [{'name': 'POD_IP', 'valueFrom': {'fieldRef': {'apiVersion': 'v1', 'fieldPath': 'status.podIP'}}}],
        'resources': {'limits': {'cpu': '500m', 'memory': '512Mi'}, 'requests': {'cpu': '100m', 'memory': '128Mi'}},
        'livenessProbe': {'httpGet': {'path': '/healthz', 'port': 'http'}, 'periodSeconds': 10, 'failureThreshold': 3},
        'terminationMessagePath': '/dev/termination-log', 'imagePullPolicy': 'IfNotPresent'} for n in names]
    statuses = [{
        'name': n, 'state': {'running': {'startedAt': time()}}, 'ready': phase == 'Running',
        'restartCount': rng.choices([0, 1, 2, 5, 12], [70, 15, 8, 5, 2])[0],
        'image': c['image'], 'containerID': 'containerd://' + digits(64)} for n, c in zip(names, containers)]
    return rng.choices(['MODIFIED', 'ADDED', 'DELETED'], [80, 14, 6])[0], {
        'kind': 'Pod', 'apiVersion': 'v1',
        'metadata': {
            'name': '%s-%s-%s' % (app, digits(9), digits(5)), 'generateName': app + '-', 'namespace': space, 'uid': uid(),
            'resourceVersion': str(rng.randrange(10**8, 10**9)), 'creationTimestamp': time(), 'labels': labels(app),
            'annotations': {'checksum/config': digits(64), 'sidecar/status': '{"containers":["proxy"],"revision":"default"}'},
            'managedFields': [{'manager': 'kubelet', 'operation': 'Update', 'apiVersion': 'v1', 'time': time(), 'fieldsV1': fields(names)}]},
        'spec': {'volumes': [{'name': 'config', 'configMap': {'name': app + '-config', 'defaultMode': 420}}], 'containers': containers,
                 'restartPolicy': 'Always', 'nodeName': 'ip-10-0-%d-%d.example.internal' % (rng.randrange(256), rng.randrange(256)),
                 'tolerations': [{'key': 'node.kubernetes.io/not-ready', 'operator': 'Exists', 'effect': 'NoExecute'}]},
        'status': {'phase': phase, 'conditions': [{'type': t, 'status': 'True', 'lastTransitionTime': time()} for t in ('Initialized', 'Ready', 'PodScheduled')],
                   'podIP': '10.2.%d.%d' % (rng.randrange(256), rng.randrange(256)), 'containerStatuses': statuses}}


def activity():
    app, space, person = rng.choice(APPS), rng.choice(SPACES), rng.choice(['alice@example.com', 'dev-bot@example.com', '山田@example.jp'])
    metadata = {'name': 'act-' + digits(12), 'namespace': space, 'uid': uid(), 'resourceVersion': str(rng.randrange(10**9)), 'creationTimestamp': time()}
    if rng.random() < .2:
        metadata['labels'] = labels(app)
    return 'ADDED', {
        'kind': 'Activity', 'apiVersion': 'activity.example.com/v1alpha1', 'metadata': metadata,
        'spec': {'summary': '%s updated Deployment %s <%s>' % (person, app, space), 'changeSource': rng.choice(['human', 'system']),
                 'actor': {'type': 'user', 'name': person, 'uid': uid()},
                 'resource': {'apiGroup': 'apps', 'kind': 'Deployment', 'name': app, 'namespace': space, 'uid': uid()},
                 'origin': {'type': 'audit', 'id': uid()}}}


def log():
    """A plain line of some 170 bytes."""
    return {'ts': time(), 'level': rng.choices(['debug', 'info', 'warn', 'error'], [20, 70, 7, 3])[0], 'logger': rng.choice(APPS) + '.http',
            'msg': 'request served', 'method': rng.choice(['GET', 'POST']), 'path': '/api/v1/items/%d' % rng.randrange(10**5),
            'status': rng.choices([200, 404, 500], [90, 7, 3])[0], 'ms': round(rng.expovariate(.1), 3)}


def tiny():
    """A plain line of some 20 bytes."""
    return {'k': rng.randrange(5000), 'v': rng.choice('abcdefg')}


make = {'pods': pod, 'activity': activity, 'logs': log, 'tiny': tiny}[sys.argv[1]]
left = int(sys.argv[2]) * 1_000_000
while left > 0:
    value = make()
    if isinstance(value, tuple):
        value = {'type': value[0], 'object': value[1]}
    text = json.dumps(value, separators=(',', ':'), ensure_ascii=False)
    for c in '<>&':
        text = text.replace(c, '\\u%04x' % ord(c))
    line = text.encode() + b'\n'
    left -= len(line)
    sys.stdout.buffer.write(line)
