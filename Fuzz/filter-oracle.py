#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Random and mutated JSON lines through wfilter, compared with Python's json (the first of repeated keys kept) and jq.

usage: filter-oracle.py WFILTER [--seed N] [--lines N] [--rounds N]

A verdict of wfilter is wrong when, with --strict, it passes a line that Python refuses or for which the predicate does not
hold, drops one for which it holds, or counts another number of malformed lines; without --strict, when it drops a line for
which the predicate holds. Ends with 1 and shows the line and the seed.
"""
import argparse, json, random, re, shutil, subprocess, sys

parser = argparse.ArgumentParser()
parser.add_argument('wfilter')
parser.add_argument('--seed', type=int, default=1)
parser.add_argument('--lines', type=int, default=2000)
parser.add_argument('--rounds', type=int, default=1)
options = parser.parse_args()


class Failed(Exception):
    """An expression has no value."""


class Pairs(dict):
    """An object that keeps the first of repeated keys."""
    def __init__(self, pairs):
        super().__init__()
        self.repeats = False
        for key, value in pairs:
            if key in self:
                self.repeats = True
            else:
                self[key] = value


def refuse(name):
    raise ValueError(name)


def read(line):
    """The value of a line, or ValueError."""
    text = line.decode('utf-8')
    if text.startswith('\ufeff'):
        raise ValueError('byte order mark')
    return json.loads(text.strip(' \t\r\n'), object_pairs_hook=Pairs, parse_constant=refuse)


def scope(value, name):
    if not isinstance(value, dict):
        raise Failed
    types = ('ADDED', 'MODIFIED', 'DELETED', 'METRICS', 'BOOKMARK', 'ERROR', 'STATUS')
    is_event = value.get('type') in types and isinstance(value.get('object'), dict) if isinstance(value.get('type'), str) else False
    if is_event and name not in ('type', 'object', 'source'):
        value = value['object']
    return member(value, name)


def member(value, name):
    if not isinstance(value, dict) or name not in value:
        raise Failed
    return value[name]


def same(left, right):
    number = lambda x: isinstance(x, (int, float)) and not isinstance(x, bool)
    if number(left) or number(right):
        return number(left) and number(right) and left == right
    if type(left) is not type(right) and not (isinstance(left, dict) and isinstance(right, dict)):
        return False
    if isinstance(left, list):
        return len(left) == len(right) and all(same(a, b) for a, b in zip(left, right))
    if isinstance(left, dict):
        return left.keys() == right.keys() and all(same(left[k], right[k]) for k in left)
    return left == right


def order(value, literal, relation):
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise Failed
    return relation(value, literal)


def text(value):
    if not isinstance(value, str):
        raise Failed
    return value


def size(value):
    if not isinstance(value, (str, list, dict)):
        raise Failed
    return len(value)


def has(value, name):
    """As in Kubernetes: false of a scalar, an error of a list."""
    if isinstance(value, list):
        raise Failed
    return isinstance(value, dict) and name in value


def any_of(value, test):
    """CEL's exists: true absorbs errors."""
    if not isinstance(value, (list, dict)):
        raise Failed
    failed = False
    for element in value:
        try:
            if test(element):
                return True
        except Failed:
            failed = True
    if failed:
        raise Failed
    return False


def either(*tests):
    failed = False
    for test in tests:
        try:
            if test():
                return True
        except Failed:
            failed = True
    if failed:
        raise Failed
    return False


# CEL, the same in Python, the same in jq where jq agrees on kinds.
PREDICATES = [
    ('a == 1', lambda v: same(scope(v, 'a'), 1), None),
    ('a != "x"', lambda v: not same(scope(v, 'a'), 'x'), None),
    ('a.b == "x"', lambda v: same(member(scope(v, 'a'), 'b'), 'x'), None),
    ('self.a == "é\\""', lambda v: same(member(v, 'a'), 'é"'), 'type == "object" and has("a") and .a == "é\\""'),
    ('self.a == null', lambda v: same(member(v, 'a'), None), 'type == "object" and has("a") and .a == null'),
    ('self.a == true', lambda v: same(member(v, 'a'), True), 'type == "object" and .a == true'),
    ('has(self.a.b)', lambda v: has(member(v, 'a'), 'b'), None),
    ('!has(self.a) || self.a == 1', lambda v: either(lambda: not has(v, 'a'), lambda: same(member(v, 'a'), 1)), None),
    ('a.startsWith("x")', lambda v: text(scope(v, 'a')).startswith('x'), None),
    ('a.endsWith("é")', lambda v: text(scope(v, 'a')).endswith('é'), None),
    ('a.contains("b")', lambda v: 'b' in text(scope(v, 'a')), None),
    ('a in [1, "x", true, null, 2.5]', lambda v: any(same(scope(v, 'a'), x) for x in (1, 'x', True, None, 2.5)), None),
    ('a > 3', lambda v: order(scope(v, 'a'), 3, lambda x, y: x > y), None),
    ('a <= 2.5', lambda v: order(scope(v, 'a'), 2.5, lambda x, y: x <= y), None),
    ('9223372036854775807 < a', lambda v: order(scope(v, 'a'), 9223372036854775807, lambda x, y: x > y), None),
    ('a.exists(e, e == 1)', lambda v: any_of(scope(v, 'a'), lambda e: same(e, 1)), None),
    ('a.exists(e, e.b == 1)', lambda v: any_of(scope(v, 'a'), lambda e: same(member(e, 'b'), 1)), None),
    ('size(a) > 1', lambda v: size(scope(v, 'a')) > 1, None),
    ('a == b', lambda v: same(scope(v, 'a'), scope(v, 'b')), None),
    ('type == "ADDED" && object.a == 1', lambda v: same(member(v, 'type'), 'ADDED') and same(member(member(v, 'object'), 'a'), 1), None),
]

KEYS = ['a', 'b', 'c', 'type', 'object', 'source', 'x' * 40, 'é', 'a"b', 'ab', '']
TEXTS = ['', 'x', 'xyz', 'b', 'é', 'é"', 'ADDED', 'MODIFIED', '\\', '\n', '😀', 'x' * 100, '{"a":1}', '}]', '\u2028', '\x00']
NUMBERS = ['0', '1', '1.0', '-1', '1e0', '2.5', '3', '4', '9223372036854775807', '9223372036854775808', '18446744073709551616',
           '-9223372036854775809', '1e308', '1E-7', '-0', '0.1']


def written(rng, value):
    """A string as JSON, at times with escapes that it does not need."""
    result = '"'
    for c in value:
        if c in '"\\' or c < ' ' or rng.random() < .1:
            if ord(c) > 0xFFFF:
                v = ord(c) - 0x10000
                result += '\\u%04x\\u%04X' % (0xD800 + (v >> 10), 0xDC00 + (v & 0x3FF))
            else:
                result += '\\u%04x' % ord(c)
        else:
            result += c
    return result + '"'


def space(rng):
    return rng.choice([' ', '\t', '  ', '\r']) if rng.random() < .05 else ''


def value(rng, depth=0):
    kind = rng.randrange(10 if depth < 4 else 6)
    if kind < 2:
        return written(rng, rng.choice(TEXTS))
    if kind < 4:
        return rng.choice(NUMBERS)
    if kind < 6:
        return rng.choice(['true', 'false', 'null'])
    parts = []
    for _ in range(rng.randrange(5)):
        part = space(rng) + value(rng, depth + 1) + space(rng)
        if kind > 6:
            part = space(rng) + written(rng, rng.choice(KEYS)) + space(rng) + ':' + part
        parts.append(part)
    return ('{%s}' if kind > 6 else '[%s]') % ','.join(parts)


def line(rng):
    if rng.random() < .4:
        members = ['"type":"%s"' % rng.choice(['ADDED', 'MODIFIED']), '"object":' + value(rng, 1)]
        if rng.random() < .3:
            rng.shuffle(members)
        if rng.random() < .3:
            members.insert(rng.randrange(3), written(rng, rng.choice(KEYS)) + ':' + value(rng, 2))
        text = '{%s}' % ','.join(members)
    elif rng.random() < .9:
        text = '{%s}' % ','.join(
            space(rng) + written(rng, rng.choice(KEYS)) + ':' + value(rng, 1) for _ in range(rng.randrange(6)))
    else:
        text = value(rng)
    data = bytearray((space(rng) + text + space(rng)).encode())
    if rng.random() < .4:
        for _ in range(rng.randrange(1, 4)):
            place = rng.randrange(len(data) + 1)
            action = rng.randrange(4)
            if action == 0:
                del data[place:place + rng.randrange(1, 6)]
            elif action == 1:
                data[place:place] = rng.choice([b'"', b'\\', b'{', b'}', b'[', b']', b',', b':', b'0', b' ', b'\xc3', b'\xff', b'\x01', b'e', b'\\u00'])
            elif action == 2 and place < len(data):
                data[place] = rng.randrange(256)
            else:
                data = data[:place]
    return bytes(data).replace(b'\n', b' ')


def run(arguments, lines):
    done = subprocess.run([options.wfilter, '--stats'] + arguments, input=b'\n'.join(lines) + b'\n', capture_output=True, timeout=120)
    if done.returncode != 0:
        sys.exit('seed %d: %r ended with %d: %s' % (seed, arguments, done.returncode, done.stderr[-400:]))
    malformed = int(re.search(rb'malformed (\d+)', done.stderr).group(1))
    return done.stdout.split(b'\n')[:-1], malformed


def compare(what, expected, seen):
    if expected == seen:
        return
    for index in range(max(len(expected), len(seen))):
        left = expected[index] if index < len(expected) else None
        right = seen[index] if index < len(seen) else None
        if left != right:
            sys.exit('seed %d: %s: expected %r, passed %r' % (seed, what, left, right))


checked = 0
for seed in range(options.seed, options.seed + options.rounds):
    rng = random.Random(seed)
    lines = [line(rng) for _ in range(options.lines)]
    values = []
    for data in lines:
        try:
            values.append((data, read(data), None))
        except (ValueError, RecursionError) as error:
            values.append((data, None, error))
    bad = sum(1 for data, _, error in values if error and data.strip(b' \t\r'))
    for cel, python, jq in PREDICATES:
        expected, plain = [], []
        for data, parsed, error in values:
            if error:
                continue
            try:
                holds = python(parsed)
            except Failed:
                holds = False
            if holds:
                expected.append(data)
        arguments = ['-j', str(rng.randrange(1, 4)), '--control', 'match']
        seen, malformed = run(arguments + ['--strict', cel], lines)
        compare(cel, expected, seen)
        if malformed != bad:
            sys.exit('seed %d: %s: %d lines malformed, not %d' % (seed, cel, malformed, bad))
        seen, _ = run(arguments + [cel], lines)
        wanted = set(expected)
        compare(cel + ' (quick)', expected, [data for data in seen if data in wanted])
        checked += 2 * len(lines)
        if jq and shutil.which('jq'):
            repeats = lambda v: isinstance(v, dict) and (getattr(v, 'repeats', False) or any(map(repeats, v.values()))) or \
                isinstance(v, list) and any(map(repeats, v))
            once = [data for data, parsed, error in values if not error and not repeats(parsed) and b'\\ud' not in data.lower()]
            answers = subprocess.run(['jq', '-c', jq], input=b'\n'.join(once) + b'\n', capture_output=True).stdout.split(b'\n')[:-1]
            wanted = [data for data, answer in zip(once, answers) if answer == b'true']
            compare(cel + ' (jq)', wanted, run(arguments + [cel], once)[0])
print('%d verdicts compared, seeds %d to %d' % (checked, options.seed, options.seed + options.rounds - 1))
