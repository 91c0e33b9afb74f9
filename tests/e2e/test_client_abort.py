"""Either side that ends before the other is done: clients that leave, backends that answer before
they have read the request."""

import os
import select
import signal
import socket
import threading
import time

import pytest

from lab import Client, answer, wait_until
from lab.http import request_bytes
from lab.http2_client import Http2Client

HTTP = """
log_format told "$status $bytes_sent $upstream_status $upstream_response_length";
upstream group { server 127.0.0.1:{backend}; keepalive 4; }
server {
    listen {port};
    access_log access.log told;
    location / { proxy_pass http://group; }
    location /on/ { proxy_ignore_client_abort on; proxy_pass http://group; }
    location /streamed { proxy_request_buffering off; client_max_body_size 0; proxy_pass http://group; }
}
"""

LARGE = 5_000_000


class Slow:
    """A backend that waits before it answers, and knows what became of its answer."""

    def __init__(self, size):
        self.size = size
        self.may_answer = threading.Event()
        self.sent = 0
        self.has_ended = threading.Event()

    def __call__(self, connection):
        while connection.request():
            watcher = threading.Thread(target=self.watch, args=(connection,), daemon=True)
            if not self.may_answer.is_set():
                watcher.start()
            self.may_answer.wait(20)
            connection.send(answer(b"x" * self.size))
            self.sent += 1

    def watch(self, connection):
        while not self.may_answer.is_set():
            try:
                if connection.socket.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT) == b"":
                    self.has_ended.set()
                    self.may_answer.set()
            except BlockingIOError:
                time.sleep(0.005)
            except OSError:
                self.has_ended.set()
                return


def leave(client, how):
    if how == "reset":
        client.reset()
    else:
        client.close()


@pytest.mark.parametrize("how", ["close", "reset"])
def test_the_backend_is_left_with_the_client(lab, how):
    slow = Slow(10)
    backend = lab.backend(slow)
    daemon = lab.rpcd(HTTP, backend=backend)
    client = Client(lab.port)
    client.send(request_bytes("/"))
    backend.wait_for(1)
    leave(client, how)
    assert slow.has_ended.wait(5)
    assert daemon.wait_for_line() == "499 0 - 0"


@pytest.mark.parametrize("how", ["close", "reset"])
@pytest.mark.parametrize("size", [10, LARGE])
def test_the_exchange_goes_on_alone(lab, how, size):
    """The answer is read to its end and dropped; the connection to the backend can be used again."""
    slow = Slow(size)
    backend = lab.backend(slow)
    daemon = lab.rpcd(HTTP, backend=backend)
    client = Client(lab.port)
    client.send(request_bytes("/on/"))
    backend.wait_for(1)
    leave(client, how)
    assert not slow.has_ended.wait(0.2)
    slow.may_answer.set()
    line = daemon.wait_for_line().split()
    assert (line[0], line[2], line[3]) == ("200", "200", str(size))
    wait_until(lambda: slow.sent == 1, "the end of the answer")
    with lab.client() as client:
        assert client.ask("/on/").body == b"x" * size
    assert len(backend.connections) == 1


def test_goes_on_when_the_client_leaves_within_the_answer(lab):
    slow = Slow(LARGE)
    slow.may_answer.set()
    daemon = lab.rpcd(HTTP, backend=lab.backend(slow))
    with lab.client(receive_buffer=4096) as client:
        client.send(request_bytes("/on/"))
        client.read_until(b"\r\n\r\n")
    assert daemon.wait_for_line().split()[3] == str(LARGE)
    wait_until(lambda: slow.sent == 1, "the end of the answer")


def test_a_client_that_ended_only_its_own_side_gets_the_answer(lab):
    slow = Slow(LARGE)
    backend = lab.backend(slow)
    lab.rpcd(HTTP, backend=backend)
    with lab.client() as client:
        client.send(request_bytes("/on/"))
        client.socket.shutdown(socket.SHUT_WR)
        backend.wait_for(1)
        assert not slow.has_ended.wait(0.1)
        slow.may_answer.set()
        assert len(client.response().body) == LARGE
        assert client.is_closed()


GONE_AT_ONCE = """
log_format told "$status $uri";
server {
    listen {host}:{port};
    access_log access.log told;
    location / { proxy_pass http://127.0.0.1:{backend}; }
    location /here { return 200 here; }
}
"""


@pytest.mark.parametrize("how, requests, lines", [
    ("close", request_bytes("/get"), ["499 /get"]),
    ("reset", request_bytes("/get"), ["499 /get"]),
    ("close", request_bytes("/post", method="POST", body=b"whole"), ["499 /post"]),
    ("reset", request_bytes("/post", method="POST", body=b"whole"), ["499 /post"]),
    ("close", request_bytes("/here") + request_bytes("/get"), ["200 /here", "499 /get"]),
], ids=["get", "get-reset", "post", "post-reset", "pipelined"])
def test_a_client_whose_end_comes_with_its_request(lab, how, requests, lines):
    """Both lie there when the worker looks, so that it hears of the end but once."""
    backend = lab.backend(Slow(10))
    pair = lab.pair(GONE_AT_ONCE, backend=backend)
    for daemon, address in zip((pair.nginx, pair.rpcd), pair.addresses()):
        workers = daemon.workers()
        for worker in workers:
            os.kill(worker, signal.SIGSTOP)
        client = Client(address)
        client.send(requests)
        leave(client, how)
        for worker in workers:
            os.kill(worker, signal.SIGCONT)
        daemon.wait_for_line(len(lines))
        assert daemon.lines() == lines


# --- answers before the request was read ---

def wait_for_end(connection):
    """Until the other side has closed, without reading what it sent."""
    poll = select.poll()
    poll.register(connection.socket, select.POLLRDHUP)
    poll.poll(10_000)


def early(size, then):
    """Reads a head, answers, reads the rest or not. Who is going to close says so: else the connection
    might be kept until then, and the next body be lost with it."""
    headers = [("Connection", "close")] if then in ("slam", "close", "stay") else []

    def handler(connection):
        while request := connection.head():
            connection.send(answer(b"early" * size, "413 Too Large", headers))
            if then == "slam":
                return
            if then == "close":
                connection.socket.shutdown(socket.SHUT_WR)
                connection.read_rest()
                return
            if then == "stay":
                wait_for_end(connection)
                return
            connection.body_of(request)
    return handler


@pytest.mark.parametrize("path", ["/", "/streamed"])
@pytest.mark.parametrize("size, then", [(1, "slam"), (1, "close"), (1, "stay"), (1, "read"),
                                        (200_000, "close"), (200_000, "stay"), (200_000, "read")])
def test_answer_before_the_body_was_read(lab, path, then, size):
    """The client gets it whole, whatever became of its body, and then a whole next one."""
    body = b"b" * 900_000
    lab.rpcd(HTTP, backend=lab.backend(early(size, then)))
    for _ in range(3):
        with lab.client() as client:
            sender = threading.Thread(target=lambda: client.send(request_bytes(path, "PUT", body=body)))
            sender.start()
            response = client.response()
            sender.join()
            assert (response.status, response.body) == (413, b"early" * size)
            if not client.is_closed(0.1):
                client.socket.settimeout(20)
                assert client.ask(path).status == 413


def test_answer_while_the_client_still_sends(lab):
    """It goes out at once, not when the body is there."""
    lab.rpcd(HTTP, backend=lab.backend(early(1, "read")))
    with lab.client() as client:
        client.send(request_bytes("/streamed", "PUT", [("Content-Length", "1000000")]) + b"b" * 1000)
        assert client.response().status == 413
        client.send(b"b" * 999_000)
        assert client.ask("/streamed").status == 413


def test_closing_after_the_answer_is_no_error(lab):
    def handler(connection):
        if connection.request():
            connection.send(answer(b"x" * LARGE))

    lab.rpcd(HTTP, backend=lab.backend(handler))
    with lab.client() as client:
        for _ in range(5):
            assert len(client.ask().body) == LARGE


MINDED = """
log_format told "$request_uri $status $upstream_status";
server {
    listen {host}:{port} {h2};
    access_log access.log told;
    location / { auth_request /auth; proxy_pass http://127.0.0.1:{backend}; }
    location = /auth { proxy_ignore_client_abort on; proxy_pass http://127.0.0.1:{judge}; }
    location /led { proxy_ignore_client_abort on; proxy_pass http://127.0.0.1:{judge}; }
    location /inner { internal; proxy_pass http://127.0.0.1:{backend}; }
    location /tried { proxy_ignore_client_abort on; proxy_intercept_errors on; error_page 404 = /inner; proxy_pass http://127.0.0.1:{judge}; }
    location /stays { auth_request /auth; proxy_ignore_client_abort on; proxy_pass http://127.0.0.1:{backend}; }
}
"""


class Gate:
    """A backend that answers when it may, and leads to another location."""

    def __init__(self):
        self.may_answer = threading.Event()

    def __call__(self, connection):
        while request := connection.request():
            self.may_answer.wait(20)
            status = "404 Not Found" if request.target == "/tried" else "200 OK"
            headers = [("X-Accel-Redirect", "/inner")] if request.target == "/led" else []
            connection.send(answer(b"", status, headers))


@pytest.mark.parametrize("how", ["close", "reset"])
@pytest.mark.parametrize("path, line", [
    ("/", "/ 499 -"), ("/led", "/led 499 200 : -"), ("/tried", "/tried 499 404 : -"), ("/stays", "/stays 200 200")])
def test_a_client_that_left_before_anybody_minded(lab, path, line, how):
    """It counts as gone once a location without proxy_ignore_client_abort is to answer, which asks no
    backend for nobody."""
    gate, slow = Gate(), Slow(10)
    pair = lab.pair(MINDED, judge=lab.backend(gate), backend=lab.backend(slow), h2="")
    for daemon, address in zip((pair.nginx, pair.rpcd), pair.addresses()):
        gate.may_answer.clear()
        client = Client(address)
        client.send(request_bytes(path))
        lab.backends[0].wait_for(1 + (daemon is pair.rpcd))
        leave(client, how)
        gate.may_answer.set()
        if path == "/stays":
            slow.may_answer.set()
        assert daemon.wait_for_line() == line


@pytest.mark.parametrize("is_reset", [False, True])
@pytest.mark.parametrize("path, line", [
    ("/", "/ 499 -"), ("/led", "/led 499 200 : -"), ("/tried", "/tried 499 404 : -"), ("/stays", "/stays 200 200")])
def test_a_stream_that_left_before_anybody_minded(lab, path, line, is_reset):
    """nginx learns of it when it sends the answer."""
    gate, slow = Gate(), Slow(10)
    daemon = lab.rpcd(MINDED, judge=lab.backend(gate), backend=lab.backend(slow), h2="http2")
    with Http2Client(("127.0.0.1", lab.port)) as client:
        stream = client.request(path)
        lab.backends[0].wait_for(1)
        if is_reset:
            client.reset_stream(stream)
            client.ping()
        else:
            client.close()
        gate.may_answer.set()
        if path == "/stays":
            slow.may_answer.set()
        assert daemon.wait_for_line() == line
