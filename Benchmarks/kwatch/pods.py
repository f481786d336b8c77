#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""kwatch beside curl on pods of 8 KB, the same bytes for both: a stream and a list.

    python3 pods.py --kwatch .build/release/kwatch [--objects 5000] [--runs 5]

stream: one watch that begins with all pods (resourceVersion=0). A state file makes kwatch ask for it, as a user who
        may watch but not list, so that it asks for nothing else.
list:   curl gets one list without pretty-printing; kwatch --until-now gets the same pods in its pages.
CPU is the process's own (wait4). Prints each run as JSON, then the medians and their ratio to curl's.
"""
import argparse, json, os, platform, signal, statistics, subprocess, sys, time

from bench import Cluster, peak

CONTAINER = {"name": "app", "image": "registry.example.test/shop/app:1", "env": [
    {"name": f"SETTING_{index}", "value": "value-" + "x" * 40} for index in range(36)]}


def pod(index):
    return json.dumps({
        "metadata": {"name": f"pod-{index:05d}", "labels": {"app": "load", "shard": str(index % 10)},
                     "annotations": {"note": "y" * 1500}},
        "spec": {"containers": [CONTAINER]}})


def measure(command, cluster, objects):
    """Runs a command until its output has this many lines, or ends."""
    environment = dict(os.environ, KUBECONFIG=cluster.kubeconfig)
    begin = time.monotonic()
    child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment)
    lines, size, peak_mb = 0, 0, 0
    while objects is None or lines < objects:
        block = os.read(child.stdout.fileno(), 1 << 20)
        if not block:
            break
        lines, size = lines + block.count(b"\n"), size + len(block)
        # The kernel's peak of a process starts at that of its parent when it forked.
        peak_mb = max(peak_mb, peak(child.pid))
    wall = time.monotonic() - begin
    os.kill(child.pid, signal.SIGINT)
    _, _, usage = os.wait4(child.pid, 0)
    return {"cpu": usage.ru_utime + usage.ru_stime, "peak_mb": peak_mb, "wall": wall, "mb": size / 1e6}


def main():
    flags = argparse.ArgumentParser()
    flags.add_argument("--kwatch", required=True)
    flags.add_argument("--objects", type=int, default=5000)
    flags.add_argument("--runs", type=int, default=5)
    options = flags.parse_args()
    cluster = Cluster()
    try:
        cluster.curl([("POST", "/api/v1/namespaces", '{"metadata":{"name":"load"}}')]).wait()
        cluster.curl([("POST", "/api/v1/namespaces/load/pods", pod(index)) for index in range(options.objects)],
                     parallel=True).wait()
        rbac = "/apis/rbac.authorization.k8s.io/v1"
        cluster.curl([("POST", f"{rbac}/clusterroles", json.dumps({
            "metadata": {"name": "watch-only"}, "rules": [{"apiGroups": [""], "resources": ["pods"], "verbs": ["watch"]}]})),
            ("POST", f"{rbac}/clusterrolebindings", json.dumps({
                "metadata": {"name": "watch-only"}, "subjects": [{"kind": "User", "name": "nobody"}],
                "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "watch-only"}}))]).wait()
        nobody = os.path.join(cluster.folder, "nobody.kubeconfig")
        state = os.path.join(cluster.folder, "state")
        scope = "nobody|v1|pods|load|||"
        pods = f"{cluster.url}/api/v1/namespaces/load/pods"
        curl = ["curl", "-sN", "--cacert", cluster.authority, "-H", "Authorization: Bearer admin-token"]
        rows = {
            "stream": {
                "curl": curl + [f"{pods}?watch=true&resourceVersion=0&allowWatchBookmarks=true"],
                "kwatch": [options.kwatch, "pods", "-n", "load", "--kubeconfig", nobody, "--state", state]},
            "list": {
                "curl": curl + [f"{pods}?pretty=false"],
                "kwatch": [options.kwatch, "pods", "-n", "load", "--until-now"]},
        }
        results = {(row, name): [] for row in rows for name in rows[row]}
        for _ in range(options.runs):
            for row, commands in rows.items():
                for name, command in commands.items():
                    with open(state, "w") as file:
                        json.dump({"kwatch": 1, "scopes": [{"scope": scope, "resourceVersion": "0", "objects": []}]}, file)
                    result = measure(command, cluster, options.objects if row == "stream" else None)
                    results[row, name].append(result)
                    print(json.dumps({"row": row, "tool": name, **result}), file=sys.stderr)
        print(f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, "
              f"{options.objects} pods, median of {options.runs}")
        print(f"{'':8}{'':8}{'CPU':>10}{'x curl':>8}{'wall':>10}{'output':>10}{'peak RSS':>10}")
        for row in rows:
            def median(name, key):
                return statistics.median(result[key] for result in results[row, name])
            for name in rows[row]:
                print(f"{row:8}{name:8}{median(name, 'cpu') * 1000:7.0f} ms{median(name, 'cpu') / median('curl', 'cpu'):8.2f}"
                      f"{median(name, 'wall') * 1000:7.0f} ms{median(name, 'mb'):7.1f} MB{median(name, 'peak_mb'):7.1f} MB")
    finally:
        cluster.close()


if __name__ == "__main__":
    main()
