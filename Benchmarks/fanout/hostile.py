#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""hostile.py BINARY: a thousand plain listeners at 100 events/s, alone and beside a hundred hostile clients.

Prints one JSON line for each of the two runs: latency of the plain listeners, of GET /healthz, and the server's memory and CPU.
Needs the programs of harness/ in $FANOUT_BIN (run.sh hostile builds them).

The hostile clients are a process of its own in the normal scheduling class. Under `chrt -r 5` they use the CPU time that the server
and the plain clients leave: on a busy machine the figures are those of the server only in this way. Without it all programs are in
the normal class with their own priorities, as on a machine on which nothing else runs.

`--attacker subscribe --clients 400 --nice 10` runs one kind of hostile client, that many of them, at that nice value. Ten honest
clients of `/ws` subscribe before the attack, and one more each second during it."""
import argparse, asyncio, json, os, random, signal, socket, subprocess, sys, threading, time
from urllib.parse import quote

BIN = os.environ.get('FANOUT_BIN', os.path.dirname(os.path.abspath(__file__)))
COSTLY = ('!lists.range(40).all(a, lists.range(40).all(b, lists.range(40).all(c, a + b + c + {0} > 0)))',
          'object.spec.containers.map(x, x.image).map(x, x + "{0}").size() > 100000',
          'lists.range(1500).all(i, !"aaaa{0}".matches("\\\\pL{{900}}" + string(i)))')


def pods(count):
    for n in range(count):
        yield ('{"type":"ADDED","object":{"apiVersion":"v1","kind":"Pod","metadata":{"name":"p%d","namespace":"n%d","uid":"u%d",'
               '"resourceVersion":"%d","labels":{"app":"a%d"}},"spec":{"containers":[{"image":"registry/%s"}]}}}\n'
               % (n, n % 50, n, n + 1, n % 20, 'x' * 240))


UPGRADE = (b'GET /ws HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n'
           b'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n')


def frame(text):
    payload = text.encode()
    length = bytes([0x80 + len(payload)]) if len(payload) < 126 else b'\xfe' + len(payload).to_bytes(2, 'big')
    return b'\x81' + length + b'\0\0\0\0' + payload


class Hostile:
    """A hundred clients on one event loop."""
    def __init__(self, port, epoch, only, clients):
        self.port, self.epoch, self.only, self.clients, self.counts, self.stopped = port, epoch, only, clients, {}, False

    def run(self):
        signal.signal(signal.SIGTERM, self.stop)
        asyncio.run(self.all())
        print(json.dumps(self.counts), flush=True)

    def stop(self, *_):
        self.stopped = True

    async def all(self):
        jobs = [(self.costly, 30), (self.catch_up, 10), (self.snapshot, 15), (self.download, 5), (self.slow, 10),
                (self.pipeline, 10), (self.flood, 5), (self.subscribe, 10), (self.watch, 5)]
        tasks = [asyncio.create_task(self.forever(job, n)) for job, count in jobs for n in range(self.clients or count)
                 if self.only in (None, job.__name__)]
        while not self.stopped:
            await asyncio.sleep(0.1)
        for task in tasks:
            task.cancel()

    async def forever(self, job, number):
        while True:
            writer = None
            try:
                # Each client has its own address.
                reader, writer = await asyncio.open_connection(
                    '127.0.0.1', self.port, local_addr=('127.0.%d.%d' % (1 + number % 200, 1 + hash(job.__name__) % 200), 0))
                await asyncio.wait_for(job(reader, writer, number), 20)
            except (OSError, asyncio.TimeoutError, asyncio.IncompleteReadError, ValueError):
                pass
            finally:
                if writer:
                    writer.transport.abort()
            self.counts[job.__name__] = self.counts.get(job.__name__, 0) + 1
            await asyncio.sleep(0.1)

    async def get(self, writer, target, headers=''):
        writer.write(f'GET {target} HTTP/1.1\r\nHost: localhost\r\n{headers}\r\n'.encode())
        await writer.drain()

    async def read_all(self, reader):
        while await reader.read(1 << 16):
            pass

    async def costly(self, reader, writer, n):
        text = COSTLY[n % 3].format(n)
        await self.get(writer, '/events?filter=' + quote(text))
        await self.read_all(reader)

    async def catch_up(self, reader, writer, n):
        """Everything in the ring again and again, by a filter that nothing passes."""
        filter = '' if n % 2 else '&filter=' + quote(COSTLY[n % 2].format(n))
        await self.get(writer, f'/events?lastEventId={self.epoch}-1{filter}')
        await self.read_all(reader)

    async def snapshot(self, reader, writer, n):
        await self.get(writer, f'/events?snapshot=1&labelSelector=' + quote(f'app!=z{random.random()}'))
        await self.read_all(reader)

    async def download(self, reader, writer, n):
        await self.get(writer, ['/snapshot', '/api/v1/pods', '/api/v1/pods?labelSelector=app%21%3Dx', '/snapshot?filter=true', '/api/v1/namespaces/n1/pods'][n])
        await self.read_all(reader)

    async def slow(self, reader, writer, n):
        await self.get(writer, '/events?snapshot=1' if n % 2 else f'/events?lastEventId={self.epoch}-1')
        for _ in range(200):
            await reader.read(1)
            await asyncio.sleep(0.1)

    async def pipeline(self, reader, writer, n):
        """Many requests whose answers are not read."""
        target = ['/healthz', '/nothing', '/metrics', '/events?filter=' + quote(f'a{random.random()} >')][n % 4]
        for _ in range(200):
            writer.write(f'GET {target} HTTP/1.1\r\nHost: localhost\r\n\r\n'.encode() * 50)
            await writer.drain()
        await asyncio.sleep(1)

    async def flood(self, reader, writer, n):
        """Connections that say nothing."""
        others = []
        for _ in range(50):
            others.append(await asyncio.open_connection('127.0.0.1', self.port))
        await asyncio.sleep(1)
        for _, other in others:
            other.transport.abort()

    async def subscribe(self, reader, writer, n):
        """Fifty subscriptions of a thousand names, as long as a message may be."""
        writer.write(UPGRADE)
        await reader.readuntil(b'\r\n\r\n')
        replies = asyncio.ensure_future(self.read_all(reader))
        try:
            for s in range(50):
                types = ','.join(f'"{n}-{s}-{i:052}"' for i in range(1000))
                writer.write(frame('{"type":"subscribe","subscription":{"event_types":[%s]}}' % types))
                await writer.drain()
            # Small messages, each of which changes all of them.
            message = frame('{"type":"unsubscribe","event_types":["x"]}')
            while not replies.done():
                writer.write(message * 50)
                await writer.drain()
                await asyncio.sleep(0.01)
        finally:
            replies.cancel()

    async def watch(self, reader, writer, n):
        await self.get(writer, f'/api/v1/namespaces/n{n}/pods?watch=1&labelSelector=' + quote(f'app!=z{random.random()}'))
        await self.read_all(reader)


def rss(pid):
    for line in open(f'/proc/{pid}/status'):
        if line.startswith('VmRSS'):
            return int(line.split()[1]) // 1024


class Probe(threading.Thread):
    """Asks for /healthz five times a second, each on a new connection."""
    def __init__(self, port, pid):
        super().__init__(daemon=True)
        self.port, self.pid, self.times, self.failures, self.rss, self.stopped = port, pid, [], 0, 0, False

    def run(self):
        while not self.stopped:
            start = time.monotonic()
            try:
                with socket.create_connection(('127.0.0.1', self.port), timeout=5) as peer:
                    peer.sendall(b'GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n')
                    if not peer.recv(100).startswith(b'HTTP/1.1 200'):
                        self.failures += 1
            except OSError:
                self.failures += 1
            self.times.append(time.monotonic() - start)
            try:
                self.rss = max(self.rss, rss(self.pid))
            except OSError:
                pass
            time.sleep(0.2)


class Subscribers:
    """Honest clients of /ws on an event loop of their own: ten from before the attack, and one more each second, which leaves after its
    first event. Every published event has the type that they subscribe to."""
    def __init__(self, port):
        self.port, self.received, self.waits, self.new, self.stopped = port, [0] * 10, [], 0, False

    def run(self):
        signal.signal(signal.SIGTERM, self.stop)
        asyncio.run(self.all())
        waits = sorted(self.waits)
        print(json.dumps({'least_events': min(self.received), 'new': self.new, 'served': len(waits),
                          'wait_s': {'p50': round(waits[len(waits) // 2], 2), 'max': round(waits[-1], 2)} if waits else None}))

    def stop(self, *_):
        self.stopped = True

    async def all(self):
        tasks = [asyncio.create_task(self.subscribe(n)) for n in range(10)]
        await asyncio.sleep(1)
        print('subscribed', flush=True)
        while not self.stopped:
            await asyncio.sleep(1)
            self.new += 1
            tasks.append(asyncio.create_task(self.subscribe()))
        await asyncio.sleep(5)

    async def subscribe(self, number=None):
        try:
            await self.read_events(number)
        except OSError:
            pass  # the server has ended

    async def read_events(self, number):
        start = time.monotonic()
        reader, writer = await asyncio.open_connection('127.0.0.1', self.port)
        writer.write(UPGRADE + frame('{"type":"subscribe","subscription":{"event_types":["MESSAGE"]}}'))
        rest = b''
        while chunk := await reader.read(1 << 16):
            events = (rest + chunk).count(b'"type":"event"')
            if number is None and events:
                self.waits.append(time.monotonic() - start)
                return writer.close()
            if number is not None:
                self.received[number] += events
            rest = (rest + chunk)[-13:]


IS_REALTIME = os.sched_getscheduler(0) in (os.SCHED_FIFO, os.SCHED_RR)


def attacker_priority(nice):
    """Before other processes of a busy machine, after the real-time ones."""
    if not IS_REALTIME:
        os.nice(nice)
        return
    os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))
    if os.getuid() == 0:
        os.setpriority(os.PRIO_PROCESS, 0, -15)


def renice_workers(pid):
    """The same for the server's threads in SCHED_BATCH: as on a machine on which nothing else runs."""
    if not IS_REALTIME:
        return
    for thread in os.listdir(f'/proc/{pid}/task'):
        fields = open(f'/proc/{pid}/task/{thread}/stat').read().rsplit(')', 1)[1].split()
        if int(fields[38]) == os.SCHED_BATCH and os.getuid() == 0:
            os.setpriority(os.PRIO_PROCESS, int(thread), -10)


def cpu(pid):
    fields = open(f'/proc/{pid}/stat').read().rsplit(')', 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf('SC_CLK_TCK')


def epoch(port):
    with socket.create_connection(('127.0.0.1', port)) as peer:
        peer.sendall(b'GET /snapshot/u1 HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n')
        text = peer.recv(65536).decode()
    return text.lower().split('last-event-id: ')[1].split('-')[0]


def measure(arguments, is_hostile):
    port, subscribers, hostile = arguments.port, None, None
    server = subprocess.Popen(
        [arguments.binary, '--listen', f'127.0.0.1:{port}', '--snapshot', '--max-clients', '5000', *arguments.options],
        stdin=subprocess.PIPE, stderr=subprocess.DEVNULL)
    try:
        for line in pods(arguments.objects):
            server.stdin.write(line.encode())
        server.stdin.flush()
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            try:
                with socket.create_connection(('127.0.0.1', port), timeout=10) as peer:
                    peer.sendall(b'GET /snapshot/u%d HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n' % (arguments.objects - 1))
                    if peer.recv(100).startswith(b'HTTP/1.1 200'):
                        break
            except OSError:
                pass
            time.sleep(0.2)
        events = int(arguments.seconds * 100)
        client = subprocess.Popen(
            [BIN + '/fanclient', '-p', str(port), '-u', '/events', '-m', 'sse', '-n', str(arguments.listeners), '-c', str(events),
             '-t', '300', '--idle', '30'], stdout=subprocess.PIPE, text=True)
        client.stdout.readline()
        probe = Probe(port, server.pid)
        command = [sys.executable, os.path.abspath(__file__), arguments.binary, '--port', str(port)]
        subscribers = subprocess.Popen(command + ['--subscribe'], stdout=subprocess.PIPE, text=True)
        subscribers.stdout.readline()
        if is_hostile:
            hostile = subprocess.Popen(
                command + ['--attack', epoch(port)] + (['--attacker', arguments.attacker] if arguments.attacker else [])
                + (['--clients', str(arguments.clients)] if arguments.clients else []), stdout=subprocess.PIPE, text=True,
                preexec_fn=lambda: attacker_priority(arguments.nice))
            renice_workers(server.pid)
            time.sleep(3)
        probe.start()
        before = cpu(server.pid)
        publisher = subprocess.Popen([BIN + '/pub', '-c', str(events), '-r', '100', '-s', '300'], stdout=server.stdin, stderr=subprocess.DEVNULL)
        output, _ = client.communicate()
        spent = cpu(server.pid) - before
        publisher.wait()
        probe.stopped = True
        subscribers.terminate()
        attacks = {}
        if hostile:
            hostile.terminate()
            attacks = json.loads(hostile.communicate()[0])
            # Freed memory is returned to the system within seconds.
            time.sleep(10)
        after = rss(server.pid)
        row = json.loads(output.strip().splitlines()[-1])
        start = time.monotonic()
        server.send_signal(signal.SIGTERM)
        try:
            server.wait(20)
        except subprocess.TimeoutExpired:
            pass
        times = sorted(probe.times)
        return {'hostile': is_hostile, 'listeners': row['conns'], 'events': events, 'missing': row['missing'], 'dup': row['dup'],
                'latency_ms': row['lat_ms'], 'healthz_ms': {'p50': round(1e3 * times[len(times) // 2], 1), 'p99': round(1e3 * times[len(times) * 99 // 100], 1),
                                                      'max': round(1e3 * times[-1], 1)},
                'subscribers': json.loads(subscribers.communicate()[0]),
                'healthz_failures': probe.failures, 'rss_MB': {'most': probe.rss, 'after': after}, 'cpu_s': round(spent, 2), 'sigterm_s': round(time.monotonic() - start, 2),
                'load': os.getloadavg()[0], 'attacks': attacks}
    finally:
        server.kill()
        for process in (subscribers, hostile):
            if process:
                process.kill()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('binary')
    parser.add_argument('--port', type=int, default=9903)
    parser.add_argument('--objects', type=int, default=100_000)
    parser.add_argument('--listeners', type=int, default=1000)
    parser.add_argument('--seconds', type=float, default=30)
    parser.add_argument('--only', choices=['plain', 'hostile'])
    parser.add_argument('--attacker', help='one of the kinds of clients, in place of all')
    parser.add_argument('--clients', type=int, help='the number of clients of each kind')
    parser.add_argument('--nice', type=int, default=0, help='the nice value of the hostile clients')
    parser.add_argument('--subscribe', action='store_true', help=argparse.SUPPRESS)
    parser.add_argument('--attack', metavar='EPOCH', help=argparse.SUPPRESS)
    parser.add_argument('options', nargs='*')
    arguments = parser.parse_args()
    if arguments.subscribe:
        return Subscribers(arguments.port).run()
    if arguments.attack:
        return Hostile(arguments.port, arguments.attack, arguments.attacker, arguments.clients).run()
    for is_hostile in (False, True):
        if arguments.only in (None, 'hostile' if is_hostile else 'plain'):
            print(json.dumps(measure(arguments, is_hostile)), flush=True)


main()
