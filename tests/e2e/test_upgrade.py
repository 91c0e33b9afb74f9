"""Connections that stop being HTTP: WebSocket through the proxy."""

import os
import signal
import socket
import time

import pytest

from lab import Client, answer, wait_until
from lab.http import request_bytes

HTTP = """
server {
    listen {port};
    location /ws/ {
        proxy_set_header Upgrade $http_upgrade;
        proxy_set_header Connection "upgrade";
        proxy_read_timeout 5s;
        proxy_pass http://127.0.0.1:{backend};
    }
    location / { proxy_pass http://127.0.0.1:{backend}; }
}
"""

UPGRADE = [("Connection", "Upgrade"), ("Upgrade", "test")]
SWITCH = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: test\r\nConnection: Upgrade\r\n\r\n"


def echoing(connection):
    """Agrees to the upgrade, then echoes whatever comes."""
    if connection.request():
        connection.send(SWITCH)
        while data := connection.take(len(connection.buffer)) or connection.socket.recv(65536):
            connection.socket.sendall(data)


def test_upgrade_headers_and_bytes_in_both_directions(lab):
    backend = lab.backend(echoing)
    lab.rpcd(HTTP, backend=backend)
    with lab.client() as client:
        response = client.ask("/ws/", headers=UPGRADE)
        assert response.status == 101
        assert response.get("Upgrade") == "test"
        assert response.get("Connection").lower() == "upgrade"
        for size in (1, 100, 100_000):
            data = bytes(range(256)) * (size // 256 + 1)
            client.send(data)
            assert client.read_exactly(len(data)) == data
    assert backend.last.get("Upgrade") == "test"
    assert backend.last.get("Connection").lower() == "upgrade"


def test_bytes_that_come_with_the_heads(lab):
    """Either side may send right behind its head."""
    def eager(connection):
        if connection.request():
            connection.send(SWITCH + b"from the backend")
            assert connection.read_exactly(15) == b"from the client"
            connection.send(b"!")

    lab.rpcd(HTTP, backend=lab.backend(eager))
    with lab.client() as client:
        client.send(request_bytes("/ws/", headers=UPGRADE) + b"from the client")
        assert client.response().status == 101
        assert client.read_exactly(17) == b"from the backend!"


@pytest.mark.parametrize("side", ["client", "backend"])
def test_closing_one_side_closes_the_other(lab, side):
    ended = []

    def handler(connection):
        if connection.request():
            connection.send(SWITCH)
            if side == "client":
                connection.read_rest()
                ended.append(True)

    backend = lab.backend(handler)
    lab.rpcd(HTTP, backend=backend)
    client = Client(lab.port)
    assert client.ask("/ws/", headers=UPGRADE).status == 101
    if side == "backend":
        assert client.is_closed()
    client.close()
    if side == "client":
        wait_until(lambda: ended, "the end at the backend")


def test_a_backend_that_declines(lab):
    lab.rpcd(HTTP, backend=lab.backend(answer(b"no", "400 Bad Request")))
    with lab.client() as client:
        response = client.ask("/ws/", headers=UPGRADE)
        assert (response.status, response.body) == (400, b"no")


def test_without_configuration_nothing_is_upgraded(lab):
    backend = lab.backend()
    lab.rpcd(HTTP, backend=backend)
    with lab.client() as client:
        assert client.ask("/", headers=UPGRADE).status == 200
    assert "upgrade" not in backend.last.names()


def test_read_timeout_ends_a_silent_tunnel(lab):
    lab.rpcd(HTTP.replace("5s", "300ms"), backend=lab.backend(echoing))
    with lab.client() as client:
        assert client.ask("/ws/", headers=UPGRADE).status == 101
        assert client.is_closed()


def test_half_close_from_the_client(lab):
    """It has said all it has to say, and still gets the answer."""
    def handler(connection):
        if connection.request():
            connection.send(SWITCH)
            said = connection.read_rest()
            for _ in range(20):
                connection.send(said * 100)

    lab.rpcd(HTTP, backend=lab.backend(handler))
    with lab.client() as client:
        assert client.ask("/ws/", headers=UPGRADE).status == 101
        client.send(b"0123456789" * 1000)
        client.socket.shutdown(socket.SHUT_WR)
        assert client.read_exactly(20_000_000) == b"0123456789" * 2_000_000
        assert client.is_closed()


def test_half_close_from_the_backend(lab):
    heard = []

    def handler(connection):
        if connection.request():
            connection.send(SWITCH)
            connection.socket.shutdown(socket.SHUT_WR)
            heard.append(connection.read_rest())

    lab.rpcd(HTTP.replace("5s", "20s"), backend=lab.backend(handler))
    with lab.client() as client:
        assert client.ask("/ws/", headers=UPGRADE).status == 101
        assert client.socket.recv(1) == b""
        client.send(b"x" * 1000)
        time.sleep(5.5)  # longer than the rest of an ordinary request is waited for
        client.send(b"x" * 3_000_000)
    wait_until(lambda: heard, "the end at the backend")
    assert heard[0] == b"x" * 3_001_000


def test_a_tunnel_whose_backend_is_gone_ends_when_the_client_says_more(lab):
    """It could not be told to anybody; silence would be allowed for long."""
    def leaving(connection):
        if connection.request():
            connection.send(SWITCH)

    def descriptors():
        return len(os.listdir(f"/proc/{daemon.workers()[0]}/fd"))

    daemon = lab.rpcd(HTTP.replace("5s", "60s") + "log_format ends $status; access_log access.log ends;",
                      backend=lab.backend(leaving))
    with lab.client() as client:
        assert client.ask("/ws/", headers=UPGRADE).status == 101
        assert client.socket.recv(1) == b""
        opened = descriptors()
        wait_until(lambda: not can_send(client), "the end of the tunnel")
        wait_until(lambda: descriptors() == opened - 2, "closing of both connections")
    assert daemon.wait_for_line() == "101"


def can_send(client):
    try:
        client.send(b"more")
        return True
    except OSError:
        return False


def test_send_timeout_ends_a_tunnel_whose_backend_does_not_read(lab):
    """Silence would be allowed for long."""
    def deaf(connection):
        if connection.request():
            connection.send(SWITCH)
            time.sleep(10)

    daemon = lab.rpcd(HTTP.replace("proxy_read_timeout 5s;", "proxy_send_timeout 300ms;"),
                      backend=lab.backend(deaf))
    with lab.client() as client:
        assert client.ask("/ws/", headers=UPGRADE).status == 101
        with pytest.raises(OSError):
            client.send(b"x" * 50_000_000)
            client.is_closed()
            client.send(b"x")
            client.send(b"x")
    daemon.wait_for_text("while proxying upgraded connection")


def test_traffic_in_one_direction_keeps_a_tunnel(lab):
    def handler(connection):
        if connection.request():
            connection.send(SWITCH)
            connection.read_rest()

    lab.rpcd(HTTP.replace("5s", "400ms"), backend=lab.backend(handler))
    with lab.client() as client:
        assert client.ask("/ws/", headers=UPGRADE).status == 101
        for _ in range(10):
            time.sleep(0.1)
            client.send(b"x")
        assert client.is_silent(0.2)
        assert client.is_closed()


@pytest.mark.parametrize("asked, passed", [
    ("h2c", None), ("H2C", None), ("h2c/1.0", None), ("websocket", "websocket"),
    ("h2c, websocket", "websocket"), ("websocket,h2c , test", "websocket,test")])
def test_h2c_is_never_passed_on(lab, asked, passed):
    backend = lab.backend()
    http = HTTP.replace("location /ws/ {", "location /ws/ { proxy_set_header HTTP2-Settings $http_http2_settings;")
    lab.rpcd(http, backend=backend)
    with lab.client() as client:
        for connection in ("Upgrade, HTTP2-Settings", "Upgrade"):
            headers = [("Connection", connection), ("Upgrade", asked), ("HTTP2-Settings", "AAMAAABkAAQAAP__")]
            assert client.ask("/ws/", headers=headers).status == 200
            assert backend.last.get("Upgrade") == passed
            assert "http2-settings" not in backend.last.names()


def test_switching_unasked_is_502(lab):
    """Also when what was asked for is not passed on, and when the client cannot switch."""
    def handler(connection):
        if connection.request():
            connection.send(SWITCH)
            connection.read_rest()

    lab.rpcd(HTTP, backend=lab.backend(handler))
    with lab.client() as client:
        assert client.ask("/", headers=UPGRADE).status == 502
        assert client.ask("/ws/").status == 502
        assert client.ask("/ws/", headers=[("Connection", "Upgrade"), ("Upgrade", "h2c")]).status == 502
    with lab.client() as client:
        assert client.ask("/ws/", headers=UPGRADE, version="HTTP/1.0").status == 502


REDIRECT = """
map $arg_x $broken { "~^(a+)+$" 1; default 0; }
upstream group { server 127.0.0.1:{backend}; keepalive 4; }
proxy_set_header Upgrade $http_upgrade;
proxy_set_header Connection "upgrade";
server {
    listen {port};
    location / { proxy_pass http://group; }
    location = /broken { proxy_redirect / $broken; proxy_pass http://group; }
    location = /inner { internal; proxy_pass http://group; }
    location = /text { internal; return 200 "text"; }
}
"""


def switching(connection):
    """Agrees to every upgrade, and sends those who ask for it to the location they name."""
    while (request := connection.request()) is not None:
        if request.target in ("/inner", "/next"):
            connection.send(answer(request.target.encode()))
            continue
        to = request.get("X-To")
        connection.send(SWITCH[:-2] + (f"X-Accel-Redirect: {to}" if to else "Location: /").encode() + b"\r\n\r\n")


@pytest.mark.parametrize("target, body", [("/text", b"text"), ("/inner", b"/inner")])
def test_switching_that_leaves_the_answer_to_another_location(lab, target, body):
    """That one's answer is the answer, and nothing is switched."""
    backend = lab.backend(switching)
    lab.rpcd(REDIRECT, backend=backend)
    with lab.client() as client:
        response = client.ask("/", headers=UPGRADE + [("X-To", target)])
        assert (response.status, response.body) == (200, body)
        assert response.get("Upgrade") is None
        assert "upgrade" not in response.get("Connection", "").lower()
        assert client.ask("/next").body == b"/next"
    assert len(backend.connections) == 2  # the first has switched: nobody is asked there any more


def test_switching_that_is_given_up(lab):
    """What cannot be answered as the configuration says is an error, and nothing is switched."""
    daemon = lab.rpcd(REDIRECT, backend=lab.backend(switching))
    with lab.client() as client:
        response = client.ask(f"/broken?x={'a' * 40}!", headers=UPGRADE)
        assert (response.status, response.reason) == (500, "Internal Server Error")
        assert (response.get("Upgrade"), response.get("Connection")) == (None, "close")
        assert client.is_closed()
    daemon.wait_for_text("exceeded its match limit")


@pytest.mark.parametrize("limit, is_cut", [("", False), ("worker_shutdown_timeout 500ms;", True)])
def test_graceful_stop(lab, limit, is_cut):
    """Tunnels are waited for, for worker_shutdown_timeout at most."""
    daemon = lab.rpcd(HTTP, main=limit, backend=lab.backend(echoing), workers=2)
    with lab.client() as client, lab.client() as idle:
        assert idle.ask("/ws/").status == 502
        assert client.ask("/ws/", headers=UPGRADE).status == 101
        daemon.send_signal(signal.SIGQUIT)
        assert idle.is_closed()
        for _ in range(2 if is_cut else 10):
            client.send(b"still here")
            assert client.read_exactly(10) == b"still here"
            time.sleep(0.1)
        begun = time.monotonic()
        assert client.is_closed(3) == is_cut
        assert time.monotonic() - begun < 1 or not is_cut
    daemon.wait()


def test_the_shutdown_limit_ends_exchanges_too(lab):
    backend = lab.backend(lambda connection: connection.request() and connection.read_rest())
    daemon = lab.rpcd(HTTP + "access_log access.log;", main="worker_shutdown_timeout 300ms;", backend=backend)
    with lab.client() as client:
        client.send(request_bytes("/"))
        backend.wait_for(1)
        daemon.send_signal(signal.SIGQUIT)
        assert client.is_closed()
    daemon.wait()
    daemon.wait_for_text("worker_shutdown_timeout is over")
