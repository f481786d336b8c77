#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A long watch under steady change: every change must be printed once and in order, and memory must not grow.

    python3 soak.py --kwatch .build/release/kwatch [--seconds 1800] [--rate 200] [--objects 2000]

Starts scripts/kube-cluster.sh, makes configmaps, and creates, patches and deletes them at the given rate. The server
names the resourceVersion of each write in its response; kwatch's output must hold exactly these. Reads kwatch's RSS
every ten seconds, and prints it and the CPU each minute. At the end the picture made of kwatch's lines must equal the
server's own list.
Exit status 1: a change was missed or repeated, or memory grew.
"""
import argparse, http.client, json, os, random, signal, ssl, subprocess, sys, tempfile, threading, time

from bench import Cluster, cpu, peak

PATH = "/api/v1/namespaces/load/configmaps"
SETTLING = 120  # seconds after which memory must no longer grow
SAMPLING = 10  # seconds between two readings of memory
GROWTH_MB = 2.0


class Client:
    """One connection on which writes are sent one after the other."""

    def __init__(self, cluster):
        self.context = ssl.create_default_context(cafile=cluster.authority)
        self.port = int(cluster.url.rsplit(":", 1)[1])
        self.connection = None

    def call(self, method, path, body=None):
        headers = {"Authorization": "Bearer admin-token",
                   "Content-Type": "application/merge-patch+json" if method == "PATCH" else "application/json"}
        if self.connection is None:
            self.connection = http.client.HTTPSConnection("127.0.0.1", self.port, context=self.context, timeout=60)
        self.connection.request(method, path, json.dumps(body) if body is not None else None, headers)
        response = self.connection.getresponse()
        data = response.read()
        if response.status >= 300:
            raise RuntimeError(f"{method} {path}: {response.status} {data[:200]}")
        return json.loads(data)


class Reader(threading.Thread):
    """Folds kwatch's lines into a picture, and counts each version that they name."""

    def __init__(self, stream):
        super().__init__(daemon=True)
        self.stream, self.picture, self.seen, self.faults, self.lines = stream, {}, {}, [], 0

    def run(self):
        for line in self.stream:
            self.lines += 1
            event = json.loads(line)
            kind, metadata = event["type"], event["object"]["metadata"]
            name, version = metadata["name"], metadata["resourceVersion"]
            # etcd's own version of a deletion is that of its revision; each version is printed once.
            if version in self.seen:
                self.faults.append(f"{kind} {name} {version} is printed twice")
            self.seen[version] = kind
            if kind == "DELETED":
                if self.picture.pop(name, None) is None:
                    self.faults.append(f"{name} is deleted and was not there")
            else:
                if (kind == "ADDED") != (name not in self.picture):
                    self.faults.append(f"{kind} {name} {version} does not fit what was printed before")
                if name in self.picture and int(self.picture[name]) >= int(version):
                    self.faults.append(f"{name}: {version} after {self.picture[name]}")
                self.picture[name] = version


def rss(pid):
    with open(f"/proc/{pid}/status") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("VmRSS")) / 1024


def write(client, names, serial, random_source):
    """One change; returns the version that the server gave it, None for a deletion."""
    choice = random_source.random()
    if choice < 0.05:
        name = f"cm-{serial:07d}"
        version = client.call("POST", PATH, {"metadata": {"name": name}, "data": {"payload": "x" * 1000, "n": "0"}})
        names.append(name)
    elif choice < 0.10 and len(names) > 10:
        index = random_source.randrange(len(names))
        names[index], names[-1] = names[-1], names[index]
        client.call("DELETE", f"{PATH}/{names.pop()}")
        return None
    else:
        name = random_source.choice(names)
        version = client.call("PATCH", f"{PATH}/{name}", {"data": {"n": str(serial)}})
    return version["metadata"]["resourceVersion"]


def settle(reader, client):
    """Waits until what was printed is what the server has, for a minute at most."""
    end = time.monotonic() + 60
    while True:
        truth = {item["metadata"]["name"]: item["metadata"]["resourceVersion"]
                 for item in client.call("GET", PATH)["items"]}
        if reader.picture == truth or time.monotonic() > end:
            return truth
        time.sleep(0.5)


def main():
    flags = argparse.ArgumentParser()
    flags.add_argument("--kwatch", required=True)
    flags.add_argument("--seconds", type=int, default=1800)
    flags.add_argument("--rate", type=int, default=200)
    flags.add_argument("--objects", type=int, default=2000)
    flags.add_argument("--seed", type=int, default=16)
    options = flags.parse_args()
    cluster = Cluster()
    faults = []
    messages = tempfile.TemporaryFile()
    try:
        cluster.curl([("POST", "/api/v1/namespaces", '{"metadata":{"name":"load"}}')]).wait()
        names = [f"cm-{index:07d}" for index in range(options.objects)]
        cluster.curl([("POST", PATH, json.dumps({"metadata": {"name": name}, "data": {"payload": "x" * 1000, "n": "0"}}))
                      for name in names], parallel=True).wait()
        child = subprocess.Popen([options.kwatch, "configmaps", "-n", "load", "--verbose"], stdout=subprocess.PIPE,
                                 stderr=messages, env=dict(os.environ, KUBECONFIG=cluster.kubeconfig))
        reader = Reader(child.stdout)
        reader.start()
        client, source = Client(cluster), random.Random(options.seed)
        settle(reader, client)
        begin = next_report = next_sample = time.monotonic()
        first_cpu, initial = cpu(child.pid), len(reader.seen)
        settled = begin + min(SETTLING, options.seconds / 3)
        written, deletions, serial, sizes = [], 0, options.objects, []
        while time.monotonic() - begin < options.seconds and child.poll() is None:
            serial += 1
            version = write(client, names, serial, source)
            if version is None:
                deletions += 1
            else:
                written.append(version)
            now = time.monotonic()
            if now >= next_sample:
                size = rss(child.pid)
                if now >= settled:
                    sizes.append(size)
                next_sample += SAMPLING
            if now >= next_report:
                print(f"{now - begin:6.0f} s  {serial - options.objects:7d} changes  {reader.lines:7d} lines  "
                      f"{size:5.1f} MB  {cpu(child.pid) - first_cpu:6.2f} s CPU", flush=True)
                next_report += 60
            time.sleep(max(0, begin + (serial - options.objects) / options.rate - time.monotonic()))
        length, truth = time.monotonic() - begin, settle(reader, client)
        used, top = cpu(child.pid) - first_cpu, peak(child.pid)
        sizes.append(rss(child.pid))
        child.send_signal(signal.SIGTERM)
        child.wait(20)
        reader.join(20)
        changes = serial - options.objects
        missed = [version for version in written if version not in reader.seen]
        printed_deletions = sum(kind == "DELETED" for kind in reader.seen.values())
        faults += reader.faults[:20]
        if missed:
            faults.append(f"{len(missed)} of {len(written)} versions were not printed, first {missed[0]}")
        if printed_deletions != deletions:
            faults.append(f"{printed_deletions} of {deletions} deletions were printed")
        if len(reader.seen) != initial + changes:
            faults.append(f"{len(reader.seen) - initial} changes were printed of {changes}")
        if reader.picture != truth:
            faults.append(f"printed {len(reader.picture)} objects, the server has {len(truth)}, or other versions")
        if max(sizes) > sizes[0] + GROWTH_MB:
            faults.append(f"memory grew from {sizes[0]:.1f} to {max(sizes):.1f} MB")
        print(f"{length:.0f} s, {changes} changes ({changes / length:.0f} a second), {deletions} of them deletions: "
              f"{used / changes * 1e6:.0f} us of CPU each; RSS in {len(sizes)} samples {min(sizes):.1f} to {max(sizes):.1f} MB, "
              f"peak {top:.1f} MB; load {os.getloadavg()[0]:.1f}")
        messages.seek(0)
        watches = sum(b"watch=" in line for line in messages)
        print(f"{watches} watches one after the other, {len(faults)} faults")
        for fault in faults:
            print("FAULT:", fault)
    finally:
        cluster.close()
    sys.exit(1 if faults else 0)


if __name__ == "__main__":
    main()
