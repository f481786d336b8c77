# SPDX-License-Identifier: Apache-2.0
"""Types a command line into an interactive shell, presses Tab, and prints what the line has become.

complete.py SHELL COMPLETION-SCRIPT TEXT
"""
import os, pty, re, select, subprocess, sys, tempfile, time

shell, script, text = sys.argv[1:]
home = tempfile.mkdtemp()
setup = {
    "bash": "PS1='% '; bind 'set enable-bracketed-paste off'; source '{script}'; "
            "bind -x '\"\\C-t\": printf \"<<%s>>\" \"$READLINE_LINE\"'; echo re''ady",
    "zsh": "PROMPT='%% '; unsetopt zle_bracketed_paste; autoload -Uz compinit; compinit -u -D; source '{script}'; "
           "show() {{ print -rn -- \"<<$BUFFER>>\" }}; zle -N show; bindkey '^T' show; echo re''ady",
    "fish": "function fish_prompt; echo '% '; end; source '{script}'; "
            "bind \\ct 'echo -n \"<<\"(commandline)\">>\"'; echo re''ady",
}[shell].format(script=script)
command = {"bash": ["bash", "--norc", "-i"], "zsh": ["zsh", "-f", "-i"], "fish": ["fish", "-N", "-i"]}[shell]

pid, terminal = pty.fork()
if pid == 0:
    os.environ.update(HOME=home, TERM="xterm", XDG_CONFIG_HOME=home, XDG_DATA_HOME=home)
    os.execvp(command[0], command)


def read_until(pattern, seconds=20):
    seen, end = "", time.monotonic() + seconds
    while time.monotonic() < end:
        if select.select([terminal], [], [], 0.1)[0]:
            try:
                seen += os.read(terminal, 65536).decode(errors="replace")
            except OSError:
                break
        # fish asks what terminal this is, and waits for the answer.
        if "\x1b[c" in seen or "\x1b[0c" in seen:
            os.write(terminal, b"\x1b[?62;c")
            seen = seen.replace("\x1b[c", "").replace("\x1b[0c", "")
        found = re.search(pattern, seen, re.S)
        if found:
            return found
    sys.exit(f"{shell}: no {pattern!r} in {seen!r}")


os.write(terminal, (setup + "\n").encode())
read_until("ready")
# In one write, the keys would be taken for a paste.
for key in text, "\t", "\x14":
    os.write(terminal, key.encode())
    time.sleep(0.05)
print(read_until(f"<<({re.escape(text.split()[0])}.*?)>>").group(1))
os.close(terminal)
