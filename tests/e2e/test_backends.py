"""Backends that refuse, break off, stall or talk nonsense: what the client gets, and what the next
peer gets."""

import socket
import time

import pytest

from lab import Incomplete, answer
from lab.http import ask_raw, chunked, request_bytes

HTTP = """
server { listen {port}; location / {
    proxy_connect_timeout 500ms; proxy_read_timeout 500ms; proxy_send_timeout 500ms;
    proxy_pass http://127.0.0.1:{backend};
} }
"""

GROUP = """
upstream group { server 127.0.0.1:{first}; server 127.0.0.1:{second}; }
server { listen {port}; location / {
    proxy_connect_timeout 500ms; proxy_read_timeout 500ms;
    add_header X-Tried $upstream_addr always;
    proxy_pass http://group;
} }
"""


def once(data):
    """Reads a request, sends this, closes."""
    def handler(connection):
        if connection.request():
            connection.send(data)
    return handler


def test_refused(lab):
    daemon = lab.rpcd(HTTP, backend=lab.new_port())
    with lab.client() as client:
        for _ in range(3):
            assert client.ask().status == 502
    daemon.wait_for_text("refused")


def test_closed_without_an_answer(lab):
    lab.rpcd(HTTP, backend=lab.backend(lambda connection: connection.request()))
    with lab.client() as client:
        assert client.ask().status == 502
        assert client.ask().status == 502


def test_closed_on_accept(lab):
    lab.rpcd(HTTP, backend=lab.backend(lambda connection: connection.close()))
    assert ask_raw(lab.port, request_bytes()).status == 502


def test_reset_instead_of_an_answer(lab):
    def handler(connection):
        connection.request()
        connection.reset()

    lab.rpcd(HTTP, backend=lab.backend(handler))
    assert ask_raw(lab.port, request_bytes()).status == 502


NONSENSE = {
    "binary": bytes(range(256)) + b"\r\n\r\n",
    "no status line": b"Content-Length: 2\r\n\r\nok",
    "HTTP/0.9": b"<html>hello</html>",
    "short status": b"HTTP/1.1 20 OK\r\nContent-Length: 0\r\n\r\n",
    "long status": b"HTTP/1.1 2000 OK\r\nContent-Length: 0\r\n\r\n",
    "status of letters": b"HTTP/1.1 abc OK\r\nContent-Length: 0\r\n\r\n",
    "status below 100": b"HTTP/1.1 099 No\r\nContent-Length: 0\r\n\r\n",
    "HTTP/2": b"HTTP/2.0 200 OK\r\nContent-Length: 0\r\n\r\n",
    "no protocol": b"ICY 200 OK\r\nContent-Length: 0\r\n\r\n",
    "two lengths": b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nok",
    "length and chunked": b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n"
                          b"2\r\nok\r\n0\r\n\r\n",
    "bad length": b"HTTP/1.1 200 OK\r\nContent-Length: 2x\r\n\r\nok",
    "negative length": b"HTTP/1.1 200 OK\r\nContent-Length: -2\r\n\r\nok",
    "unknown coding": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\nok",
    "space before colon": b"HTTP/1.1 200 OK\r\nX-A : b\r\nContent-Length: 2\r\n\r\nok",
    "folded header": b"HTTP/1.1 200 OK\r\nX-A: b\r\n c\r\nContent-Length: 2\r\n\r\nok",
    "bare CR": b"HTTP/1.1 200 OK\r\nX-A: b\rX-B: c\r\nContent-Length: 2\r\n\r\nok",
    "NUL in header": b"HTTP/1.1 200 OK\r\nX-A: b\x00c\r\nContent-Length: 2\r\n\r\nok",
    "no colon": b"HTTP/1.1 200 OK\r\nnonsense\r\nContent-Length: 2\r\n\r\nok",
    "head cut off": b"HTTP/1.1 200 OK\r\nContent-Le",
    "endless head": b"HTTP/1.1 200 OK\r\n" + b"X-A: b\r\n" * 50_000 + b"\r\n",
    "endless line": b"HTTP/1.1 200 " + b"x" * 400_000 + b"\r\n\r\n",
    "unasked upgrade": b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n",
}


@pytest.mark.parametrize("name", NONSENSE)
def test_nonsense_is_502(lab, name):
    lab.rpcd(HTTP, backend=lab.backend(once(NONSENSE[name])))
    with lab.client() as client:
        for _ in range(2):
            assert client.ask().status == 502


BROKEN_BODIES = {
    "shorter than its length": b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort",
    "bad chunk": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nzz\r\nbad\r\n0\r\n\r\n",
    "no last chunk": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
    "chunk cut off": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n50\r\nhello",
    "bare LF in chunk": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\nhello\n0\n\n",
}


@pytest.mark.parametrize("name", BROKEN_BODIES)
def test_broken_bodies_do_not_look_whole(lab, name):
    lab.rpcd(HTTP, backend=lab.backend(once(BROKEN_BODIES[name])))
    with lab.client() as client:
        client.send(request_bytes())
        try:
            response = client.response()
        except Incomplete:
            assert client.is_closed()
        else:
            assert response.status == 502


def test_bytes_after_the_response_are_dropped_with_the_connection(lab):
    backend = lab.backend(once(answer(b"good") + b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil"))
    lab.rpcd(HTTP, backend=backend)
    with lab.client() as client:
        for _ in range(4):
            assert client.ask().body == b"good"
    assert len(backend.connections) == 4


def test_body_after_a_response_to_head_is_not_the_next_response(lab):
    def handler(connection):
        while (request := connection.request()):
            connection.send(answer(b"x" if request.method == "GET" else b"HTTP/1.1 200 OK"))

    lab.rpcd(HTTP, backend=lab.backend(handler))
    with lab.client() as client:
        for _ in range(3):
            assert client.ask(method="HEAD").status == 200
            assert client.ask().body == b"x"


def test_a_big_response_head_passes(lab):
    headers = [(f"X-{number}", "v" * 100) for number in range(25)]
    lab.rpcd(HTTP, backend=lab.backend(answer(headers=headers)))
    response = ask_raw(lab.port, request_bytes())
    assert response.status == 200
    assert response.get("X-24") == "v" * 100


def test_read_timeout_before_the_head(lab):
    lab.rpcd(HTTP, backend=lab.backend(lambda connection: connection.read_rest()))
    with lab.client() as client:
        begin = time.monotonic()
        assert client.ask().status == 504
        assert 0.3 < time.monotonic() - begin < 3


def test_read_timeout_within_the_body(lab):
    def handler(connection):
        connection.request()
        connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc")
        connection.read_rest()

    lab.rpcd(HTTP, backend=lab.backend(handler))
    with lab.client() as client:
        client.send(request_bytes())
        with pytest.raises(Incomplete):
            client.response()


def test_read_timeout_is_between_reads(lab):
    """A response may take longer than the timeout as long as it keeps coming."""
    def handler(connection):
        connection.request()
        connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n")
        for _ in range(10):
            connection.send(b"x")
            time.sleep(0.1)

    lab.rpcd(HTTP, backend=lab.backend(handler))
    assert ask_raw(lab.port, request_bytes()).body == b"x" * 10


def test_connect_timeout(lab):
    """A backend whose queue of connections is full does not answer a SYN."""
    silent = socket.socket()
    silent.bind(("127.0.0.1", 0))
    silent.listen(0)
    fillers = []
    for _ in range(4):
        filler = socket.socket()
        filler.setblocking(False)
        filler.connect_ex(silent.getsockname())
        fillers.append(filler)
    time.sleep(0.1)
    lab.rpcd(HTTP, backend=silent.getsockname()[1])
    with lab.client() as client:
        begin = time.monotonic()
        assert client.ask().status == 504
        assert 0.3 < time.monotonic() - begin < 3
    for opened in [silent, *fillers]:
        opened.close()


def test_next_peer_when_refused(lab):
    second = lab.backend(answer(b"second"))
    lab.rpcd(GROUP, first=lab.new_port(), second=second)
    with lab.client() as client:
        for _ in range(6):
            response = client.ask()
            assert (response.status, response.body) == (200, b"second")


def test_next_peer_shows_both_addresses(lab):
    second = lab.backend()
    first = lab.new_port()
    lab.rpcd(GROUP, first=first, second=second)
    response = ask_raw(lab.port, request_bytes())
    assert response.get("X-Tried") == f"127.0.0.1:{first}, 127.0.0.1:{second.port}"


def test_next_peer_with_a_body(lab):
    """The body is sent to the peer that can be reached, whole."""
    second = lab.backend()
    lab.rpcd(GROUP, first=lab.new_port(), second=second)
    for _ in range(4):
        data = request_bytes(method="POST", headers=[("Transfer-Encoding", "chunked")])
        assert ask_raw(lab.port, data + chunked(b"a" * 5000, b"b")).status == 200
        assert second.last.body == b"a" * 5000 + b"b"
        assert ask_raw(lab.port, request_bytes(method="POST", body=b"x" * 50_000)).status == 200
        assert second.last.body == b"x" * 50_000


def test_all_peers_refuse(lab):
    lab.rpcd(GROUP, first=lab.new_port(), second=lab.new_port())
    with lab.client() as client:
        for _ in range(3):
            assert client.ask().status == 502


def test_post_is_not_repeated_once_it_was_sent(lab):
    """nginx tries a request that is not idempotent on the next peer only if nothing was sent."""
    first = lab.backend(lambda connection: connection.request())
    second = lab.backend(answer(b"second"))
    lab.rpcd(GROUP, first=first, second=second)
    statuses = {ask_raw(lab.port, request_bytes(method="POST", body=b"x")).status for _ in range(2)}
    assert statuses <= {200, 502}
    assert len(first.requests) + len(second.requests) == 2


def test_a_stale_kept_connection_is_not_the_clients_problem(lab):
    """A backend may close an idle connection at any moment; a GET is sent again on a new one."""
    def handler(connection):
        if connection.request():
            connection.send(answer(b"once"))
            time.sleep(0.05)

    lab.rpcd(HTTP, backend=lab.backend(handler))
    with lab.client() as client:
        for _ in range(5):
            assert client.ask().body == b"once"
            time.sleep(0.1)


def test_a_kept_connection_closed_as_the_request_comes(lab):
    """The race itself: the backend reads the second request and closes without an answer."""
    def handler(connection):
        if connection.request():
            connection.send(answer(b"first"))
            connection.head()

    backend = lab.backend(handler)
    lab.rpcd(HTTP, backend=backend)
    with lab.client() as client:
        for _ in range(4):
            assert client.ask().body == b"first"


def test_error_lines_name_the_upstream(lab):
    port = lab.new_port()
    daemon = lab.rpcd(HTTP, backend=port)
    ask_raw(lab.port, request_bytes("/where?x=1"))
    daemon.wait_for_text("refused")
    line = [line for line in daemon.lines("error.log") if "refused" in line][-1]
    assert "[error]" in line
    assert f'upstream: "http://127.0.0.1:{port}/where?x=1"' in line
    assert 'request: "GET /where?x=1 HTTP/1.1"' in line
    assert "client: 127.0.0.1" in line
    assert 'host: "example.com"' in line
