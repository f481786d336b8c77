#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""replicas.py: three replicas of `natswatch | wfanout` behind a balancer, on a JetStream cluster of three nodes.

Replicas, their parts, nodes and clients' connections are killed at random, by a seed. Clients of three kinds (SSE, /ws, Kubernetes
watch) connect through the balancer and resume where they were, at whichever replica they get, and so do kwatch, kubectl and the
Kubernetes Python client where the machine has them. At the end each has to have had every message of the stream since its first one,
once and in order. Prints one JSON line; exits 1 if a client missed or repeated something."""
import argparse, asyncio, base64, json, os, random, shutil, socket, subprocess, sys, tempfile, time

from kubernetes_clients import foreign_clients


def free_port():
    with socket.socket() as s:
        s.bind(('127.0.0.1', 0))
        return s.getsockname()[1]


class Cluster:
    def __init__(self, binary, folder):
        self.binary, self.folder = binary, folder
        self.ports, self.routes = [free_port() for _ in range(3)], [free_port() for _ in range(3)]
        self.nodes = [self.start(n) for n in range(3)]

    def start(self, n):
        routes = ','.join(f'nats://127.0.0.1:{port}' for port in self.routes)
        return subprocess.Popen(
            [self.binary, '-js', '-sd', f'{self.folder}/store{n}', '-a', '127.0.0.1', '-p', str(self.ports[n]), '-l', f'{self.folder}/log{n}',
             '--name', f'node{n}', '--cluster_name', 'replicas', '--cluster', f'nats://127.0.0.1:{self.routes[n]}', '--routes', routes])

    @property
    def url(self):
        return ','.join(f'nats://127.0.0.1:{port}' for port in self.ports)

    def kill(self, n):
        self.nodes[n].kill()
        self.nodes[n].wait()

    def restart(self, n):
        self.nodes[n] = self.start(n)


class Replica:
    """`natswatch tail | wfanout`; begins with the messages of the last seconds, as its clients may be behind."""
    def __init__(self, run, n):
        self.run, self.port, self.parts = run, free_port(), []
        self.config = f'{run.folder}/wfanout{n}.yaml'
        with open(self.config, 'w') as file:
            file.write(f'snapshot: true\ncatch-up: {run.arguments.natswatch} tail a.> --since-seq {{resourceVersion}} --until-now\n')

    def start(self):
        reading, writing = os.pipe()
        log = open(f'{self.run.folder}/replica{self.port}.log', 'ab')
        tail = subprocess.Popen([self.run.arguments.natswatch, 'tail', 'a.>', '--since', '20s'], stdout=writing, stderr=log, env=self.run.environment)
        fanout = subprocess.Popen([self.run.arguments.wfanout, '--listen', f'127.0.0.1:{self.port}', '--config', self.config],
                                  stdin=reading, stderr=log, env=self.run.environment)
        os.close(reading), os.close(writing)
        self.parts = [tail, fanout]

    @property
    def is_running(self):
        return bool(self.parts) and all(part.poll() is None for part in self.parts)

    def kill(self, parts):
        for part in parts:
            part.kill()

    def clear(self):
        """What is left of a replica that has lost a part."""
        for part in self.parts:
            part.kill()
            part.wait()


class Client:
    def __init__(self, run, n):
        self.run, self.n = run, n
        self.kind = run.arguments.kinds[n % len(run.arguments.kinds)]
        self.sequences, self.id, self.faults, self.resumes, self.writer = [], None, [], -1, None

    @property
    def last(self):
        return self.sequences[-1] if self.sequences else None

    def take(self, line):
        self.sequences.append(line['source']['sequence'])

    def fault(self, text):
        self.faults.append(f'client {self.n} ({self.kind}) after {self.sequences[-1:]}, id {self.id}: {text}'[:400])

    async def forever(self):
        while not self.run.is_over:
            try:
                reader, self.writer = await asyncio.open_connection('127.0.0.1', self.run.balancer_port)
                await getattr(self, self.kind)(reader, self.writer)
            except (OSError, asyncio.IncompleteReadError, asyncio.TimeoutError, ValueError):
                pass
            finally:
                if self.writer:
                    self.writer.transport.abort()
            await asyncio.sleep(self.run.random.uniform(0.05, 0.5))

    async def head(self, reader, writer, path, *fields):
        writer.write('\r\n'.join([f'GET {path} HTTP/1.1', 'Host: localhost', *fields, '', '']).encode())
        head = (await asyncio.wait_for(reader.readuntil(b'\r\n\r\n'), 20)).decode()
        status = int(head.split(' ')[1])
        if status in (200, 101):
            self.resumes += 1
        elif status not in (502, 503, 504):
            self.fault(head.split('\r\n')[0])
        return status

    async def lines(self, reader):
        """Of a chunked body; a second without a byte is none of a live stream's, which has heartbeats every second or so."""
        rest = b''
        while True:
            size = int(await asyncio.wait_for(reader.readline(), 20) or b'0', 16)
            if not size:
                return
            rest += await asyncio.wait_for(reader.readexactly(size + 2), 20)
            rest = rest[:-2]
            *whole, rest = rest.split(b'\n')
            for line in whole:
                yield line.decode()

    async def sse(self, reader, writer):
        fields = [f'Last-Event-ID: {self.id}'] if self.id else []
        if await self.head(reader, writer, '/events', 'Accept: text/event-stream', *fields) != 200:
            return
        id = event = data = None
        async for line in self.lines(reader):
            if line.startswith('id: '):
                id = line[4:]
            elif line.startswith('event: '):
                event = line[7:]
            elif line.startswith('data: '):
                data = line[6:]
            elif not line:
                if event in ('reset', 'gap'):
                    self.fault(f'{event} {data}')
                elif data and event is None:
                    self.take(json.loads(data))
                self.id = id or self.id
                event = data = None

    async def kubernetes(self, reader, writer):
        version = f'&resourceVersion={self.id}' if self.id else ''
        status = await self.head(reader, writer, f'/api/v1/pods?watch=1{version}')
        if status != 200:
            return
        async for line in self.lines(reader):
            if not line:
                continue
            message = json.loads(line)
            if message['type'] == 'ERROR':
                return self.fault(line)
            if message['type'] in ('ADDED', 'MODIFIED', 'DELETED'):
                self.take(message)
                self.id = message['object']['metadata']['resourceVersion']

    async def ws(self, reader, writer):
        key = base64.b64encode(os.urandom(16)).decode()
        if await self.head(reader, writer, '/ws', 'Upgrade: websocket', 'Connection: Upgrade', 'Sec-WebSocket-Version: 13',
                           f'Sec-WebSocket-Key: {key}') != 101:
            return
        def say(text):
            payload = text.encode()
            writer.write(bytes([0x81, 0x80 | len(payload)]) + b'\0\0\0\0' + payload)
        if self.id:
            say(json.dumps({'type': 'resume', 'last_event_id': self.id}))
        say('{"type":"subscribe","subscription":{}}')
        while True:
            first, length = await asyncio.wait_for(reader.readexactly(2), 60)
            if length == 126:
                length = int.from_bytes(await reader.readexactly(2), 'big')
            elif length == 127:
                length = int.from_bytes(await reader.readexactly(8), 'big')
            payload = await reader.readexactly(length)
            if first & 15 == 9:
                writer.write(bytes([0x8A, 0x80 | len(payload)]) + b'\0\0\0\0' + payload)
            elif first & 15 == 8:
                return
            elif first & 15 == 1:
                message = json.loads(payload)
                if message['type'] == 'event':
                    if message['event_type'].startswith('RESOURCE_'):
                        self.take(message['payload'])
                    self.id = message.get('event_id') or self.id
                elif message['type'] in ('subscribed', 'pong'):
                    self.id = message.get('event_id') or self.id
                elif message['type'] not in ('disconnect',):
                    self.fault(payload.decode())


class Run:
    def __init__(self, arguments, folder):
        self.arguments, self.folder, self.random = arguments, folder, random.Random(arguments.seed)
        self.kills, self.is_over, self.balancer_port, self.published = {}, False, free_port(), 0
        self.cluster = Cluster(arguments.nats_server, folder)
        self.environment = dict(os.environ, NATS_URL=self.cluster.url)
        self.replicas = [Replica(self, n) for n in range(3)]
        self.clients = [Client(self, n) for n in range(arguments.clients)]
        self.foreign = foreign_clients(self)

    def natswatch(self, *arguments, **more):
        return subprocess.Popen([self.arguments.natswatch, *arguments], env=self.environment, stdin=subprocess.PIPE, **more)

    async def create_stream(self):
        config = f'{self.folder}/stream.json'
        with open(config, 'w') as file:
            json.dump({'name': 'S', 'subjects': ['a.>'], 'storage': 'file', 'num_replicas': 3}, file)
        for _ in range(60):
            made = self.natswatch('publish', 'a.x', '--create-stream', config, stderr=subprocess.DEVNULL)
            made.stdin.close()
            if await asyncio.to_thread(made.wait) == 0:
                return
            await asyncio.sleep(1)
        raise SystemExit('the cluster makes no stream')

    async def balance(self, reader, writer):
        for replica in self.random.sample(self.replicas, 3):
            try:
                to_reader, to_writer = await asyncio.open_connection('127.0.0.1', replica.port)
                break
            except OSError:
                continue
        else:
            return writer.transport.abort()
        async def copy(source, target):
            try:
                while data := await source.read(1 << 16):
                    target.write(data)
                    await target.drain()
            except (OSError, asyncio.CancelledError):
                pass
            finally:
                writer.transport.abort(), to_writer.transport.abort()
        try:
            await asyncio.gather(copy(reader, to_writer), copy(to_reader, writer))
        except asyncio.CancelledError:
            pass  # at the end of the run

    async def publish(self):
        publisher = self.natswatch('publish', 'a.x', '--window', '64', stderr=open(f'{self.folder}/publish.log', 'wb'))
        while not self.is_publishing_over:
            self.published += 1
            n = self.published
            pod = {'apiVersion': 'v1', 'kind': 'Pod', 'metadata': {'name': f'p{n % 50}', 'namespace': 'd'}, 'n': n}
            try:
                await asyncio.to_thread(os.write, publisher.stdin.fileno(), (json.dumps(pod) + '\n').encode())
            except OSError:
                break
            await asyncio.sleep(1 / self.arguments.rate)
        publisher.stdin.close()
        return await asyncio.to_thread(publisher.wait)

    async def supervise(self):
        """Starts replicas again after they have ended."""
        while not self.is_over:
            for replica in self.replicas:
                if not replica.is_running:
                    await asyncio.to_thread(replica.clear)
                    await asyncio.sleep(self.random.uniform(0.2, 3))
                    replica.start()
            await asyncio.sleep(0.1)

    def note(self, what):
        self.kills[what] = self.kills.get(what, 0) + 1

    async def attack(self):
        end = time.monotonic() + self.arguments.seconds
        while time.monotonic() < end:
            await asyncio.sleep(self.random.uniform(1, 6))
            # The first attack is not on a node, because a short run may have time for two of these only, and none of them makes a
            # client resume.
            choice, n = self.random.randrange(0 if self.kills else 1, 6), self.random.randrange(3)
            replica = self.replicas[n]
            if choice == 0:
                self.note('node')
                self.cluster.kill(n)
                await asyncio.sleep(self.random.uniform(0.5, 6))
                self.cluster.restart(n)
                # Two nodes of three are needed: the next one is not killed before this one is back.
                await asyncio.sleep(8)
            elif choice == 5:
                self.note('clients')
                for client in self.random.sample(self.clients, len(self.clients) // 3):
                    if client.writer:
                        client.writer.transport.abort()
            elif replica.is_running:
                parts, name = {1: (replica.parts, 'replica'), 2: (replica.parts[:1], 'natswatch')}.get(choice, (replica.parts[1:], 'wfanout'))
                self.note(name)
                replica.kill(parts)

    async def all(self):
        await self.create_stream()
        for replica in self.replicas:
            replica.start()
        server = await asyncio.start_server(self.balance, '127.0.0.1', self.balancer_port)
        self.is_publishing_over = False
        publisher = asyncio.create_task(self.publish())
        await asyncio.sleep(5)
        tasks = [asyncio.create_task(client.forever()) for client in self.clients + self.foreign]
        supervisor = asyncio.create_task(self.supervise())
        await self.attack()
        self.is_publishing_over = True
        status = await publisher
        everything = await self.read_stream()
        end = time.monotonic() + 90
        newest = everything[-1][1]
        while time.monotonic() < end and not all(client.last == newest for client in self.clients + self.foreign):
            await asyncio.sleep(0.5)
        self.is_over = True
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for client in self.foreign:
            await client.end()
        return self.report(everything, status)

    async def read_stream(self):
        read = self.natswatch('tail', 'a.>', '--all', '--until-now', stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        output, _ = await asyncio.to_thread(read.communicate)
        lines = map(json.loads, output.splitlines())
        return [(line['object']['metadata']['name'], line['source']['sequence']) for line in lines]

    def report(self, stream, status):
        faults, deliveries = [fault for client in self.foreign for fault in client.check(stream)], 0
        everything = [sequence for _, sequence in stream]
        for client in self.clients:
            deliveries += len(client.sequences)
            faults += client.faults[:3]
            if not client.sequences:
                faults.append(f'client {client.n} ({client.kind}): nothing came')
                continue
            expected = everything[everything.index(client.sequences[0]):]
            if client.sequences != expected:
                got, wanted = set(client.sequences), set(expected)
                where = next((i for i, (a, b) in enumerate(zip(client.sequences, expected)) if a != b), min(len(client.sequences), len(expected)))
                faults.append(f'client {client.n} ({client.kind}): {len(wanted - got)} missing, {len(client.sequences) - len(got)} repeated, '
                              f'from {client.sequences[max(0, where - 2):where + 3]} instead of {expected[max(0, where - 2):where + 3]}')
        print(json.dumps({
            'seed': self.arguments.seed, 'seconds': self.arguments.seconds, 'kills': self.kills, 'published': self.published,
            'publish_status': status, 'stored': len(everything), 'clients': len(self.clients), 'deliveries': deliveries,
            'resumes': sum(client.resumes for client in self.clients),
            'foreign': {client.kind: client.report for client in self.foreign},
            'absent': sorted({'kwatch', 'kubectl', 'python'} - {client.kind for client in self.foreign}), 'faults': faults[:20]}), flush=True)
        return 1 if faults or status != 0 or len(everything) != self.published else 0

    def close(self):
        for process in [part for replica in self.replicas for part in replica.parts] + self.cluster.nodes:
            if process.poll() is None:
                process.kill()
                process.wait()


def main():
    parser = argparse.ArgumentParser()
    for program in ('kwatch', 'natswatch', 'wfanout', 'nats-server', 'kubectl'):
        parser.add_argument(f'--{program}', default=program)
    parser.add_argument('--python', default=sys.executable, help='one that has the module kubernetes')
    parser.add_argument('--seconds', type=float, default=1800)
    parser.add_argument('--seed', type=int, default=random.randrange(1_000_000))
    parser.add_argument('--clients', type=int, default=30)
    parser.add_argument('--rate', type=float, default=50)
    parser.add_argument('--kinds', type=lambda text: text.split(','), default=['sse', 'ws', 'kubernetes'])
    parser.add_argument('--keep', action='store_true', help='leave the logs')
    arguments = parser.parse_args()
    folder = tempfile.mkdtemp(prefix='replicas-')
    run = Run(arguments, folder)
    try:
        status = asyncio.run(run.all())
    finally:
        run.close()
        if arguments.keep:
            print(folder, file=sys.stderr)
        else:
            shutil.rmtree(folder, ignore_errors=True)
    sys.exit(status)


main()
