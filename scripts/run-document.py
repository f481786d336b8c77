#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs the commands in a document, and compares what they print with what the document says.

run-document.py DOCUMENT [--update]

A ```console block holds commands, `$ ` before the first line of each and `> ` before the others, and their output, stdout and
stderr together. All blocks of a document run in one bash session, in a copy of examples/ and an empty home folder. In the
expected output `…` stands for any text in a line, and a line that is only `…` for any number of lines. A block after the
comment `<!-- not run: REASON -->` is left out. Ports 4222 and 8080 become free ones. With --update the document gets what was
printed, but lines that already match stay as they are.
"""
import os, pathlib, re, shutil, signal, socket, subprocess, sys, tempfile, threading

repository = pathlib.Path(__file__).resolve().parent.parent
MARK = "===END-OF-OUTPUT==="


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return str(s.getsockname()[1])


class Step:
    """A command of a block, with the lines of the document that its expected output takes."""

    def __init__(self, command, first):
        self.command, self.first, self.expected = command, first, []


def steps_of(lines):
    inside, skipped, steps = False, False, []
    for number, line in enumerate(lines):
        if not inside:
            if line.startswith("```console"):
                inside = True
            elif line.strip():
                skipped = line.startswith("<!-- not run:")
        elif line.startswith("```"):
            inside, skipped = False, False
        elif skipped:
            continue
        elif line.startswith("$ "):
            steps.append(Step(line[2:], number + 1))
        elif line.startswith("> ") and steps and not steps[-1].expected:
            steps[-1].command += "\n" + line[2:]
            steps[-1].first = number + 1
        elif steps:
            steps[-1].expected.append(line)
    return steps


def line_matches(expected, line):
    return re.fullmatch(".*".join(map(re.escape, expected.split("…"))), line) is not None


def matches(expected, printed):
    if not expected:
        return not printed
    if expected[0] == "…":
        return any(matches(expected[1:], printed[n:]) for n in range(len(printed) + 1))
    return bool(printed) and line_matches(expected[0], printed[0]) and matches(expected[1:], printed[1:])


class Session:
    def __init__(self, ports):
        self.ports = ports
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="document."))
        shutil.copytree(repository / "examples", self.folder / "examples")
        (self.folder / "scripts").symlink_to(repository / "scripts")
        environment = {
            "PATH": os.environ["PATH"] + ":/usr/sbin", "HOME": str(self.folder), "LC_ALL": "C.UTF-8", "TZ": "UTC",
            "TMPDIR": str(self.folder), "KUBECONFIG": os.environ.get("KUBECONFIG", ""),
        }
        # A new session, so that everything that it leaves running can be ended.
        self.bash = subprocess.Popen(
            ["bash", "--norc"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            cwd=self.folder, env=environment, start_new_session=True)

    def there(self, text):
        for name, port in self.ports.items():
            text = re.sub(rf"(?<![0-9]){name}(?![0-9])", port, text)
        return text

    def back(self, text):
        for name, port in self.ports.items():
            text = text.replace(port, name)
        return text

    def run(self, command):
        if self.bash.poll() is not None:
            return ["(the session has ended: a command before took longer than a minute)"]
        self.bash.stdin.write(f"{{ {self.there(command)}\n}} </dev/null\necho; echo '{MARK}'\n")
        self.bash.stdin.flush()
        watchdog = threading.Timer(60, self.kill)
        watchdog.start()
        printed = []
        for line in self.bash.stdout:
            if line.rstrip("\n") == MARK:
                break
            printed.append(self.back(line.rstrip("\n")))
        watchdog.cancel()
        # The blank line before the mark ends a last line without a newline. Otherwise it is superfluous.
        return printed[:-1] if printed and not printed[-1] else printed

    def kill(self):
        os.killpg(self.bash.pid, signal.SIGKILL)

    def close(self):
        for number in (signal.SIGTERM, signal.SIGKILL):
            try:
                os.killpg(self.bash.pid, number)
                self.bash.wait(3)
            except (ProcessLookupError, subprocess.TimeoutExpired):
                pass
        shutil.rmtree(self.folder, ignore_errors=True)


def main():
    path = pathlib.Path(sys.argv[1])
    update = "--update" in sys.argv
    lines = path.read_text().split("\n")
    steps = steps_of(lines)
    session = Session({"4222": free_port(), "8080": free_port()})
    failures, edits = 0, []
    try:
        for step in steps:
            printed = session.run(step.command)
            if matches(step.expected, printed):
                continue
            if update:
                edits.append((step, printed))
                continue
            failures += 1
            print(f"{path.name}:{step.first}: $ {step.command}\n--- the document says\n" + "\n".join(step.expected)
                  + "\n--- it printed\n" + "\n".join(printed), file=sys.stderr)
    finally:
        session.close()
    for step, printed in reversed(edits):
        lines[step.first:step.first + len(step.expected)] = printed
    if edits:
        path.write_text("\n".join(lines))
    print(f"{path.name}: {len(steps)} commands, {failures} wrong, {len(edits)} updated")
    sys.exit(1 if failures else 0)


main()
