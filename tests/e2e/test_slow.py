"""Slow and vanishing clients and backends: a slow side stops the fast one where nothing is put
aside (else see test_buffering.py), and memory stays bounded."""

import pathlib
import socket
import threading
import time

import pytest

from lab import Client, answer, wait_until
from lab.daemon import SANITIZED
from lab.http import request_bytes

HTTP = """
client_max_body_size 0;
server { listen {port}; location / { %s proxy_pass http://127.0.0.1:{backend}; } }
"""

MEGABYTE = 1 << 20


def resident(pid):
    """Bytes of memory of its own that a process holds."""
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("RssAnon:"):
            return int(line.split()[1]) * 1024
    return 0


def gush(connection, total, sent):
    """Sends a big response as fast as it is taken, and tells in `sent` how much that was."""
    connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % total)
    block = b"x" * 65536
    for amount in range(len(block), total + 1, len(block)):
        connection.socket.sendall(block)
        sent[0] = amount


def gushing(total, sent):
    def handler(connection):
        if connection.request() is not None:
            gush(connection, total, sent)
    return handler


def wait_for_standstill(sent):
    """Until no more can be sent."""
    amounts = [-1, sent[0]]
    while amounts[-1] != amounts[-2]:
        time.sleep(0.3)
        amounts.append(sent[0])


def test_a_client_that_does_not_read_stops_the_backend(lab):
    sent = [0]
    total = 64 * MEGABYTE
    daemon = lab.rpcd(HTTP % "proxy_buffering off;", backend=lab.backend(gushing(total, sent)))
    before = resident(daemon.workers()[0])
    with Client(lab.port, receive_buffer=65536) as client:
        client.send(request_bytes())
        wait_until(lambda: sent[0] > 0, "the first bytes")
        wait_for_standstill(sent)
        # The kernel's buffers hold a few megabytes; the worker must not hold the rest.
        assert sent[0] < total // 2
        assert resident(daemon.workers()[0]) - before < 4 * MEGABYTE
        response = client.response()
        assert len(response.body) == total


def test_a_backend_that_does_not_read_stops_the_client(lab):
    release = threading.Event()

    def handler(connection):
        request = connection.head()
        release.wait(20)
        connection.body_of(request)
        connection.send(answer())

    daemon = lab.rpcd(HTTP % "proxy_request_buffering off;", backend=lab.backend(handler))
    before = resident(daemon.workers()[0])
    total = 64 * MEGABYTE
    sent = [0]

    def send_body(client):
        block = b"x" * 65536
        while sent[0] < total:
            client.socket.sendall(block)
            sent[0] += len(block)

    with Client(lab.port) as client:
        client.send(request_bytes(method="POST", headers=[("Content-Length", str(total))]))
        sender = threading.Thread(target=send_body, args=(client,), daemon=True)
        sender.start()
        time.sleep(0.3)
        wait_for_standstill(sent)
        assert sent[0] < total // 2
        assert resident(daemon.workers()[0]) - before < 4 * MEGABYTE
        release.set()
        sender.join(20)
        assert client.response().status == 200


def test_send_timeout(lab):
    """A client that takes nothing for that long is given up, and the backend let go."""
    sent = [0]
    backend = lab.backend(gushing(256 * MEGABYTE, sent))
    daemon = lab.rpcd(HTTP % "send_timeout 300ms;", backend=backend)
    with Client(lab.port, receive_buffer=4096) as client:
        client.send(request_bytes())
        wait_until(lambda: backend.connections and backend.connections[0].socket.fileno() < 0,
                   "the end of the backend's connection")
        daemon.wait_for_text("timed out")


@pytest.mark.parametrize("buffering", ["on", "off"])
def test_proxy_send_timeout(lab, buffering):
    lab.rpcd(HTTP % f"proxy_send_timeout 300ms; proxy_request_buffering {buffering};",
             backend=lab.backend(lambda connection: time.sleep(5)))
    with Client(lab.port) as client:
        begin = time.monotonic()
        client.send(request_bytes(method="POST", headers=[("Content-Length", str(64 * MEGABYTE)),
                                                          ("Connection", "close")]))
        try:
            for _ in range(1024):
                client.socket.sendall(b"x" * 65536)
        except OSError:
            pass
        status = client.read_rest()[:12]
        assert status in (b"HTTP/1.1 504", b"")
        assert time.monotonic() - begin < 4


PASSED_ON = """
proxy_request_buffering off;
proxy_read_timeout 1s;
upstream early { server 127.0.0.1:{backend}; server 127.0.0.1:{spare} backup; keepalive 4; }
upstream late { server 127.0.0.1:{backend}; server 127.0.0.1:{spare} backup; keepalive 4; }
server {
    listen {port};
    location /early/ { proxy_pass http://early; }
    location /late/ { proxy_pass http://late; }
}
"""


@pytest.mark.parametrize("is_kept", [False, True])
def test_nobody_waits_for_the_backend_while_the_client_is_slow(lab, is_kept):
    """With a pause that is longer than proxy_read_timeout, behind a part of the body that is there when
    the backend is asked, or that comes after: the request is whole and the peer sound."""
    backend, spare = lab.backend(answer(b"asked")), lab.backend(answer(b"spare"))
    lab.rpcd(PASSED_ON, backend=backend, spare=spare)
    with lab.client() as early, lab.client() as late:
        if is_kept:
            assert early.ask("/early/").body == late.ask("/late/").body == b"asked"
        seen = len(backend.requests)
        headers = [("Content-Length", "10")]
        late.send(request_bytes("/late/", "POST", headers))
        backend.wait_for(seen + 1)
        late.send(b"01234")
        early.send(request_bytes("/early/", "POST", headers) + b"01234")
        backend.wait_for(seen + 2)
        time.sleep(1.5)
        for client in early, late:
            client.send(b"56789")
            assert client.response().body == b"asked"
        assert [request.body for request in backend.requests[seen:]] == [b"0123456789"] * 2
        assert early.ask("/early/").body == late.ask("/late/").body == b"asked"
    assert len(backend.connections) == 2


def test_nobody_waits_for_the_backend_while_its_answer_waits_for_the_client(lab):
    """Not even when it reads the rest of the request meanwhile."""
    body, total = b"x" * 8_000_000, 64 * MEGABYTE
    sent = [0]
    release = threading.Event()

    def handler(connection):
        request = connection.head()
        sender = threading.Thread(target=gush, args=(connection, total, sent), daemon=True)
        sender.start()
        release.wait(20)
        connection.body_of(request)
        sender.join()

    backend = lab.backend(handler)
    backend.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
    lab.rpcd(HTTP % "proxy_buffering off; proxy_read_timeout 1s; send_timeout 60s;", backend=backend)
    with Client(lab.port, receive_buffer=65536) as client:
        client.send(request_bytes(method="POST", body=body))
        wait_until(lambda: sent[0] > 0, "the first bytes")
        wait_for_standstill(sent)
        release.set()
        wait_until(lambda: backend.last.body, "the rest of the request")
        time.sleep(1.5)
        assert len(client.response().body) == total


def test_a_client_that_leaves_before_the_response_lets_the_backend_go(lab):
    backend = lab.backend(lambda connection: (connection.request(), connection.read_rest()))
    lab.rpcd(HTTP % "", backend=backend)
    with Client(lab.port) as client:
        client.send(request_bytes())
        backend.wait_for(1)
    wait_until(lambda: backend.connections[0].socket.fileno() < 0, "the end of the connection")


@pytest.mark.parametrize("how", ["close", "reset"])
def test_a_client_that_leaves_within_the_response(lab, how):
    sent = [0]
    backend = lab.backend(gushing(64 * MEGABYTE, sent))
    lab.rpcd(HTTP % "", backend=backend)
    client = Client(lab.port, receive_buffer=65536)
    client.send(request_bytes())
    client.read_exactly(100_000)
    getattr(client, how)()
    wait_until(lambda: backend.connections[0].socket.fileno() < 0, "the end of the connection")
    assert sent[0] < 64 * MEGABYTE


@pytest.mark.parametrize("how", ["close", "reset"])
def test_a_client_that_leaves_within_the_request_body(lab, how):
    """The backend must not take what it got for a whole request."""
    complete = []

    def handler(connection):
        if connection.request():
            complete.append(1)

    backend = lab.backend(handler)
    lab.rpcd("client_body_buffer_size 1k;" + HTTP % "proxy_request_buffering off;", backend=backend)
    client = Client(lab.port)
    client.send(request_bytes(method="POST", headers=[("Content-Length", "200000")]) + b"x" * 150_000)
    time.sleep(0.2)
    getattr(client, how)()
    time.sleep(0.3)
    assert complete == []
    wait_until(lambda: all(c.socket.fileno() < 0 for c in backend.connections), "its end")


def test_clients_that_connect_and_say_nothing(lab):
    daemon = lab.rpcd(HTTP % "", backend=lab.backend())
    idle = [Client(lab.port) for _ in range(200)]
    before = resident(daemon.workers()[0])
    with lab.client() as client:
        assert client.ask().status == 200
    for client in idle:
        client.close()
    if not SANITIZED:  # AddressSanitizer needs memory of its own.
        assert resident(daemon.workers()[0]) <= before + MEGABYTE


def test_many_aborted_requests_leak_nothing(lab):
    backend = lab.backend(lambda connection: (connection.request(), time.sleep(0.02),
                                              connection.send(answer(b"x" * 100_000))))
    daemon = lab.rpcd(HTTP % "", backend=backend)

    def abort_some(count):
        for number in range(count):
            client = Client(lab.port)
            client.send(request_bytes(method="POST" if number % 2 else "GET", body=b"y" * 1000))
            if number % 3:
                client.reset()
            else:
                client.close()

    descriptors = pathlib.Path(f"/proc/{daemon.workers()[0]}/fd")
    abort_some(20)
    time.sleep(0.3)
    before = len(list(descriptors.iterdir()))
    abort_some(200)
    wait_until(lambda: len(list(descriptors.iterdir())) <= before, "closing of all descriptors")
