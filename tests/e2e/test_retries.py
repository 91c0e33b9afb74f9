"""proxy_next_upstream: after which failures another peer is asked, which of them count against the
peer, what the client gets in the end. The reference is nginx, request for request."""

import concurrent.futures
import itertools
import os
import pathlib
import signal
import threading
import time

import pytest

from lab import Client, answer, wait_until
from lab.http import Incomplete, request_bytes

STATUSES = {500: "Internal Server Error", 502: "Bad Gateway", 503: "Service Unavailable",
            504: "Gateway Time-out", 403: "Forbidden", 404: "Not Found", 429: "Too Many Requests",
            501: "Not Implemented"}


def closing(connection):
    connection.request()


def resetting(connection):
    connection.request()
    connection.reset()


def silent(connection):
    connection.request()
    connection.read_rest()


def sending(data):
    def handler(connection):
        if connection.request():
            connection.send(data)
    return handler


FAILURES = {
    "refused": None,
    "closed": closing,
    "reset": resetting,
    "silent": silent,
    "half a head": sending(b"HTTP/1.1 200 OK\r\nContent-Le"),
    "bad head": sending(b"HTTP/1.1 200 OK\r\nX-A: b\x00c\r\n\r\n"),
    "broken body": sending(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc"),
    **{f"status {status}": answer(b"bad", f"{status} {reason}") for status, reason in STATUSES.items()},
}

ALL = ("error timeout invalid_header http_500 http_502 http_503 http_504 http_403 http_404 http_429")

CONDITIONS = {
    "default": "",
    "off": "proxy_next_upstream off;",
    "off wins": "proxy_next_upstream error off timeout;",
    "error": "proxy_next_upstream error;",
    "timeout": "proxy_next_upstream timeout;",
    "header": "proxy_next_upstream invalid_header;",
    "statuses": "proxy_next_upstream http_500; proxy_next_upstream HTTP_404 http_403 http_504;",
    "all": f"proxy_next_upstream {ALL};",
    "all, any method": f"proxy_next_upstream {ALL} non_idempotent;",
    "one try": f"proxy_next_upstream {ALL}; proxy_next_upstream_tries 1;",
    "two tries": f"proxy_next_upstream {ALL}; proxy_next_upstream_tries 2;",
    "many tries": f"proxy_next_upstream {ALL}; proxy_next_upstream_tries 9;",
    "no time": f"proxy_next_upstream {ALL}; proxy_next_upstream_timeout 500ms;",
}

GROUPS = {
    "the last is sound": "server {bad}; server {bad}; server {good};",
    "none is sound": "server {bad}; server {bad};",
    "alone": "server {bad};",
}

CASES = list(itertools.product(GROUPS, FAILURES, CONDITIONS))


@pytest.fixture(scope="module")
def pair(shared_lab):
    lab = shared_lab
    good = lab.backend(answer(b"good"))
    ports = {name: lab.backend(failure).port if failure else lab.new_port()
             for name, failure in FAILURES.items()}
    upstreams, locations = "", ""
    for number, (group, failure, conditions) in enumerate(CASES):
        servers = GROUPS[group].replace("{bad}", f"127.0.0.1:{ports[failure]}")
        servers = servers.replace("{good}", f"127.0.0.1:{good.port}")
        for kind in ("GET", "POST"):
            upstreams += f"upstream u{number}{kind} {{ {servers} }}\n"
            locations += (f"location /{number}/{kind}/ {{ {CONDITIONS[conditions]} "
                          f"proxy_pass http://u{number}{kind}; }}\n")
    http = """
proxy_http_version 1.1; proxy_set_header Connection close; proxy_read_timeout 600ms;
add_header X-Tried $upstream_addr always; add_header X-Statuses $upstream_status always;
""" + upstreams + "server { listen {host}:{port};\n" + locations + "}\n"
    result = lab.pair(http, events="worker_connections 2048;")
    result.names = {f"127.0.0.1:{port}": "bad" for port in ports.values()}
    result.names[f"127.0.0.1:{good.port}"] = "good"
    return result


def told(pair, message):
    """What the client sees of one answer."""
    tried = message.get("X-Tried", "")
    for address, name in pair.names.items():
        tried = tried.replace(address, name)
    body = message.body if message.get("Content-Type") is None else b"page"
    return message.status, body, tried, message.get("X-Statuses")


def ask(pair, address, number, method):
    """A few requests in a row: what the first ones did to the peers shows in the later ones."""
    answers = []
    # Where all are out of use nginx asks nobody for a while, and rpcd all of them again.
    for _ in range(1 if CASES[number][0] == "none is sound" else 3):
        with Client(address) as client:
            try:
                body = b"0123456789" if method == "POST" else None
                answers.append(told(pair, client.ask(f"/{number}/{method}/", method=method, body=body)))
            except Incomplete as error:
                answers.append(("incomplete", error.received[-3:]))
    return answers


@pytest.mark.parametrize("verb", ["GET", "POST"])
@pytest.mark.parametrize("group", GROUPS)
@pytest.mark.parametrize("failure", FAILURES)
def test_as_nginx(pair, group, failure, verb):
    numbers = [number for number, case in enumerate(CASES) if case[:2] == (group, failure)]
    with concurrent.futures.ThreadPoolExecutor(len(numbers)) as pool:
        nginx, rpcd = (list(pool.map(lambda number: ask(pair, address, number, verb), numbers))
                       for address in pair.addresses())
    assert dict(zip(CONDITIONS, rpcd)) == dict(zip(CONDITIONS, nginx))


def test_all_good_requests_stay_with_their_peers(lab):
    """What is no failure asks nobody else."""
    first, second = lab.backend(answer(b"1", "501 Not Implemented")), lab.backend(answer(b"2"))
    lab.rpcd("""
upstream group { server 127.0.0.1:{first}; server 127.0.0.1:{second}; }
server { listen {port}; location / { proxy_next_upstream %s; proxy_pass http://group; } }
""" % ALL, first=first, second=second)
    with lab.client() as client:
        assert [client.ask().status for _ in range(4)] == [501, 200, 501, 200]


def test_the_time_limit_counts_from_the_first_attempt(lab):
    slow = [lab.backend(silent) for _ in range(4)]
    servers = " ".join(f"server 127.0.0.1:{backend.port};" for backend in slow)
    lab.rpcd("upstream group { %s }" % servers + """
server { listen {port}; location / {
    proxy_read_timeout 200ms; proxy_next_upstream_timeout 300ms;
    add_header X-Statuses $upstream_status always;
    proxy_pass http://group;
} }
""")
    with lab.client() as client:
        begun = time.monotonic()
        response = client.ask()
        assert response.get("X-Statuses") == "504, 504"
        assert 0.35 < time.monotonic() - begun < 1.0


def is_stopped(pid):
    return pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "T"


def test_the_end_of_an_empty_body_reaches_the_next_peer(lab):
    """It comes together with the reset of the first peer, and goes to the second."""
    go, gone = threading.Event(), threading.Event()

    def failing(connection):
        connection.head()
        go.wait(20)
        connection.reset()
        gone.set()

    first, second = lab.backend(failing), lab.backend(answer(b"second"))
    daemon = lab.rpcd("""
upstream group { server 127.0.0.1:{first}; server 127.0.0.1:{second}; }
server { listen {port}; proxy_request_buffering off; proxy_read_timeout 2s;
    location / { proxy_pass http://group; } }
""", first=first, second=second)
    worker = daemon.workers()[0]
    with lab.client() as client:
        client.send(request_bytes(method="PUT", headers=[("Transfer-Encoding", "chunked")]))
        first.wait_for(1)
        os.kill(worker, signal.SIGSTOP)
        try:
            wait_until(lambda: is_stopped(worker), "the worker's stop")
            client.send(b"0\r\n\r\n")
            go.set()
            assert gone.wait(20)
        finally:
            os.kill(worker, signal.SIGCONT)
        response = client.response()
    assert (response.status, response.body) == (200, b"second")
    assert (second.last.framing, second.last.body) == ("chunked", b"")
