"""Requests through the proxy and their responses: methods, bodies, framing, connections."""

import random
import time

import pytest

from lab import Client, Incomplete, answer
from lab.backend import replying
from lab.http import chunked, request_bytes

HTTP = """
client_max_body_size 0;
server { listen {host}:{port}; location / { proxy_pass http://127.0.0.1:{backend}; } }
"""

MEGABYTE = 1 << 20


def noise(size, seed=1):
    return random.Random(seed).randbytes(size)


@replying
def echo(request):
    return answer(request.body)


def test_get(lab):
    backend = lab.backend(answer(b"hello", headers=[("Content-Type", "text/x-test"), ("X-A", "b")]))
    lab.rpcd(HTTP, backend=backend)
    with lab.client() as client:
        response = client.ask("/path?query", headers=[("X-Client", "c")])
        assert (response.status, response.body) == (200, b"hello")
        assert response.version == "HTTP/1.1"
        assert response.get("Content-Type") == "text/x-test"
        assert response.get("X-A") == "b"
    assert backend.last.start == "GET /path?query HTTP/1.1"
    assert backend.last.get("X-Client") == "c"


def test_head_has_no_body_and_the_connection_goes_on(lab):
    backend = lab.backend(answer(b"12345"))
    lab.rpcd(HTTP, backend=backend)
    with lab.client() as client:
        response = client.ask(method="HEAD")
        assert response.status == 200
        assert response.get("Content-Length") == "5"
        assert client.ask().body == b"12345"
    assert [request.method for request in backend.requests] == ["HEAD", "GET"]


@pytest.mark.parametrize("method_name", ["PUT", "DELETE", "PATCH", "OPTIONS", "PROPFIND", "M-SEARCH"])
def test_methods_pass(lab, method_name):
    backend = lab.backend()
    lab.rpcd(HTTP, backend=backend)
    with lab.client() as client:
        assert client.ask(method=method_name, body=b"x").status == 200
    assert backend.last.method == method_name
    assert backend.last.body == b"x"


@pytest.mark.parametrize("size", [0, 1, 100, 16383, 16384, 16385, 100_000, 8 * MEGABYTE])
def test_request_bodies_by_length(lab, size):
    backend = lab.backend(echo)
    lab.rpcd(HTTP, backend=backend)
    body = noise(size)
    with lab.client() as client:
        response = client.ask(method="POST", body=body)
        assert response.status == 200
        assert response.body == body
        assert client.ask(method="POST", body=b"again").body == b"again"
    assert backend.requests[0].get("Content-Length") == str(size)


@pytest.mark.parametrize("pieces", [
    [], [b"a"], [b"ab", b"c" * 5000, b"d"], [b"x" * 100_000] * 40, [b"y"] * 3000,
], ids=["empty", "one byte", "three", "4 MB", "3000 of one byte"])
def test_request_bodies_in_chunks(lab, pieces):
    backend = lab.backend(echo)
    lab.rpcd(HTTP, backend=backend)
    with lab.client() as client:
        client.send(request_bytes(method="POST", headers=[("Transfer-Encoding", "chunked")]))
        client.send(chunked(*pieces))
        response = client.response()
        assert response.status == 200
        assert response.body == b"".join(pieces)
        assert client.ask().status == 200
    request = backend.requests[0]
    assert len(request.all("Content-Length")) + len(request.all("Transfer-Encoding")) == 1


def test_chunk_extensions_and_trailers_are_read_and_dropped(lab):
    backend = lab.backend(echo)
    lab.rpcd(HTTP, backend=backend)
    with lab.client() as client:
        client.send(request_bytes(method="POST", headers=[("Transfer-Encoding", "chunked")]))
        client.send(b"3;name=value;flag\r\nabc\r\n0\r\nX-Trailer: t\r\n\r\n")
        assert client.response().body == b"abc"
        assert client.ask().status == 200
    assert "x-trailer" not in backend.requests[1].names()


def test_big_response_by_length(lab):
    body = noise(32 * MEGABYTE)
    lab.rpcd(HTTP, backend=lab.backend(answer(body)))
    with lab.client() as client:
        assert client.ask().body == body
        assert client.ask().body == body


def test_big_response_in_chunks(lab):
    pieces = [noise(size, size) for size in (1, 10, 100_000, 3, 1 * MEGABYTE, 65536)] * 4
    reply = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunked(*pieces)
    lab.rpcd(HTTP, backend=lab.backend(reply))
    with lab.client() as client:
        for _ in range(2):
            response = client.ask()
            assert response.framing == "chunked"
            assert response.body == b"".join(pieces)


def test_response_until_close(lab):
    body = noise(300_000)

    def handler(connection):
        if connection.request():
            connection.send(b"HTTP/1.0 200 OK\r\n\r\n" + body)

    lab.rpcd(HTTP, backend=lab.backend(handler))
    with lab.client() as client:
        for _ in range(2):
            response = client.ask()
            assert response.body == body
            assert response.framing == "chunked"


@pytest.mark.parametrize("status", ["204 No Content", "304 Not Modified"])
def test_responses_without_a_body(lab, status):
    reply = f"HTTP/1.1 {status}\r\nETag: \"x\"\r\n\r\n".encode()
    lab.rpcd(HTTP, backend=lab.backend(reply))
    with lab.client() as client:
        for _ in range(3):
            response = client.ask()
            assert response.start == f"HTTP/1.1 {status}"
            assert response.get("ETag") == '"x"'
            assert response.get("Transfer-Encoding") is None


def test_reason_phrases_and_unusual_statuses_pass(lab):
    lab.rpcd(HTTP, backend=lab.backend(b"HTTP/1.1 299 Very Odd\r\nContent-Length: 0\r\n\r\n"))
    with lab.client() as client:
        assert client.ask().start == "HTTP/1.1 299 Very Odd"


def test_interim_responses_do_not_end_the_exchange(lab):
    reply = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + answer()
    lab.rpcd(HTTP, backend=lab.backend(reply))
    with lab.client() as client:
        for _ in range(2):
            client.send(request_bytes())
            while (response := client.response()).status < 200:
                pass
            assert (response.status, response.body) == (200, b"ok")


def test_one_connection_many_requests(lab):
    backend = lab.backend(replying(lambda request: answer(request.target.encode())))
    lab.rpcd(HTTP, backend=backend)
    with lab.client() as client:
        for number in range(200):
            assert client.ask(f"/{number}").body == b"/%d" % number
    assert len(backend.requests) == 200


def test_pipelined_requests_are_answered_in_order(lab):
    def slow_first(request):
        time.sleep(0.2 if request.target == "/0" else 0)
        return answer(request.target.encode())

    lab.rpcd(HTTP, backend=lab.backend(replying(slow_first)))
    with lab.client() as client:
        client.send(b"".join(request_bytes(f"/{number}") for number in range(50)))
        for number in range(50):
            assert client.response().body == b"/%d" % number


def test_pipelined_requests_with_bodies(lab):
    lab.rpcd(HTTP, backend=lab.backend(echo))
    bodies = [noise(size, size) for size in (1, 5000, 40_000, 0, 3)]
    stream = b""
    for number, body in enumerate(bodies):
        if number % 2:
            head = request_bytes(method="POST", headers=[("Transfer-Encoding", "chunked")])
            stream += head + (chunked(body) if body else chunked())
        else:
            stream += request_bytes(method="POST", body=body)
    with lab.client() as client:
        client.send(stream)
        for body in bodies:
            assert client.response().body == body


@pytest.mark.parametrize("piece", [1, 2, 7])
def test_requests_that_trickle_in(lab, piece):
    backend = lab.backend(echo)
    lab.rpcd(HTTP, backend=backend)
    with lab.client() as client:
        for _ in range(2):
            client.send(request_bytes("/a?b", method="POST", body=b"slow body",
                                      headers=[("X-Long", "v" * 20)]), piece, 0.0005)
            assert client.response().body == b"slow body"
        head = request_bytes(method="POST", headers=[("Transfer-Encoding", "chunked")])
        client.send(head + chunked(b"in", b"pieces"), piece, 0.0005)
        assert client.response().body == b"inpieces"


@pytest.mark.parametrize("reply", [
    answer(b"trickled"),
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunked(b"tri", b"ckled"),
], ids=["length", "chunked"])
@pytest.mark.parametrize("piece", [1, 3])
def test_responses_that_trickle_in(lab, reply, piece):
    def handler(connection):
        while connection.request():
            connection.send(reply, piece, 0.0005)

    lab.rpcd(HTTP, backend=lab.backend(handler))
    with lab.client() as client:
        for _ in range(2):
            assert client.ask().body == b"trickled"


def test_response_body_is_relayed_as_it_comes(lab):
    def handler(connection):
        if connection.request():
            connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nnow")
            connection.socket.recv(1)  # Until the proxy closes.

    lab.rpcd(HTTP, backend=lab.backend(handler))
    with lab.client() as client:
        client.send(request_bytes())
        assert client.read_until(b"now").endswith(b"\r\n\r\nnow")


def test_expect_100_continue(lab):
    backend = lab.backend(echo)
    lab.rpcd(HTTP, backend=backend)
    with lab.client() as client:
        head = request_bytes(method="POST",
                             headers=[("Expect", "100-continue"), ("Content-Length", "4")])
        for _ in range(2):
            client.send(head)
            assert client.response().start == "HTTP/1.1 100 Continue"
            client.send(b"body")
            response = client.response()
            assert (response.status, response.body) == (200, b"body")
    assert "expect" not in backend.requests[0].names()


def test_expect_100_continue_with_the_body_at_once(lab):
    """RFC 9110 10.1.1: who has the body already may leave out the 100."""
    lab.rpcd(HTTP, backend=lab.backend(echo))
    with lab.client() as client:
        client.send(request_bytes(method="POST", headers=[("Expect", "100-continue")], body=b"body"))
        response = client.response()
        if response.status == 100:
            response = client.response()
        assert response.body == b"body"


def test_expect_from_http_1_0_is_ignored(lab):
    """RFC 9110 10.1.1."""
    lab.rpcd(HTTP, backend=lab.backend(echo))
    with lab.client() as client:
        client.send(request_bytes(method="POST", version="HTTP/1.0", body=b"body",
                                  headers=[("Expect", "100-continue")]))
        assert client.response().status == 200


def test_http_1_0_closes(lab):
    backend = lab.backend(answer(b"old"))
    lab.rpcd(HTTP, backend=backend)
    with lab.client() as client:
        response = client.ask(version="HTTP/1.0")
        assert response.body == b"old"
        assert client.is_closed()
    assert backend.last.version == "HTTP/1.1"


def test_http_1_0_with_keep_alive(lab):
    lab.rpcd(HTTP, backend=lab.backend(answer(b"old")))
    with lab.client() as client:
        for _ in range(3):
            response = client.ask(version="HTTP/1.0", headers=[("Connection", "keep-alive")])
            assert response.body == b"old"
            assert response.get("Connection", "").lower() == "keep-alive"


def test_http_1_0_gets_no_chunks(lab):
    reply = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunked(b"not ", b"chunked")
    lab.rpcd(HTTP, backend=lab.backend(reply))
    with lab.client() as client:
        response = client.ask(version="HTTP/1.0", headers=[("Connection", "keep-alive")])
        assert response.framing == "close"
        assert response.body == b"not chunked"


def test_connection_close(lab):
    lab.rpcd(HTTP, backend=lab.backend())
    with lab.client() as client:
        response = client.ask(headers=[("Connection", "close")])
        assert response.get("Connection") == "close"
        assert response.body == b"ok"
        assert client.is_closed()


def test_keepalive_requests(lab):
    lab.rpcd("keepalive_requests 3;" + HTTP, backend=lab.backend())
    with lab.client() as client:
        assert [client.ask().get("Connection") for _ in range(3)][-1] == "close"
        assert client.is_closed()


def test_keepalive_timeout(lab):
    lab.rpcd("keepalive_timeout 300ms;" + HTTP, backend=lab.backend())
    with lab.client() as client:
        client.ask()
        begin = time.monotonic()
        assert client.is_closed()
        assert 0.2 < time.monotonic() - begin < 2


def test_keepalive_timeout_0_closes(lab):
    lab.rpcd("keepalive_timeout 0;" + HTTP, backend=lab.backend())
    with lab.client() as client:
        assert client.ask().get("Connection") == "close"
        assert client.is_closed()


def test_keepalive_header(lab):
    lab.rpcd("keepalive_timeout 75s 20s;" + HTTP, backend=lab.backend())
    with lab.client() as client:
        assert client.ask().get("Keep-Alive") == "timeout=20"


def test_client_that_sends_and_half_closes_is_answered(lab):
    """A client may shut down its sending side and still read; nginx answers it too."""
    lab.rpcd(HTTP, backend=lab.backend())
    with lab.client() as client:
        client.send(request_bytes(headers=[("Connection", "close")]))
        client.socket.shutdown(1)
        try:
            assert client.response().status == 200
        except Incomplete:
            pass  # Taken for a client that has gone away, which is as good.


def test_response_before_the_request_body_is_complete(lab):
    """A backend may refuse early; the client gets its answer, and the connection is not reused."""
    def handler(connection):
        connection.head()
        connection.send(answer(b"no", "403 Forbidden", [("Connection", "close")]))
        connection.read_rest()

    lab.rpcd("client_body_buffer_size 8k; proxy_request_buffering off;" + HTTP, backend=lab.backend(handler))
    with lab.client() as client:
        client.send(request_bytes(method="POST", headers=[("Content-Length", "50000000")]))
        client.send(b"x" * 100_000)
        response = client.response()
        assert (response.status, response.body) == (403, b"no")


def test_a_hundred_clients_at_once(lab):
    def slow(request):
        time.sleep(0.02)
        return answer(request.target.encode())

    lab.rpcd(HTTP, backend=lab.backend(replying(slow)))
    clients = [Client(lab.port) for _ in range(100)]
    for round_number in range(3):
        for number, client in enumerate(clients):
            client.send(request_bytes(f"/{round_number}/{number}"))
        for number, client in enumerate(clients):
            assert client.response().body == b"/%d/%d" % (round_number, number)
    for client in clients:
        client.close()
