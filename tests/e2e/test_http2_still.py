"""While nothing moves, nothing runs: whoever holds up streams and connections of HTTP/2, on either
side, costs the worker no CPU time."""

import contextlib
import os
import signal
import struct
import threading

import pytest

from lab import answer, wait_until_still
from lab.http import request_bytes
from lab.http2 import Server, frame
from lab.http2_client import (DATA, END_STREAM, HEADERS, INITIAL_WINDOW_SIZE, MAX_CONCURRENT_STREAMS, PING,
                              SETTINGS, Http2Client)

SITE = """
http2 on;
keepalive_requests 3;
client_max_body_size 0;
upstream h2 { server 127.0.0.1:{backend}; keepalive 4; }
server {
    listen {port};
    location / { proxy_pass http://127.0.0.1:{backend}; }
    location /here { return 200 here; }
    location /stream/ { proxy_request_buffering off; proxy_buffering off; proxy_pass http://127.0.0.1:{backend}; }
    location /abort/ { proxy_ignore_client_abort on; proxy_pass http://127.0.0.1:{backend}; }
    location /two/ { proxy_http_version 2; proxy_request_buffering off; proxy_buffering off; proxy_pass http://h2; }
    location /full/ { proxy_http_version 2; proxy_max_temp_file_size 0; proxy_pass http://h2; }
}
"""


def cpu_time(daemon):
    """What the workers have used, in ticks, and how often they have gone to sleep."""
    used = []
    for worker in daemon.workers():
        fields = open(f"/proc/{worker}/stat").read().rpartition(")")[2].split()
        status = open(f"/proc/{worker}/status").read()
        used.append((*fields[11:13], *[line for line in status.splitlines() if "voluntary_ctxt" in line]))
    return used


def comes_to_rest(daemon):
    wait_until_still(lambda: cpu_time(daemon), "the worker")


def closing(connection):
    connection.request()
    connection.is_closed(20)


def stuck(connection):
    """Reads a head and nothing else."""
    connection.head()
    connection.backend.gate.wait(20)


@pytest.fixture
def site(lab):
    gate = threading.Event()
    daemons = []

    def start(handler):
        backend = lab.backend(handler)
        backend.gate = gate
        daemons.append(lab.rpcd(SITE, backend=backend))
        return daemons[0]
    yield start
    daemons[0].stop(signal.SIGTERM)  # what is stuck would take its time
    gate.set()


# --- clients ---

@pytest.mark.parametrize("window", [0, 1])
@pytest.mark.parametrize("path", ["/", "/stream/", "/here"])
def test_streams_without_windows(lab, site, path, window):
    daemon = site(answer(b"x" * 300_000))
    with Http2Client(lab.port, settings=[(INITIAL_WINDOW_SIZE, window)], opens_windows=False) as client:
        for _ in range(100):
            client.request(path)
        client.ping()
        comes_to_rest(daemon)


@pytest.mark.parametrize("path", ["/", "/stream/"])
def test_a_connection_without_a_window(lab, site, path):
    daemon = site(answer(b"x" * 300_000))
    with Http2Client(lab.port, settings=[(INITIAL_WINDOW_SIZE, 2**31 - 1)], opens_windows=False) as client:
        for _ in range(20):
            client.request(path)
        client.ping()
        comes_to_rest(daemon)


@pytest.mark.parametrize("path", ["/", "/stream/"])
def test_a_client_that_does_not_read(lab, site, path):
    daemon = site(answer(b"x" * 5_000_000))
    with Http2Client(lab.port, settings=[(INITIAL_WINDOW_SIZE, 2**31 - 1)], receive_buffer=4096) as client:
        client.open_window(0, 2**30)
        for _ in range(10):
            client.request(path)
        comes_to_rest(daemon)


@pytest.mark.parametrize("data", [b"", b"\0\0", frame(HEADERS, 0, 1, b"\x82"), frame(DATA, 0, 1, b"x")[:10]])
def test_a_client_that_stops_in_the_middle(lab, site, data):
    daemon = site(closing)
    with Http2Client(lab.port) as client:
        client.ping()
        client.send(data)
        comes_to_rest(daemon)


@pytest.mark.parametrize("path", ["/", "/stream/", "/here", "/two/"])
def test_a_body_that_does_not_come(lab, site, path):
    daemon = site(stuck)
    with Http2Client(lab.port) as client:
        client.request(path, method="POST", body=b"x", end=False)
        client.ping()
        comes_to_rest(daemon)


def test_a_client_that_should_go(lab, site):
    """It was told so, has a request open, and says nothing."""
    daemon = site(closing)
    with Http2Client(lab.port) as client:
        for _ in range(4):
            client.request("/")
        client.send_frame(PING, 0, 0, b"12345678")
        comes_to_rest(daemon)


def test_a_client_that_has_gone(lab, site):
    daemon = site(closing)
    with Http2Client(lab.port) as client:
        client.request("/abort/")
        client.ping()
    comes_to_rest(daemon)


# --- backends ---

def test_a_backend_that_does_not_read(lab, site):
    daemon = site(stuck)
    with Http2Client(lab.port) as client:
        stream = client.request("/stream/", method="POST", end=False)
        room = 65535
        while room > 0 or client.opened.get(stream, 0) > 0:
            room += client.opened.pop(stream, 0)
            client.send_data(stream, b"x" * min(room, 16384), end=False)
            room -= min(room, 16384)
            client.read_for(0.1)
        comes_to_rest(daemon)


def saying(*settings):
    """Reads everything, and lets the other side do no more than that."""
    def handler(connection):
        connection.send(frame(SETTINGS, 0, 0, b"".join(struct.pack(">HI", *entry) for entry in settings)))
        while connection.fill():
            connection.take(len(connection.buffer))
    return handler


def in_the_middle_of_a_head(connection):
    server = Server(connection)
    request = server.head()
    server.raw(frame(HEADERS, 0, request.stream, b"\x88"))
    server.until(lambda: False)


def in_the_middle_of_a_frame(connection):
    server = Server(connection)
    server.respond(server.head(), b"begin", end=False)
    server.raw(frame(DATA, END_STREAM, 1, b"x" * 100)[:20])
    server.until(lambda: False)


def answering_at_once(connection):
    """While the rest of the body does not come."""
    server = Server(connection)
    server.respond(server.head(), b"x" * 1_000_000, end=False)
    server.until(lambda: False)


def without_preface(connection):
    connection.is_closed(20)
    connection.backend.gate.wait(20)


@pytest.mark.parametrize("path", ["/two/", "/full/"])
@pytest.mark.parametrize("handler", [
    saying((INITIAL_WINDOW_SIZE, 0)), saying((INITIAL_WINDOW_SIZE, 100)), saying((MAX_CONCURRENT_STREAMS, 0)),
    in_the_middle_of_a_head, in_the_middle_of_a_frame, answering_at_once, without_preface])
def test_a_backend_that_stops(lab, site, path, handler):
    daemon = site(handler)
    with lab.client(receive_buffer=4096) as client:
        client.send(request_bytes(path, method="POST", headers=[("Content-Length", "3000000")]))
        with contextlib.suppress(TimeoutError):
            client.socket.settimeout(1.0)
            client.send(os.urandom(3_000_000))
        comes_to_rest(daemon)


def test_a_slow_client_of_a_backend_that_sends(lab, site):
    def handler(connection):
        server = Server(connection)
        with contextlib.suppress(OSError):
            server.respond(server.head(), b"x" * 30_000_000)
    daemon = site(handler)
    with Http2Client(lab.port, settings=[(INITIAL_WINDOW_SIZE, 100_000)], opens_windows=False) as client:
        stream = client.request("/two/")
        client.open_window(stream, 1)
        client.send_frame(PING, 0, 0, struct.pack(">Q", 1))
        comes_to_rest(daemon)
