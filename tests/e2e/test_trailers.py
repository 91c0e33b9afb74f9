"""Trailers: those of responses pass when proxy_pass_trailers and the client's TE say so, those of
requests never."""

import pytest

from lab import wait_until
from lab.http import Incomplete, chunked, request_bytes

HTTP = """
server {
    listen {port};
    proxy_set_header TE trailers; proxy_set_header Connection te;
    location / { proxy_pass_trailers on; proxy_hide_header X-Hidden; proxy_pass http://127.0.0.1:{backend}; }
    location /off/ { proxy_pass http://127.0.0.1:{backend}; }
}
"""

FIELDS = b"X-Sum: 12\r\nx-Hidden: 1\r\nContent-Length: 3\r\nTransfer-Encoding: x\r\nConnection: close\r\nX-Empty:\r\n"
HEAD = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n"
BODY = b"5\r\nhello\r\n0\r\n" + FIELDS + b"\r\n"
TE = [("TE", "trailers, deflate;q=0.5")]


def sending(data, piece=None):
    def handler(connection):
        while connection.request():
            connection.send(data, piece)
    return handler


def raw(client, target="/", **options):
    """The head of the answer, and all that follows it up to the end of a chunked body."""
    client.send(request_bytes(target, **options))
    head = client.read_until(b"\r\n\r\n")
    return head, client.read_until(b"0\r\n") + client.read_until(b"\r\n\r\n" if b"trailer" in head.lower() else b"\r\n")


@pytest.mark.parametrize("piece", [None, 1, 7])
def test_pass_when_wanted(lab, piece):
    backend = lab.backend(sending(HEAD + BODY, piece))
    lab.rpcd(HTTP, backend=backend)
    with lab.client() as client:
        for _ in range(2):
            head, rest = raw(client, headers=TE)
            assert b"\r\nTrailer: X-Sum\r\n" in head
            assert rest.endswith(b"0\r\nX-Sum: 12\r\nX-Empty: \r\n\r\n")
    assert backend.last.get("TE") == "trailers"


@pytest.mark.parametrize("target, headers", [("/off/", TE), ("/", []), ("/", [("TE", "gzip")])])
def test_dropped_when_not_wanted(lab, target, headers):
    lab.rpcd(HTTP, backend=lab.backend(sending(HEAD + BODY)))
    with lab.client() as client:
        for _ in range(2):
            head, rest = raw(client, target, headers=headers)
            assert b"Trailer" not in head
            assert rest.endswith(b"\r\n0\r\n\r\n")


def test_none_in_1_0(lab):
    lab.rpcd(HTTP, backend=lab.backend(sending(HEAD + BODY)))
    with lab.client() as client:
        response = client.ask(headers=TE, version="HTTP/1.0")
        assert response.body == b"hello"
        assert b"X-Sum" not in response.head


def test_behind_a_long_body_to_a_slow_client(lab):
    """They wait with the rest for room at the client."""
    body = chunked(b"x" * 3_000_000)[:-2] + FIELDS + b"\r\n"
    lab.rpcd(HTTP, backend=lab.backend(sending(HEAD + body)))
    with lab.client(receive_buffer=4096) as client:
        client.send(request_bytes(headers=TE))
        client.read_until(b"\r\n\r\n")
        size = 0
        while chunk := int(client.read_until(b"\r\n"), 16):
            size += len(client.read_exactly(chunk + 2)) - 2
        assert size == 3_000_000
        assert client.read_until(b"\r\n\r\n") == b"X-Sum: 12\r\nX-Empty: \r\n\r\n"


def test_many_of_them(lab):
    fields = b"".join(b"X%d:%d\r\n" % (number, number) for number in range(800))
    lab.rpcd(HTTP, backend=lab.backend(sending(HEAD + b"0\r\n" + fields + b"\r\n")))
    with lab.client() as client:
        assert raw(client, headers=TE)[1] == b"0\r\n" + fields.replace(b":", b": ") + b"\r\n"


@pytest.mark.parametrize("fields", [b"X y\r\n", b"X: y\n", b" X: y\r\n", b"X : y\r\n", b"X: \x00\r\n",
                                    b"X: y\r\n" * 3000])
def test_garbled_ones_break_the_response(lab, fields):
    lab.rpcd(HTTP, backend=lab.backend(sending(HEAD + b"5\r\nhello\r\n0\r\n" + fields + b"\r\n")))
    with lab.client() as client:
        client.send(request_bytes(headers=TE))
        with pytest.raises((Incomplete, ConnectionResetError)):
            client.response()


def test_those_of_requests_are_dropped(lab):
    backend = lab.backend()
    lab.rpcd(HTTP, backend=backend)
    with lab.client() as client:
        client.send(request_bytes(method="PUT", headers=[("Transfer-Encoding", "chunked")])
                    + b"3\r\nabc\r\n0\r\nX-Sum: 1\r\n\r\n")
        assert client.response().status == 200
        wait_until(lambda: backend.requests, "the request")
    assert backend.last.body == b"abc"
    assert b"X-Sum" not in backend.last.head
