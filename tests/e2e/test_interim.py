"""Interim responses (RFC 9110 15.2): what a backend says before its answer, and what of it the client
gets. nginx drops them all by default; none may break the exchange."""

import socket

import pytest

from lab import answer, wait_until
from lab.http import request_bytes

HTTP = """
upstream group { server 127.0.0.1:{first}; }
server {
    listen {port};
    proxy_buffer_size 16k;
    proxy_buffers 4 16k;
    location / { proxy_pass http://group; proxy_hide_header X-Secret; }
    location /streamed { proxy_request_buffering off; proxy_pass http://group; }
}
"""

HINTS = (b"HTTP/1.1 103 Early Hints\r\nLink: </style.css>; rel=preload\r\nX-Secret: 1\r\n"
         b"Connection: X-Hop\r\nX-Hop: 1\r\nServer: backend\r\nDate: now\r\nX-Accel-Expires: 1\r\n\r\n")
PROCESSING = b"HTTP/1.1 102 Processing\r\n\r\n"
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


def telling(*parts):
    """Answers every request with these bytes, each part in a packet of its own."""
    def handler(connection):
        connection.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        while connection.request():
            for part in parts:
                connection.send(part)
    return handler


def responses(client, method="GET"):
    """Everything up to the final response."""
    received = [client.response(method)]
    while received[-1].status < 200:
        received.append(client.response(method))
    return received


@pytest.mark.parametrize("parts", [(HINTS, PROCESSING, answer(b"done")),
                                   (HINTS + PROCESSING + answer(b"done"),),
                                   tuple(bytes([byte]) for byte in HINTS + PROCESSING) + (answer(b"done"),)])
def test_passed_to_clients_of_1_1(lab, parts):
    lab.rpcd(HTTP, first=lab.backend(telling(*parts)))
    with lab.client() as client:
        for _ in range(3):
            client.send(request_bytes())
            hints, processing, final = responses(client)
            assert (hints.start, hints.headers) == (
                "HTTP/1.1 103 Early Hints", [("Link", "</style.css>; rel=preload")])
            assert (processing.start, processing.headers) == ("HTTP/1.1 102 Processing", [])
            assert (final.status, final.body) == (200, b"done")


def test_none_to_clients_of_1_0(lab):
    lab.rpcd(HTTP, first=lab.backend(telling(HINTS, PROCESSING, answer(b"done"))))
    with lab.client() as client:
        response = client.ask(version="HTTP/1.0")
        assert (response.status, response.body) == (200, b"done")
        assert client.received.startswith(b"HTTP/1.1 200")


def test_continue_is_ours(lab):
    """The proxy has met the expectation already: the client gets one 100, whatever the backend says."""
    lab.rpcd(HTTP, first=lab.backend(telling(CONTINUE, CONTINUE, answer(b"done"))))
    for path in ("/", "/streamed"):
        with lab.client() as client:
            client.send(request_bytes(path, "PUT", [("Expect", "100-continue"), ("Content-Length", "3")]))
            assert client.response().status == 100
            client.send(b"abc")
            assert [response.status for response in responses(client)] == [200]
            client.send(request_bytes(path))
            assert [response.status for response in responses(client)] == [200]


def test_unknown_ones_pass_too(lab):
    lab.rpcd(HTTP, first=lab.backend(telling(b"HTTP/1.1 199 Hm\r\nX-A: b\r\n\r\n", answer(b"done"))))
    with lab.client() as client:
        client.send(request_bytes())
        first, final = responses(client)
        assert (first.status, first.headers, final.body) == (199, [("X-A", "b")], b"done")


def test_large_ones_leave_room_for_the_answer(lab):
    large = b"HTTP/1.1 103 Early Hints\r\nLink: " + b"x" * 10000 + b"\r\n\r\n"
    lab.rpcd(HTTP, first=lab.backend(telling(large * 3 + answer(b"done", headers=[("X-A", "y" * 10000)]))))
    with lab.client() as client:
        client.send(request_bytes())
        received = responses(client)
        assert [response.status for response in received] == [103, 103, 103, 200]
        assert received[-1].get("X-A") == "y" * 10000


def test_an_endless_series_ends(lab):
    def endless(connection):
        connection.request()
        while True:
            connection.send(PROCESSING * 100)

    daemon = lab.rpcd(HTTP, first=lab.backend(endless))
    with lab.client() as client:
        client.send(request_bytes())
        received = responses(client)
        assert received[-1].status == 502
        assert len(received) == 1001
        assert client.ask().status in (102, 502)
    daemon.wait_for_text("too many interim responses")


def test_silence_after_one_times_out(lab):
    def silent(connection):
        connection.request()
        connection.send(PROCESSING)
        connection.read_rest()

    lab.rpcd("proxy_read_timeout 300ms;" + HTTP, first=lab.backend(silent))
    with lab.client() as client:
        client.send(request_bytes())
        assert [response.status for response in responses(client)] == [102, 504]


def test_a_client_that_does_not_read_is_told_no_more(lab):
    """What it does not take is not kept for it without end."""
    large = b"HTTP/1.1 103 Early Hints\r\nLink: " + b"x" * 8000 + b"\r\n\r\n"
    done = []

    def flooding(connection):
        connection.request()
        for _ in range(900):
            connection.send(large)
        connection.send(answer(b"done"))
        done.append(True)

    lab.rpcd(HTTP, first=lab.backend(flooding))
    with lab.client(receive_buffer=4096) as client:
        client.send(request_bytes())
        wait_until(lambda: done, "the end at the backend")
        received = responses(client)
        assert received[-1].body == b"done"
        assert len(received) < 900


def test_another_backend_after_hints(lab):
    """Hints of a backend that fails then are no answer: the next one gives it."""
    def failing(connection):
        if connection.request():
            connection.send(HINTS)

    lab.rpcd("""
upstream group { server 127.0.0.1:{first}; server 127.0.0.1:{second}; }
server { listen {port}; location / { proxy_pass http://group; } }
""", first=lab.backend(failing), second=lab.backend(answer(b"second")))
    with lab.client() as client:
        client.send(request_bytes())
        assert [response.status for response in responses(client)] == [103, 200]


@pytest.mark.parametrize("head", [b"HTTP/1.1 103 Early\r\nX : y\r\n\r\n",
                                  b"HTTP/1.1 103 Early\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
                                  b"HTTP/1.1 103\x00\r\n\r\n"])
def test_garbled_ones_are_refused(lab, head):
    lab.rpcd(HTTP, first=lab.backend(telling(head + answer(b"done"))))
    with lab.client() as client:
        assert client.ask().status == 502
