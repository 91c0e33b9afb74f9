"""Limits on what clients send: refused before anything reaches a backend."""

import time

import pytest

from lab import Client
from lab.http import ask_raw, chunked, request_bytes
from lab.http2_client import Http2Client

HTTP = """
client_header_buffer_size 1k;
large_client_header_buffers 4 8k;
server {
    listen {host}:{port};
    location / { proxy_pass http://127.0.0.1:{backend}; }
    location /small { client_max_body_size 1000; proxy_pass http://127.0.0.1:{backend}; }
    location /any { client_max_body_size 0; proxy_pass http://127.0.0.1:{backend}; }
    location /answer { client_max_body_size 10; return 200 "answered"; }
}
"""


@pytest.fixture(scope="module")
def pair(shared_lab):
    backend = shared_lab.backend()
    pair = shared_lab.pair(HTTP, backend=backend)
    pair.backend = backend
    return pair


HEADS = {
    "long target within": ("/" + "x" * 7000, [], 200),
    "target over a buffer": ("/" + "x" * 8200, [], 414),
    "target far over": ("/" + "x" * 100_000, [], 414),
    "long header within": ("/", [("X-A", "x" * 8000)], 200),
    "header over a buffer": ("/", [("X-A", "x" * 8200)], 400),
    "header far over": ("/", [("X-A", "x" * 100_000)], 400),
    "many headers within": ("/", [(f"X-{number}", "x" * 1000) for number in range(20)], 200),
    "all headers over": ("/", [(f"X-{number}", "x" * 4000) for number in range(12)], 400),
    "endless small headers": ("/", [(f"X-{number}", "x") for number in range(10_000)], 400),
}


@pytest.mark.parametrize("name", HEADS)
def test_size_of_the_head(pair, name):
    target, headers, status = HEADS[name]
    seen = len(pair.backend.requests)

    def send(address):
        with Client(address) as client:
            client.send(request_bytes(target, headers=headers))
            response = client.response()
            if status != 200:
                assert client.is_closed()
            return response.status

    assert pair.both(send) == [status, status]
    if status != 200:
        assert len(pair.backend.requests) == seen


TOO_LARGE_PAGES = {
    "a location": "error_page 494 /large; location = /large { return 200 \"too large $status\"; }",
    "a status": "error_page 494 =431 /large; location = /large { return 200 \"too large\"; }",
    "the status of the page": "error_page 494 = /large; location = /large { return 200 \"fine\"; }",
    "a named location": "error_page 494 @large; location @large { return 418 \"named\"; }",
    "a URL": "error_page 494 https://help.test/;",
    "a backend": "error_page 494 @back; location @back { proxy_pass http://127.0.0.1:{backend}; }",
    "that of 400 is not its": "error_page 400 /bad; location = /bad { return 200 \"bad\"; }",
}


@pytest.mark.parametrize("name", TOO_LARGE_PAGES)
def test_error_page_494(lab, name):
    backend = lab.backend()
    pair = lab.pair("log_format f '$status'; access_log access.log f;"
                    " server { listen {host}:{port}; %s location / { return 200; } }"
                    % TOO_LARGE_PAGES[name], backend=backend)

    def send(address, headers):
        with Client(address) as client:
            response = client.ask("/", headers=headers)
            assert client.is_closed()
            own = b"rpcd" in response.body or b"nginx" in response.body
            return response.status, response.get("Location"), own or response.body

    for headers in (HEADS["header over a buffer"][1], HEADS["all headers over"][1]):
        nginx, rpcd = pair.both(lambda address: send(address, headers))
        assert nginx == rpcd
    if name == "a backend":
        assert [request.get("X-A") for request in backend.requests] == [None] * 4
    for daemon in (pair.nginx, pair.rpcd):
        daemon.wait_for_line(2)
        assert daemon.lines() == [str(nginx[0])] * 2


def test_error_page_494_elsewhere(lab):
    """Too many fields, which nginx 1.22 does not count, and HTTP/2, where it ends the connection."""
    lab.rpcd("max_headers 5; server { listen {port} http2; error_page 494 =431 /large;"
             " location = /large { return 200 large; } location / { return 200; } }")
    many = [(f"x-{number}", "y") for number in range(6)]
    with Client(lab.port) as client:
        response = client.ask(headers=many)
        assert (response.status, response.body) == (431, b"large")
    with Http2Client(("127.0.0.1", lab.port)) as client:
        for headers in (many, [("x-a", "b" * 9000)], [(f"x-{n}", "b" * 8000) for n in range(5)]):
            response = client.ask(headers=headers)
            assert (response.status, response.body) == (431, b"large")


@pytest.mark.parametrize("target, size, status", [
    ("/small", 1000, 200), ("/small", 1001, 413), ("/small", 10**12, 413), ("/", 1 << 20, 200),
    ("/", (1 << 20) + 1, 413), ("/any", (1 << 20) + 1, 200),
])
def test_body_size_by_length(pair, target, size, status):
    seen = len(pair.backend.requests)

    def send(address):
        with Client(address) as client:
            head = request_bytes(target, method="POST", headers=[("Content-Length", str(size))])
            client.send(head + (b"x" * size if status == 200 else b""))
            return client.response().status

    assert pair.both(send) == [status, status]
    if status == 413:
        assert len(pair.backend.requests) == seen


@pytest.mark.parametrize("sizes, status", [
    ([1000], 200), ([500, 500], 200), ([1001], 413), ([500, 501], 413), ([100] * 11, 413),
    ([2000], 413), ([1] * 1000, 200), ([1] * 1001, 413),
])
def test_body_size_in_chunks(pair, sizes, status):
    seen = len(pair.backend.requests)
    data = request_bytes("/small", method="POST", headers=[("Transfer-Encoding", "chunked")])
    data += chunked(*(b"x" * size for size in sizes))
    assert pair.both(lambda address: ask_raw(address, data).status) == [status, status]
    if status == 413:
        assert len(pair.backend.requests) == seen


def test_body_size_in_chunks_that_come_late(lab):
    """The head alone must not open the way: the limit is only seen to be crossed later."""
    backend = lab.backend()
    lab.rpcd(HTTP, backend=backend)
    with lab.client() as client:
        client.send(request_bytes("/small", method="POST", headers=[("Transfer-Encoding", "chunked")]))
        time.sleep(0.2)
        for _ in range(20):
            client.send(b"64\r\n" + b"x" * 100 + b"\r\n")
            time.sleep(0.01)
        assert client.response().status == 413
        assert client.is_closed()
    assert backend.requests == []


def test_413_before_100_continue(lab):
    backend = lab.backend()
    lab.rpcd(HTTP, backend=backend)
    with lab.client() as client:
        client.send(request_bytes("/small", method="POST", headers=[
            ("Content-Length", "1001"), ("Expect", "100-continue")]))
        assert client.response().status == 413
    assert backend.requests == []


def test_413_closes_once_the_client_had_a_chance_to_read_it(lab):
    """Closing with unread bytes in the socket would reset the connection before the answer is
    read."""
    lab.rpcd(HTTP, backend=lab.backend())
    with lab.client() as client:
        body = b"x" * 3_000_000
        client.send(request_bytes("/small", method="POST", headers=[("Content-Length", str(len(body)))]))
        try:
            client.send(body)
        except OSError:
            pass
        assert client.response().status == 413


def test_body_of_a_request_that_is_answered_here_is_dropped(lab):
    lab.rpcd(HTTP, backend=lab.backend())
    with lab.client() as client:
        for _ in range(3):
            client.send(request_bytes("/answer", method="POST", body=b"0123456789"))
            assert client.response().body == b"answered"
        client.send(request_bytes("/answer", method="POST",
                                  headers=[("Transfer-Encoding", "chunked")]) + chunked(b"a", b"b"))
        assert client.response().body == b"answered"
        assert client.ask("/answer").body == b"answered"


def test_client_header_timeout(lab):
    backend = lab.backend()
    lab.rpcd("client_header_timeout 300ms;" + HTTP, backend=backend)
    with lab.client() as client:
        client.send(b"GET / HTTP/1.1\r\nHost: a\r\n")
        begin = time.monotonic()
        rest = client.read_rest()
        assert time.monotonic() - begin < 3
        assert rest == b"" or rest.startswith(b"HTTP/1.1 408")
    assert backend.requests == []


def test_client_header_timeout_is_for_the_whole_head(lab):
    """A client that sends a byte now and then does not hold a connection forever."""
    lab.rpcd("client_header_timeout 500ms;" + HTTP, backend=lab.backend())
    with lab.client() as client:
        begin = time.monotonic()
        try:
            for byte in b"GET /" + b"x" * 100:
                client.send(bytes([byte]))
                time.sleep(0.05)
        except OSError:
            pass
        client.read_rest()
        assert time.monotonic() - begin < 3


def test_client_body_timeout(lab):
    lab.rpcd("client_body_timeout 300ms;" + HTTP, backend=lab.backend())
    with lab.client() as client:
        client.send(request_bytes(method="POST", headers=[("Content-Length", "100")]) + b"some")
        begin = time.monotonic()
        rest = client.read_rest()
        assert time.monotonic() - begin < 3
        assert rest == b"" or rest.startswith(b"HTTP/1.1 408")


def test_worker_connections(lab):
    """More clients than worker_connections: those over the limit wait or are dropped, those within
    are served, and all is well afterwards."""
    daemon = lab.rpcd(HTTP, events="worker_connections 16;", backend=lab.backend())
    daemon.expects_alerts = True
    idle = [Client(lab.port) for _ in range(40)]
    time.sleep(0.2)
    for client in idle:
        client.close()
    time.sleep(0.2)
    assert ask_raw(lab.port, request_bytes()).status == 200


@pytest.mark.parametrize("is_raised", [False, True])
def test_worker_connections_changed_by_a_reload(lab, is_raised):
    """While there are more clients than there may be, new ones wait: until others have left, or more
    are allowed."""
    text = "server { listen {port}; return 200 %s; }"
    daemon = lab.rpcd(text % "first", events="worker_connections 20;")
    daemon.expects_alerts = True
    clients = [Client(lab.port) for _ in range(10)]
    assert [client.ask().status for client in clients] == [200] * 10
    lab.reload(daemon, text % "second", events="worker_connections 5;")
    with lab.client() as waiting:
        waiting.send(request_bytes())
        assert waiting.is_silent()
        waiting.socket.settimeout(20)
        if is_raised:
            lab.reload(daemon, text % "third", events="worker_connections 20;")
        else:
            for client in clients[:6]:
                client.close()
        assert waiting.response().body == (b"third" if is_raised else b"second")
    assert [client.ask().status for client in clients[6:]] == [200] * 4
    for client in clients:
        client.close()
    daemon.wait_for_text("5 worker_connections are not enough")
