#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""CPU of wfilter beside jq, ripgrep, DuckDB and ClickHouse (PyPI's duckdb and chdb) for the same task over the same lines, in one run.

usage: peers.py WFILTER [--megabytes 60] [--runs 3]

ripgrep searches text: what it finds is what a human would type, not what the field says. DuckDB and ClickHouse read NDJSON with
their own readers, on all cores, and print JSON lines. CPU is user and system time, the best of the runs; the start of the process
(and of Python for the two databases) is part of it. `lines` shows whether the answers agree.
"""
import argparse, os, pathlib, shutil, subprocess, sys, tempfile, time

here = pathlib.Path(__file__).resolve().parent
options = argparse.ArgumentParser()
options.add_argument('wfilter')
options.add_argument('--megabytes', type=int, default=60)
options.add_argument('--runs', type=int, default=3)
options = options.parse_args()
folder = pathlib.Path(tempfile.gettempdir()) / 'wfilter-benchmark'
folder.mkdir(exist_ok=True)
W = options.wfilter


def duckdb(select):
    return [sys.executable, '-c', 'import duckdb, sys\nduckdb.sql("COPY (%s) TO \'/dev/stdout\' (FORMAT CSV, HEADER false)".replace("FILE", "\'" + sys.argv[1] + "\'"))' % select, '{}']


def clickhouse(select):
    return [sys.executable, '-c', 'import chdb, sys\nsys.stdout.buffer.write(chdb.query("%s".replace("FILE", "\'" + sys.argv[1] + "\'"), "TSVRaw").bytes())' % select, '{}']


# corpus, task, tool, command; {} is the corpus.
TASKS = [
    ('logs', 'level is error', {
        'wfilter': [W, '-j1', 'level == "error"', '{}'], 'wfilter -j2': [W, '-j2', 'level == "error"', '{}'],
        'rg (text)': ['rg', '-N', '--no-config', '-j1', '"level":"error"', '{}'], 'jq': ['jq', '-c', 'select(.level=="error")', '{}'],
        'DuckDB': duckdb("SELECT json FROM read_ndjson_objects(FILE) WHERE json->>'level' = 'error'"),
        'ClickHouse': clickhouse("SELECT line FROM file(FILE, LineAsString, 'line String') WHERE JSONExtractString(line, 'level') = 'error'")}),
    ('logs', 'a scalar, raw', {
        'wfilter': [W, '-j1', '-r', '--emit', 'path', 'true', '{}'], 'jq': ['jq', '-r', '.path', '{}'],
        'DuckDB': duckdb("SELECT json->>'path' FROM read_ndjson_objects(FILE)"),
        'ClickHouse': clickhouse("SELECT JSONExtractString(line, 'path') FROM file(FILE, LineAsString, 'line String')")}),
    ('logs', 'a list, raw', {
        'wfilter': [W, '-j1', '-r', '--emit', '[ts,level,path]', 'true', '{}'], 'jq': ['jq', '-rc', '[.ts,.level,.path]', '{}']}),
    ('pods', 'phase is not Running', {
        'wfilter': [W, '-j1', 'status.phase != "Running"', '{}'], 'wfilter -j2': [W, '-j2', 'status.phase != "Running"', '{}'],
        'rg (text)': ['rg', '-N', '--no-config', '-j1', '"phase":"[^R]', '{}'], 'jq': ['jq', '-c', 'select(.object.status.phase!="Running")', '{}'],
        'DuckDB': duckdb("SELECT json FROM read_ndjson_objects(FILE) WHERE json->>'$.object.status.phase' <> 'Running'"),
        'ClickHouse': clickhouse("SELECT line FROM file(FILE, LineAsString, 'line String') WHERE JSONExtractString(line, 'object', 'status', 'phase') != 'Running'")}),
    ('pods', 'a scalar, raw', {
        'wfilter': [W, '-j1', '-r', '--emit', 'metadata.name', 'true', '{}'], 'jq': ['jq', '-r', '.object.metadata.name', '{}']}),
    ('pods', 'a list, raw', {
        'wfilter': [W, '-j1', '-r', '--emit', '[type,metadata.name,status.phase]', 'true', '{}'],
        'jq': ['jq', '-rc', '[.type,.object.metadata.name,.object.status.phase]', '{}']}),
    ('pods', 'did anything change', {
        'one field': [W, '-j1', 'old.status.phase != status.phase', '{}'], 'all': [W, '-j1', 'old != self', '{}'],
        'self == self': [W, '-j1', 'self == self', '{}']}),
    ('tiny', 'state', {
        'stateless': [W, '-j1', 'v == "a"', '{}'], '--dedupe': [W, '-j1', '--dedupe', 'k', 'v == "a"', '{}'],
        '--dedupe, all': [W, '-j1', '--dedupe', 'k', 'true', '{}'], 'stateless, all': [W, '-j1', 'true', '{}'],
        '--throttle': [W, '-j1', '--key', 'k', '--throttle', '1s', 'true', '{}'],
        'changes': [W, '-j1', '--key', 'k', 'changes.size() > 0', '{}']}),
]


def run(command, corpus):
    """CPU seconds and lines printed."""
    with open(folder / 'out', 'wb') as out:
        process = subprocess.Popen([part.replace('{}', str(corpus)) for part in command], stdout=out)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = status
    if status:
        sys.exit('%r ended with %d' % (command, status))
    with open(folder / 'out', 'rb') as out:
        return usage.ru_utime + usage.ru_stime, sum(1 for _ in out)


def present(command):
    modules = [m for m in ('duckdb', 'chdb') if 'import ' + m in ''.join(command)]
    return shutil.which(command[0]) and all(subprocess.call([sys.executable, '-c', 'import ' + m], stderr=subprocess.DEVNULL) == 0 for m in modules)


print('%-6s%-22s%-16s%10s%10s%10s%12s' % ('', 'task', 'tool', 'CPU ms', 'ns/B', 'lines', 'of the first'))
for name, task, commands in TASKS:
    corpus = folder / ('%s-%d.ndjson' % (name, options.megabytes))
    if not corpus.exists():
        with open(corpus, 'wb') as out:
            subprocess.check_call([sys.executable, here / 'corpus.py', name, str(options.megabytes)], stdout=out)
    best, lines = {}, {}
    commands = {tool: command for tool, command in commands.items() if present(command)}
    for turn in range(options.runs):
        for tool, command in commands.items():
            cpu, lines[tool] = run(command, corpus)
            best[tool] = min(best.get(tool, cpu), cpu)
    first = next(iter(best.values()))
    for tool, cpu in best.items():
        print('%-6s%-22s%-16s%10.0f%10.2f%10d%12.1f' % (
            name, task, tool, cpu * 1e3, cpu * 1e9 / corpus.stat().st_size, lines[tool], cpu / first), flush=True)
