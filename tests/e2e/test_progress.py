"""What a terminal is shown of a long run, and that nobody else sees any of it.

A run is long here because its input comes late, so that it is long on every machine."""

import os
import pty
import re
import subprocess
import time

import pytest

from lab.daemon import RPC

ERASE = "\r\x1b[K"
SERVERS = 600
SITE = "\n".join(f"server {{ listen 8080; server_name s{number}.example; "
                 f"location / {{ return 200; }} }}" for number in range(SERVERS)) + "\n"
LATE = 0.7


def read_all(descriptor):
    """Until the other side of a terminal is closed, which reads as an error."""
    data = b""
    try:
        while chunk := os.read(descriptor, 65536):
            data += chunk
    except OSError:
        pass
    return data.decode()


def run(arguments, text=SITE, wait=LATE, term="xterm"):
    """What is written to a terminal as standard error, and the exit status."""
    terminal, side = pty.openpty()
    process = subprocess.Popen([RPC, *arguments], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
                               stderr=side, env={**os.environ, "TERM": term, "NO_COLOR": "1"})
    os.close(side)
    time.sleep(wait)
    with process.stdin:
        process.stdin.write(text.encode())
    shown = read_all(terminal)
    os.close(terminal)
    return shown, process.wait(60)


def left_over(shown):
    """What remains visible in the end."""
    lines = []
    for line in shown.replace("\r\n", "\n").split("\n"):
        lines.append(line.rpartition(ERASE)[2])
    return "\n".join(lines)


@pytest.mark.parametrize("command, arguments, phases", [
    ("compile", ["-o", os.devnull], ["reading", "understanding", "writing the table"]),
    ("lint", [], ["reading", "understanding", "checking"]),
])
def test_a_long_run_shows_phases_and_counts(command, arguments, phases):
    shown, status = run([command, *arguments, "-"])
    assert status == 0
    parts = [part for part in shown.split(ERASE) if part]
    for part in parts:
        assert re.fullmatch(rf"rpc {command}: [a-z ]+, \d+ (of \d+ )?(statements|servers|rules)", part)
        assert len(part) < 80
        assert part[len(f"rpc {command}: "):].split(",")[0] in phases
    assert parts[0].startswith(f"rpc {command}: reading, ")
    assert left_over(shown) == ""


def test_a_short_run_shows_nothing():
    for command in (["compile", "-o", os.devnull], ["lint"]):
        assert run([*command, "-"], wait=0) == ("", 0)


def test_what_is_reported_stands_alone():
    """The line is gone before anything else is printed."""
    text = SITE + "server { listen 8080; nonsense; }\n"
    shown, status = run(["compile", "-o", os.devnull, "-"], text)
    assert status == 2
    assert "rpc compile: reading, " in shown
    result = subprocess.run([RPC, "compile", "-o", os.devnull, "-"], input=text, text=True,
                            capture_output=True, timeout=60, env={**os.environ, "NO_COLOR": "1"})
    assert left_over(shown) == result.stderr
    assert 'unknown directive "nonsense"' in result.stderr


def test_a_terminal_that_cannot_erase_shows_nothing():
    assert run(["compile", "-o", os.devnull, "-"], term="dumb") == ("", 0)


def test_what_is_no_terminal_gets_nothing():
    with subprocess.Popen([RPC, "compile", "-o", os.devnull, "-"], stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          env={**os.environ, "TERM": "xterm"}) as process:
        time.sleep(LATE)
        assert process.communicate(SITE.encode(), timeout=60) == (b"", b"")
    assert process.returncode == 0
