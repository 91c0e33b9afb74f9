"""slowhttptest, a tool that wears servers out with slow clients, in all of its modes: others are served
as ever meanwhile, the attackers are sent away in time, and nothing is left of them."""

import collections
import pathlib
import shutil
import subprocess

import pytest

from lab import answer, wait_until
from lab.daemon import SANITIZED

ATTACKERS = 100
MEGABYTE = 1 << 20
LARGE = 4 * MEGABYTE  # more than sockets keep
BOUND = 128 << 10  # of what one client may cost: a head, the proxy_buffers, what the libraries keep

HTTP = """
log_format attack '$status $request_uri';
access_log access.log attack;
client_header_timeout 2s;
client_body_timeout 1s;
send_timeout 1s;
keepalive_requests 1000000;
sendfile on;
upstream small { server 127.0.0.1:{backend}; keepalive 0; }
upstream large { server 127.0.0.1:{large}; keepalive 0; }
server {
    listen {port};
    location = /body { proxy_pass http://small; }
    location = /ordinary { access_log off; proxy_pass http://small; }
    location = /file { root {folder}; }
    location = /proxied { proxy_pass http://large; }
}
"""

HEADERS = ["-H"]
BODY = ["-B"]
RANGES = ["-R", "-t", "GET", "-a", "5", "-b", "900"]
READ = ["-X", "-w", "512", "-y", "1024", "-n", "3", "-z", "32"]

# What is attacked how; the line of the access log that each attacker leaves.
ATTACKS = {
    "headers": ("/", HEADERS, "408 /"),
    "body": ("/body", BODY, "408 /body"),
    "ranges of a file": ("/file", RANGES, "200 /file"),
    "reading a file": ("/file", READ, "200 /file"),
    "reading a backend's answer": ("/proxied", READ, "200 /proxied"),
}


def largest_memory(pid):
    """The most that a process has ever held, in bytes."""
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) * 1024


def is_socket(link):
    try:
        return link.readlink().name.startswith("socket:")
    except FileNotFoundError:  # closed since it was listed
        return False


def sockets(pid):
    return sum(map(is_socket, pathlib.Path(f"/proc/{pid}/fd").iterdir()))


@pytest.fixture(scope="module", autouse=True)
def tool():
    if shutil.which("slowhttptest") is None:
        pytest.skip("no slowhttptest here")


def attack(lab, target, mode):
    return subprocess.Popen(
        ["slowhttptest", *mode, "-c", str(ATTACKERS), "-r", str(ATTACKERS), "-i", "2", "-l", "4",
         "-u", f"http://127.0.0.1:{lab.port}{target}"],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


@pytest.mark.parametrize("name", ATTACKS)
def test_others_are_served(lab, name):
    target, mode, line = ATTACKS[name]
    backend = lab.backend()
    large = lab.backend(answer(b"x" * LARGE))
    daemon = lab.rpcd(HTTP, backend=backend, large=large)
    (daemon.folder / "file").write_bytes(b"x" * LARGE)
    worker, = daemon.workers()
    with lab.client() as client:
        assert client.ask("/ordinary").status == 200
        before = sockets(worker)
        peak = largest_memory(worker)
        tool = attack(lab, target, mode)
        answered = 0
        while tool.poll() is None:
            with lab.client() as another:  # new ones get in, too
                assert another.ask("/ordinary").body == b"ok"
            response = client.ask("/ordinary", method="POST", body=b"y" * 1000)
            assert (response.status, response.body) == (200, b"ok")
            answered += 2
        assert answered > 20
        wait_until(lambda: sockets(worker) <= before, "the end of all attackers")
        wait_until(lambda: daemon.text("access.log").splitlines().count(line) >= ATTACKERS,
                   "a line for each attacker")
    lines = collections.Counter(daemon.text("access.log").splitlines())
    assert set(lines) <= {line, f"200 {target}", f"404 {target}"}, lines
    if name.startswith("reading"):
        daemon.wait_for_text("client timed out while the response was sent to it")
        assert daemon.text("error.log").count("client timed out while") >= ATTACKERS
    if not SANITIZED:  # AddressSanitizer keeps what was freed
        assert largest_memory(worker) <= peak + ATTACKERS * BOUND
    assert daemon.workers() == [worker]
