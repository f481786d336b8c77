#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""kwatch beside curl (the limit: bytes to /dev/null, nothing understood) and kubectl (the peer), on one API server.

    python3 bench.py --kwatch .build/release/kwatch [--kubectl kubectl] [--objects 5000] [--events 1000] [--runs 3]

Starts scripts/kube-cluster.sh in a temporary folder, makes configmaps of 3.1 KB, and runs each watcher RUNS times, in
turn: time to the first byte and to all objects, CPU for them, CPU per 1,000 changes at 100 a second, peak RSS.
CPU is the scheduler's own count (/proc/PID/task/*/schedstat, nanoseconds). Prints the medians, and each run as JSON.
"""
import argparse, glob, json, os, platform, select, signal, statistics, subprocess, sys, tempfile, time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
CLUSTER = os.path.join(ROOT, "scripts", "kube-cluster.sh")


class Cluster:
    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="kwatch-bench-")
        subprocess.run([CLUSTER, "up", self.folder], check=True, env=dict(os.environ, OWNER=str(os.getpid())))
        with open(os.path.join(self.folder, "apiserver.port")) as file:
            self.url = f"https://127.0.0.1:{file.read().strip()}"
        self.kubeconfig = os.path.join(self.folder, "admin.kubeconfig")
        self.authority = os.path.join(self.folder, "ca.crt")

    def curl(self, requests, rate=None, parallel=False):
        """Many requests by one curl: (method, path, body)."""
        parts = []
        for method, path, body in requests:
            kind = "application/merge-patch+json" if method == "PATCH" else "application/json"
            parts.append(
                f'silent\nfail\noutput = /dev/null\nurl = "{self.url}{path}"\ncacert = "{self.authority}"\n'
                f'header = "Authorization: Bearer admin-token"\nheader = "Content-Type: {kind}"\n'
                f'request = "{method}"\ndata = {json.dumps(body)}\n')
        name = os.path.join(self.folder, "requests")
        with open(name, "w") as file:
            file.write("next\n".join(parts))
        command = ["curl", "--no-progress-meter", "-K", name] + (["--rate", f"{rate}/s"] if rate else [])
        command += ["--parallel", "--parallel-max", "8"] if parallel else []
        return subprocess.Popen(command)

    def close(self):
        subprocess.run([CLUSTER, "down", self.folder])


MARKER, PRETTY = b'"payload":"', b'"payload": "'


def cpu(pid):
    total = 0
    for name in glob.glob(f"/proc/{pid}/task/*/schedstat"):
        try:
            with open(name) as file:
                total += int(file.read().split()[0])
        except OSError:
            pass
    return total / 1e9


def peak(pid):
    with open(f"/proc/{pid}/status") as file:
        return next((int(line.split()[1]) for line in file if line.startswith("VmHWM")), 0) / 1024


def run(cluster, command, objects, events, rate):
    environment = dict(os.environ, KUBECONFIG=cluster.kubeconfig)
    begin = time.monotonic()
    child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment)
    out = child.stdout.fileno()
    os.set_blocking(out, False)
    result = {"first": None}
    seen, tail, changes, goal, quiet = 0, b"", None, objects, None
    while time.monotonic() - begin < 240:
        if select.select([out], [], [], 0.2)[0]:
            block = os.read(out, 1 << 20)
            if not block:
                break
            if result["first"] is None:
                result["first"] = time.monotonic() - begin
            # Each event has `"payload":"x…` once, in its data. Blocks overlap, so that a match across two is found.
            whole = tail + block
            seen += whole.count(MARKER) + whole.count(PRETTY)
            tail = whole[-(len(PRETTY) - 1):]
            while MARKER in tail or PRETTY in tail:
                tail = tail[1:]
        if changes is None and seen >= goal:
            result["all"] = time.monotonic() - begin
            time.sleep(0.5)
            result["cpu_initial"] = before = cpu(child.pid)
            stamp = str(time.time_ns())
            changes = cluster.curl(
                [("PATCH", f"/api/v1/namespaces/load/configmaps/cm-{index % objects:05d}",
                  json.dumps({"data": {"t": stamp + str(index)}})) for index in range(events)], rate=rate)
        if changes is not None and changes.poll() is not None:
            quiet = quiet or time.monotonic()
            if time.monotonic() - quiet > 1:
                result["cpu_per_1000"] = (cpu(child.pid) - before) * 1000 / events
                break
    result["peak_mb"] = peak(child.pid) if child.poll() is None else None
    child.send_signal(signal.SIGINT)
    try:
        child.wait(5)
    except subprocess.TimeoutExpired:
        child.kill()
    return result


def startup(kwatch, runs=15):
    times = []
    for _ in range(runs):
        begin = time.monotonic()
        subprocess.run([kwatch, "--version"], stdout=subprocess.DEVNULL, check=True)
        times.append(time.monotonic() - begin)
    return min(times), statistics.median(times)


def main():
    flags = argparse.ArgumentParser()
    flags.add_argument("--kwatch", required=True)
    flags.add_argument("--kubectl")
    flags.add_argument("--objects", type=int, default=5000)
    flags.add_argument("--events", type=int, default=1000)
    flags.add_argument("--rate", type=int, default=100)
    flags.add_argument("--runs", type=int, default=3)
    options = flags.parse_args()
    cluster = Cluster()
    try:
        cluster.curl([("POST", "/api/v1/namespaces", '{"metadata":{"name":"load"}}')]).wait()
        cluster.curl([("POST", "/api/v1/namespaces/load/configmaps", json.dumps({
            "metadata": {"name": f"cm-{index:05d}", "labels": {"app": "load", "shard": str(index % 10)},
                         "annotations": {"note": "y" * 200}},
            "data": {"payload": "x" * 2400, "i": str(index), "t": "0"}})) for index in range(options.objects)],
            parallel=True).wait()
        path = f"{cluster.url}/api/v1/namespaces/load/configmaps?watch=true&resourceVersion=0&allowWatchBookmarks=true"
        watchers = {
            "kwatch": [options.kwatch, "configmaps", "-n", "load"],
            "curl": ["curl", "-sN", "--cacert", cluster.authority, "-H", "Authorization: Bearer admin-token", path],
        }
        if options.kubectl:
            watchers["kubectl"] = [options.kubectl, "get", "cm", "-n", "load", "-w", "--output-watch-events", "-o", "json"]
        results = {name: [] for name in watchers}
        for _ in range(options.runs):
            for name, command in watchers.items():
                results[name].append(run(cluster, command, options.objects, options.events, options.rate))
                print(json.dumps({"watcher": name, **results[name][-1]}), file=sys.stderr)
        print(f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, "
              f"{options.objects} objects, {options.events} changes, median of {options.runs}")
        print(f"{'':10}{'first byte':>12}{'all':>10}{'CPU for all':>13}{'CPU/1,000':>12}{'peak RSS':>10}")
        for name, rows in results.items():
            def median(key):
                values = [row[key] for row in rows if row.get(key) is not None]
                return statistics.median(values) if values else float("nan")
            print(f"{name:10}{median('first') * 1000:9.0f} ms{median('all') * 1000:7.0f} ms"
                  f"{median('cpu_initial') * 1000:10.0f} ms{median('cpu_per_1000') * 1000:9.0f} ms{median('peak_mb'):7.1f} MB")
        best, middle = startup(options.kwatch)
        print(f"kwatch --version: {best * 1000:.1f} ms at best, {middle * 1000:.1f} ms median")
    finally:
        cluster.close()


if __name__ == "__main__":
    main()
