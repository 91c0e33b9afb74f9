"""Load: no failed request, no growth, no noise, few system calls. RPC_LOAD_SECONDS makes it longer;
30 is what a release is measured with.

Where no request may fail their number is given, and each has to be answered, however long that takes."""

import os
import pathlib
import re
import shutil
import signal
import subprocess
import threading
import time

import pytest

from lab import wait_until
from lab.daemon import SANITIZED, find_nginx

SECONDS = float(os.environ.get("RPC_LOAD_SECONDS", "3"))
REQUESTS = round(SECONDS * (2000 if SANITIZED else 10000))
CONNECTIONS = 256

BACKEND = 'server { listen {port}; keepalive_requests 1000000000; location / { return 200 "%s"; } }'
PROXY = """
upstream group { server 127.0.0.1:{backend}; keepalive 300; keepalive_requests 1000000000; }
server {
    listen {port};
    keepalive_requests 1000000000;
    location / { add_header X-Table %s; proxy_pass http://group; }
}
"""

needs_wrk = pytest.mark.skipif(shutil.which("wrk") is None, reason="no wrk")
needs_h2load = pytest.mark.skipif(shutil.which("h2load") is None, reason="no h2load")
needs_strace = pytest.mark.skipif(shutil.which("strace") is None, reason="no strace")


@pytest.fixture
def site(lab):
    """rpcd in front of a backend that answers as fast as it can: nginx, or rpcd itself."""
    lab.backend_port = lab.new_port()
    text = BACKEND % ("x" * 100)
    if find_nginx():
        lab.nginx(text.replace("{port}", str(lab.backend_port)), events="worker_connections 1024;")
    else:
        lab.rpcd(text.replace("{port}", str(lab.backend_port)), events="worker_connections 1024;")
    lab.daemon = lab.rpcd(PROXY % "one", events="worker_connections 2048;", level="notice",
                          backend=lab.backend_port)
    return lab


def wrk(lab, seconds=SECONDS, connections=CONNECTIONS):
    """Runs wrk; its report as (requests, errors). What is slow is no error."""
    result = subprocess.run(["wrk", "-t", "1", "-c", str(connections), "-d", f"{max(1, round(seconds))}s",
                             "--timeout", "60s", f"http://127.0.0.1:{lab.port}/"],
                            capture_output=True, text=True, timeout=seconds + 60, check=True)
    requests = int(re.search(r"(\d+) requests in", result.stdout).group(1))
    errors = re.findall(r"Socket errors: .*|Non-2xx.*", result.stdout)
    return requests, errors


def start_requests(lab, count=REQUESTS):
    return subprocess.Popen(["h2load", "--h1", "-c", str(CONNECTIONS), "-n", str(count),
                             f"http://127.0.0.1:{lab.port}/"], stdout=subprocess.PIPE, text=True)


def check_answers(load, count=REQUESTS):
    """All of them are answered, and well."""
    said = load.communicate(timeout=240)[0]
    assert f"{count} succeeded, 0 failed, 0 errored, 0 timeout" in said, said
    assert f"status codes: {count} 2xx" in said, said


def resident(pid):
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("RssAnon:"):
            return int(line.split()[1])
    return 0


def settled(lab, worker):
    """Kilobytes that the worker holds under load, once its pools have grown to what they need."""
    before, now = 0, resident(worker)
    for _ in range(6):
        if now - before < 128:
            break
        check_answers(start_requests(lab, 5000), 5000)
        before, now = now, resident(worker)
    return now


@needs_h2load
def test_no_failed_request_no_growth_no_noise(site):
    worker = site.daemon.workers()[0]
    before = 0 if SANITIZED else settled(site, worker)
    noise = site.daemon.text("error.log")
    check_answers(start_requests(site))
    if not SANITIZED:  # AddressSanitizer keeps freed memory for a while.
        # Pools breathe a little; a leak would be some bytes of every request.
        assert (resident(worker) - before) * 1024 < max(1 << 20, 8 * REQUESTS)
    assert site.daemon.text("error.log") == noise
    assert site.daemon.workers() == [worker]


@needs_h2load
def test_reloads_under_load(site):
    """Twenty reloads, alternating two tables."""
    workers = site.daemon.workers()
    load = start_requests(site)
    for number in range(20):
        site.reload(site.daemon, PROXY % ("two" if number % 2 == 0 else "one"), level="notice",
                    events="worker_connections 2048;", backend=site.backend_port)
    check_answers(load)
    assert site.daemon.workers() == workers


@needs_wrk
def test_a_worker_killed_under_load_is_back_at_once(site):
    site.daemon.expects_alerts = True
    results = []
    thread = threading.Thread(target=lambda: results.append(wrk(site, max(SECONDS, 2), 64)))
    thread.start()
    time.sleep(1)
    worker = site.daemon.workers()[0]
    os.kill(worker, signal.SIGKILL)
    wait_until(lambda: site.daemon.children() not in ([], [worker]), "a new worker")
    thread.join()
    requests, errors = results[0]
    assert not any("connect 1" in error for error in errors)
    assert all(re.match(r"Socket errors: connect 0,", error) for error in errors)


def syscalls(worker, action):
    """What `strace -c` counts in a worker while `action` runs."""
    with subprocess.Popen(["strace", "-c", "-f", "-p", str(worker)], stdout=subprocess.DEVNULL,
                          stderr=subprocess.PIPE, text=True) as tracer:
        wait_until(lambda: "TracerPid:\t0" not in pathlib.Path(f"/proc/{worker}/status").read_text(),
                   "strace")
        result = action()
        tracer.send_signal(signal.SIGINT)
        report = tracer.stderr.read()
    counts = {}
    for line in report.splitlines():
        fields = line.split()
        if len(fields) >= 5 and fields[3].isdigit():
            counts[fields[-1]] = int(fields[3])
    counts.pop("total", None)
    return counts, result


@needs_wrk
@needs_strace
@pytest.mark.skipif(SANITIZED, reason="sanitizers make system calls of their own")
def test_system_calls_per_request(site):
    """One read and one write on each side, and a share of the wait."""
    connections = 16
    wrk(site, 1, connections)
    worker = site.daemon.workers()[0]
    try:
        counts, (requests, errors) = syscalls(worker, lambda: wrk(site, 3, connections))
    except AssertionError:
        pytest.skip("strace may not attach here")
    assert errors == []
    waits = sum(counts.get(name, 0) for name in ("epoll_wait", "epoll_pwait", "poll", "ppoll"))
    others = sum(counts.values()) - waits
    # Accepting a client, connecting to the backend and closing cost some calls each.
    assert others <= 4 * requests + 20 * connections, (requests, counts)
    assert waits <= requests + 20 * connections, (requests, counts)
