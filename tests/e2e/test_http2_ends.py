"""How streams and connections of HTTP/2 end where it is not the usual way: clients that leave or do
not go, answers that are none, heads that are too large for what HTTP/2 libraries expect."""

import os
import subprocess
import threading
import time

import pytest

from lab import answer, wait_until
from lab.http import Incomplete
from lab.http2 import Server
from lab.http2_client import ACK, INITIAL_WINDOW_SIZE, PING, Http2Client

UPGRADE = """
http2 on;
server {
    listen {port};
    location / {
        proxy_set_header Upgrade websocket; proxy_set_header Connection upgrade;
        proxy_pass http://127.0.0.1:{backend};
    }
}
"""

ABORTS = """
http2 on;
log_format seen $status;
access_log {folder}/access.log seen;
server {
    listen {port};
    client_max_body_size 0;
    proxy_ignore_client_abort on;
    location / { proxy_pass http://127.0.0.1:{backend}; }
    location /stream/ { proxy_request_buffering off; proxy_pass http://127.0.0.1:{backend}; }
}
"""


def test_an_upgrade_that_nobody_asked_for(lab):
    """The configuration asks for it, the backend agrees, and the client's stream is no tunnel."""
    def handler(connection):
        while connection.request():
            connection.send(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
                            b"Connection: Upgrade\r\n\r\n")
    lab.rpcd(UPGRADE, backend=lab.backend(handler))
    with Http2Client(lab.port) as client:
        assert client.ask("/").status == 502


@pytest.mark.parametrize("path", ["/", "/stream/"])
@pytest.mark.parametrize("how", ["reset", "close"])
def test_a_client_that_leaves_while_it_sends(lab, path, how):
    """Its request will never be whole, so there is nothing to go on with."""
    gate = threading.Event()

    def handler(connection):
        connection.head()
        gate.wait(20)
    rpcd = lab.rpcd(ABORTS, backend=lab.backend(handler))
    with Http2Client(lab.port) as client:
        stream = client.request(path, method="POST", body=b"x" * 100, end=False)
        client.ping()
        if how == "reset":
            client.reset_stream(stream)
            client.ping()
            wait_until(lambda: rpcd.connections() == 1, "the end of the backend's connection")
    wait_until(lambda: rpcd.connections() == 0, "the end of all connections")
    assert rpcd.wait_for_line() == "499"
    gate.set()


def test_a_client_that_leaves_when_all_is_sent(lab):
    """The backend gets the whole request, and its answer is waited for."""
    gate = threading.Event()
    bodies = []

    def handler(connection):
        request = connection.head()
        gate.wait(20)
        connection.body_of(request)
        bodies.append(len(request.body))
        connection.send(answer(b"done"))
    rpcd = lab.rpcd(ABORTS, backend=lab.backend(handler))
    with Http2Client(lab.port) as client:
        client.request("/stream/", method="POST", body=b"x" * 65000)
        client.ping()
    gate.set()
    assert rpcd.wait_for_line() == "200"
    assert bodies == [65000]


class Stubborn(Http2Client):
    """Does not answer pings, and so does not say that it has read the first GOAWAY."""

    def note(self, received):
        if received.kind != PING or received.flags & ACK:
            super().note(received)


def test_a_client_that_does_not_go(lab):
    """It is told which stream is the last, and those after it are not answered."""
    lab.rpcd("server { listen {port}; http2 on; keepalive_requests 3; location / { return 200 x; } }")
    with Stubborn(lab.port) as client:
        last = client.request("/")
        with pytest.raises((Incomplete, OSError)):
            deadline = time.monotonic() + 10
            while time.monotonic() < deadline:  # one is open at any time
                following = client.request("/")
                client.response(last)
                last = following
        assert len(client.goaways) == 2


def test_a_large_head_of_an_answer(lab, tmp_path):
    """Larger than what nghttp2 would send by itself."""
    fields = "".join(f"X-{number}: {os.urandom(500).hex()}\r\n" for number in range(100))
    backend = lab.backend(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n%s\r\nok" % fields.encode())
    lab.rpcd("""http2 on; server { listen {port};
        proxy_buffer_size 256k; proxy_buffers 8 256k; proxy_busy_buffers_size 256k;
        location / { proxy_pass http://127.0.0.1:{backend}; } }""", backend=backend)
    said = subprocess.run(["curl", "-sS", "--http2-prior-knowledge", "-m", "20", "-D", "-",
                           f"http://127.0.0.1:{lab.port}/"], capture_output=True, check=True).stdout
    assert said.endswith(b"\r\n\r\nok")
    assert all(line.lower() in said for line in fields.lower().encode().split(b"\r\n"))


def test_trailers_need_no_window(lab):
    """A client that has got all it has room for need not make more before the end comes."""
    gate = threading.Event()

    def handler(connection):
        server = Server(connection)
        request = server.request()
        server.respond(request, b"0123456789", end=False)
        gate.wait(20)
        server.h2.send_headers(request.stream, [("grpc-status", "0")], end_stream=True)
        server.flush()
        server.until(lambda: False)
    lab.rpcd("http2 on; server { listen {port}; location / { grpc_pass grpc://127.0.0.1:{backend}; } }",
             backend=lab.backend(handler))
    with Http2Client(lab.port, settings=[(INITIAL_WINDOW_SIZE, 10)], opens_windows=False) as client:
        stream = client.request("/", method="POST", body=b"x")
        wait_until(lambda: client.read_frame() and stream in client.streams
                   and client.streams[stream].body == b"0123456789", "the body")
        gate.set()
        assert client.response(stream).trailers == [("grpc-status", "0")]
