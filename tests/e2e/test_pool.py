"""Connections to backends that are kept: how many there are, how long, and how many requests each
carries."""

import socket
import threading
import time

import pytest

from lab import Client, answer, wait_until
from lab.http import request_bytes

DIRECT = "server { listen {port}; location / { proxy_pass http://127.0.0.1:{backend}; } }"

GROUP = """
upstream group { server 127.0.0.1:{backend}; %s }
server { listen {port}; location / { proxy_pass http://group; } }
"""


def ask_many(lab, count):
    with lab.client() as client:
        for _ in range(count):
            assert client.ask().status == 200


def test_one_connection_serves_many_requests(lab):
    """By default, as in nginx since 1.29.7."""
    backend = lab.backend()
    lab.rpcd(GROUP % "", backend=backend)
    ask_many(lab, 50)
    ask_many(lab, 50)
    assert len(backend.connections) == 1
    assert len(backend.requests) == 100


def test_connections_of_a_literal_address(lab):
    backend = lab.backend()
    lab.rpcd(DIRECT, backend=backend)
    ask_many(lab, 20)
    assert len(backend.requests) == 20


def test_at_most_so_many_idle_connections_are_kept(lab):
    def slow(connection):
        while connection.request():
            time.sleep(0.1)
            connection.send(answer())

    backend = lab.backend(slow)
    lab.rpcd(GROUP % "keepalive 2;", backend=backend)
    clients = [Client(lab.port) for _ in range(6)]
    for client in clients:
        client.send(request_bytes())
    for client in clients:
        assert client.response().status == 200
        client.close()
    assert len(backend.connections) == 6

    def open_connections():
        return sum(connection.socket.fileno() >= 0 for connection in backend.connections)

    wait_until(lambda: open_connections() == 2, "closing of all but two connections")
    ask_many(lab, 3)
    assert len(backend.connections) == 6


def test_keepalive_requests(lab):
    backend = lab.backend()
    lab.rpcd(GROUP % "keepalive 4; keepalive_requests 5;", backend=backend)
    ask_many(lab, 20)
    assert len(backend.connections) == 4


def test_keepalive_timeout(lab):
    backend = lab.backend()
    lab.rpcd(GROUP % "keepalive 4; keepalive_timeout 200ms;", backend=backend)
    ask_many(lab, 2)
    assert len(backend.connections) == 1
    wait_until(lambda: backend.connections[0].socket.fileno() < 0, "closing of the idle connection")
    ask_many(lab, 2)
    assert len(backend.connections) == 2


def test_a_backend_that_says_close_is_not_asked_again(lab):
    def handler(connection):
        connection.request()
        connection.send(answer(headers=[("Connection", "close")]))
        connection.head()  # Would record a request.

    backend = lab.backend(handler)
    lab.rpcd(GROUP % "", backend=backend)
    ask_many(lab, 4)
    assert len(backend.connections) == 4
    assert len(backend.requests) == 4


def test_http_1_0_backends_are_not_kept(lab):
    def handler(connection):
        connection.request()
        connection.send(b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok")
        connection.head()

    backend = lab.backend(handler)
    lab.rpcd(GROUP % "", backend=backend)
    ask_many(lab, 3)
    assert len(backend.connections) == 3


def test_connection_close_set_by_configuration(lab):
    backend = lab.backend()
    lab.rpcd("proxy_set_header Connection close;" + GROUP % "", backend=backend)
    ask_many(lab, 3)
    assert len(backend.connections) == 3
    assert backend.last.get("Connection") == "close"


def test_a_backend_that_closes_idle_connections_is_no_error(lab):
    def handler(connection):
        connection.request()
        connection.send(answer())

    backend = lab.backend(handler)
    daemon = lab.rpcd(GROUP % "", backend=backend)
    for _ in range(5):
        ask_many(lab, 1)
        time.sleep(0.05)
    assert "[error]" not in daemon.text("error.log")


def test_peers_have_connections_of_their_own(lab):
    backends = [lab.backend(answer(b"a")), lab.backend(answer(b"b"))]
    lab.rpcd("""upstream group { server 127.0.0.1:{first}; server 127.0.0.1:{second}; keepalive 4; }
        server { listen {port}; location / { proxy_pass http://group; } }""",
             first=backends[0], second=backends[1])
    with lab.client() as client:
        assert [client.ask().body for _ in range(6)] == [b"a", b"b"] * 3
    assert [len(backend.connections) for backend in backends] == [1, 1]


def test_unread_requests_close_the_connection_to_the_backend(lab):
    """A client that goes away in the middle of its body leaves a connection nobody may reuse."""
    backend = lab.backend()
    lab.rpcd("client_body_buffer_size 1k; proxy_request_buffering off;" + GROUP % "", backend=backend)
    with lab.client() as client:
        client.send(request_bytes(method="POST", headers=[("Content-Length", "100000")]) + b"x" * 50_000)
        time.sleep(0.2)
    ask_many(lab, 2)
    assert [request.method for request in backend.requests if request.framing != ""][-1] == "GET"


LARGE_REQUESTS = """
large_client_header_buffers 8 2m;
client_max_body_size 0;
client_body_buffer_size 16m;
proxy_read_timeout 2s;
upstream group { server 127.0.0.1:{backend}; keepalive 4; }
server {
    listen {port};
    location / { proxy_pass http://group; }
    location /made/ { proxy_set_body $request_body; proxy_pass http://group; }
}
"""


@pytest.mark.parametrize("large", [
    request_bytes("/made/", "POST", body=b"x" * 8_000_000),
    request_bytes("/head/", headers=[(f"X-{number}", "x" * 2_000_000) for number in range(4)]),
], ids=["body that the configuration makes", "head"])
def test_an_answer_before_all_of_the_request_is_out(lab, large):
    """What is left of the request is still due on its connection: nobody else may be asked there."""
    release = threading.Event()

    def early(connection):
        line = connection.read_until(b"\r\n")
        connection.buffer = line + connection.buffer
        if b"/next" not in line:
            connection.send(answer(b"early"))
            release.wait(20)
            connection.request()
        while (request := connection.request()) is not None:
            connection.send(answer(request.target.encode()))

    backend = lab.backend(early)
    backend.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
    lab.rpcd(LARGE_REQUESTS, backend=backend)
    with lab.client() as client:
        client.send(large)
        assert client.response().body == b"early"
        client.send(request_bytes("/next"))
        release.set()
        response = client.response()
    assert (response.status, response.body) == (200, b"/next")
