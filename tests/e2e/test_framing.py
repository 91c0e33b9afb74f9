"""Messages whose framing is invalid or ambiguous (RFC 9112): refused and closed, never forwarded."""

import pytest

from lab import Client, answer
from lab.http import ask_raw, request_bytes

HTTP = "server { listen {port}; location / { proxy_pass http://127.0.0.1:{backend}; } }"

GET = b"GET / HTTP/1.1\r\nHost: a.example\r\n"
POST = b"POST / HTTP/1.1\r\nHost: a.example\r\n"

# Heads that are answered 400.
BAD_HEADS = {
    "length and chunked": POST + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "chunked and length": POST + b"Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n",
    "two lengths": POST + b"Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd",
    "same length twice": POST + b"Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc",
    "list of lengths": POST + b"Content-Length: 3, 3\r\n\r\nabc",
    "negative length": POST + b"Content-Length: -1\r\n\r\n",
    "length with plus": POST + b"Content-Length: +3\r\n\r\nabc",
    "hexadecimal length": POST + b"Content-Length: 0x3\r\n\r\nabc",
    "length with text": POST + b"Content-Length: 3x\r\n\r\nabc",
    "length with space": POST + b"Content-Length: 1 2\r\n\r\nabc",
    "empty length": POST + b"Content-Length:\r\n\r\n",
    "huge length": POST + b"Content-Length: 99999999999999999999999\r\n\r\n",
    "length over 63 bits": POST + b"Content-Length: 18446744073709551617\r\n\r\nx",
    "chunked twice": POST + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "chunked, chunked": POST + b"Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n",
    "chunked in 1.0": b"POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "space before colon": GET + b"X-A : b\r\n\r\n",
    "space before colon of length": POST + b"Content-Length : 3\r\n\r\nabc",
    "tab before colon": GET + b"X-A\t: b\r\n\r\n",
    "folded header": GET + b"X-A: b\r\n c\r\n\r\n",
    "folded first header": b"GET / HTTP/1.1\r\n Host: a.example\r\n\r\n",
    "no colon": GET + b"nonsense\r\n\r\n",
    "empty name": GET + b": value\r\n\r\n",
    "bare LF after request line": b"GET / HTTP/1.1\nHost: a.example\r\n\r\n",
    "bare LF after header": GET + b"X-A: b\nX-C: d\r\n\r\n",
    "bare LF at the end": GET + b"X-A: b\r\n\n\r\n\r\n",
    "bare CR in value": GET + b"X-A: b\rX-C: d\r\n\r\n",
    "bare CR in request line": b"GET /\r HTTP/1.1\r\nHost: a\r\n\r\n",
    "NUL in value": GET + b"X-A: b\x00c\r\n\r\n",
    "control in value": GET + b"X-A: b\x01c\r\n\r\n",
    "NUL in name": GET + b"X\x00A: b\r\n\r\n",
    "separator in name": GET + b"X(A): b\r\n\r\n",
    "high byte in name": GET + b"X\xe4: b\r\n\r\n",
    "no host": b"GET / HTTP/1.1\r\nX-A: b\r\n\r\n",
    "two hosts": GET + b"Host: b.example\r\n\r\n",
    "two spaces in request line": b"GET  / HTTP/1.1\r\nHost: a\r\n\r\n",
    "tab in request line": b"GET\t/\tHTTP/1.1\r\nHost: a\r\n\r\n",
    "space in target": b"GET /a b HTTP/1.1\r\nHost: a\r\n\r\n",
    "no version": b"GET /\r\nHost: a\r\n\r\n",
    "empty method": b" / HTTP/1.1\r\nHost: a\r\n\r\n",
    "bad method": b"G(T / HTTP/1.1\r\nHost: a\r\n\r\n",
    "bad protocol": b"GET / HTTQ/1.1\r\nHost: a\r\n\r\n",
    "lower case protocol": b"GET / http/1.1\r\nHost: a\r\n\r\n",
    "bad minor version": b"GET / HTTP/1.x\r\nHost: a\r\n\r\n",
    "long minor version": b"GET / HTTP/1.10\r\nHost: a\r\n\r\n",
    "relative target": b"GET index.html HTTP/1.1\r\nHost: a\r\n\r\n",
    "target with NUL": b"GET /a\x00b HTTP/1.1\r\nHost: a\r\n\r\n",
    "binary": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(64) + b"\r\n\r\n",
}

# Heads that are understood but not served.
OTHER_HEADS = {
    "gzip coding": (POST + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", {400, 501}),
    "unknown coding": (POST + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", {400, 501}),
    "coding with a quirk": (POST + b"Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n", {400, 501}),
    "identity coding": (POST + b"Transfer-Encoding: identity\r\nContent-Length: 1\r\n\r\nx", {400, 501}),
    "chunked not last": (POST + b"Transfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n", {400, 501}),
    "connect": (b"CONNECT a.example:443 HTTP/1.1\r\nHost: a.example:443\r\n\r\n", {405, 400}),
    "HTTP/2.0": (b"GET / HTTP/2.0\r\nHost: a\r\n\r\n", {505, 400}),
    "HTTP/2 preface": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", {505, 400}),
}

# Bodies that break after a good head.
CHUNKED = POST + b"Transfer-Encoding: chunked\r\n\r\n"
BAD_BODIES = {
    "no size": b"\r\nabc\r\n0\r\n\r\n",
    "not hexadecimal": b"xyz\r\nabc\r\n0\r\n\r\n",
    "negative size": b"-3\r\nabc\r\n0\r\n\r\n",
    "0x size": b"0x3\r\nabc\r\n0\r\n\r\n",
    "huge size": b"11111111111111111\r\nabc",
    "size with space before": b" 3\r\nabc\r\n0\r\n\r\n",
    "bare LF after size": b"3\nabc\r\n0\r\n\r\n",
    "bare LF after data": b"3\r\nabc\n0\r\n\r\n",
    "data too long": b"3\r\nabcd\r\n0\r\n\r\n",
    "data too short": b"4\r\nabc\r\n0\r\n\r\n",
    "bare LF at the end": b"3\r\nabc\r\n0\r\n\n",
    "bare CR in extension": b"3;a\rb\r\nabc\r\n0\r\n\r\n",
    "LF in extension": b"3;a\nabc\r\n0\r\n\r\n",
    "broken trailer": b"3\r\nabc\r\n0\r\nno colon\r\n\r\n",
}


@pytest.fixture(scope="module")
def bench(shared_lab):
    shared_lab.target = shared_lab.backend()
    shared_lab.rpcd(HTTP, backend=shared_lab.target)
    return shared_lab


def is_refused(lab, data, statuses):
    """Refused, closed, and the backend none the wiser. What follows must not be taken as a request
    either, which is what smuggling is about."""
    seen = len(lab.target.requests)
    with Client(lab.port) as client:
        client.send(data + b"GET /smuggled HTTP/1.1\r\nHost: a.example\r\n\r\n")
        response = client.response()
        assert response.status in statuses
        assert response.get("Connection") == "close"
        assert client.is_closed()
    assert len(lab.target.requests) == seen
    assert ask_raw(lab.port, request_bytes()).status == 200
    return response


@pytest.mark.parametrize("name", BAD_HEADS)
def test_bad_heads(bench, name):
    is_refused(bench, BAD_HEADS[name], {400})


@pytest.mark.parametrize("name", OTHER_HEADS)
def test_heads_that_are_not_served(bench, name):
    data, statuses = OTHER_HEADS[name]
    is_refused(bench, data, statuses)


@pytest.mark.parametrize("name", BAD_BODIES)
def test_bad_chunks(bench, name):
    """The head may already be on its way to the backend when the body turns out bad, but then the
    backend must not get a complete request."""
    seen = len(bench.target.requests)
    with Client(bench.port) as client:
        client.send(CHUNKED + BAD_BODIES[name])
        client.send(b"GET /smuggled HTTP/1.1\r\nHost: a.example\r\n\r\n")
        response = client.response()
        assert response.status == 400
        assert client.is_closed()
    for request in bench.target.requests[seen:]:
        assert request.target != "/smuggled"
    assert ask_raw(bench.port, request_bytes()).status == 200


def test_bad_chunk_late_in_a_long_body(lab):
    """The backend has most of the body when it breaks: it must see an incomplete request."""
    complete = []

    def handler(connection):
        if connection.request():
            complete.append(connection.received)
            connection.send(answer())

    lab.rpcd("client_max_body_size 0;" + HTTP, backend=lab.backend(handler))
    with lab.client() as client:
        client.send(CHUNKED + b"%x\r\n%s\r\n" % (200_000, b"x" * 200_000) * 4 + b"zz\r\n")
        response = client.response()
        assert response.status == 400
        assert client.is_closed()
    assert complete == []


GOOD_HEADS = {
    "empty line before": b"\r\n" + GET + b"\r\n",
    "no space after colon": b"GET / HTTP/1.1\r\nHost:a.example\r\n\r\n",
    "spaces after colon": b"GET / HTTP/1.1\r\nHost: \t a.example \t \r\n\r\n",
    "names in any case": b"GET / HTTP/1.1\r\nhOsT: a.example\r\ncontent-LENGTH: 0\r\n\r\n",
    "chunked in any case": POST + b"Transfer-Encoding: Chunked\r\n\r\n0\r\n\r\n",
    "tab in value": GET + b"X-A: b\tc\r\n\r\n",
    "high bytes in value": GET + b"X-A: \xe4\xf6\r\n\r\n",
    "empty value": GET + b"X-A:\r\n\r\n",
    "upper and lower hexadecimal": CHUNKED + b"a\r\n0123456789\r\nA\r\n0123456789\r\n0\r\n\r\n",
    "leading zeros": CHUNKED + b"0003\r\nabc\r\n000\r\n\r\n",
    "every token character": b"GET / HTTP/1.1\r\nHost: a\r\nX!#$%&'*+-.^_`|~09aZ: b\r\n\r\n",
}


@pytest.mark.parametrize("name", GOOD_HEADS)
def test_unusual_but_good(bench, name):
    with Client(bench.port) as client:
        client.send(GOOD_HEADS[name])
        assert client.response().status == 200
        assert client.ask().status == 200


@pytest.mark.parametrize("piece", [1, 5])
@pytest.mark.parametrize("name", ["length and chunked", "folded header", "bare LF after header"])
def test_bad_heads_that_trickle_in(bench, name, piece):
    seen = len(bench.target.requests)
    with Client(bench.port) as client:
        try:
            client.send(BAD_HEADS[name], piece, 0.0002)
        except OSError:
            pass  # Refused before all of it was sent.
        assert client.response().status == 400
    assert len(bench.target.requests) == seen


def test_upgrade_to_http_2_is_not_taken(bench):
    """No h2c: the answer is an ordinary one, and the offer does not reach the backend."""
    with Client(bench.port) as client:
        response = client.ask(headers=[("Connection", "Upgrade, HTTP2-Settings"), ("Upgrade", "h2c"),
                                       ("HTTP2-Settings", "AAMAAABkAAQAAP__")])
        assert response.status == 200
    assert "upgrade" not in bench.target.last.names()
