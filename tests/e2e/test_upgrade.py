"""Connections that stop being HTTP: WebSocket through the proxy."""

import asyncio

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


def test_a_real_websocket(lab):
    websockets = pytest.importorskip("websockets")

    async def talk():
        async def echo(websocket, *_):
            async for message in websocket:
                await websocket.send(message)

        async with websockets.serve(echo, "127.0.0.1", 0) as server:
            port = server.sockets[0].getsockname()[1]
            daemon = await asyncio.to_thread(lab.rpcd, HTTP, backend=port)
            async with websockets.connect(f"ws://127.0.0.1:{lab.port}/ws/", max_size=None) as client:
                for message in ("hello", b"\x00\xff" * 1000, "x" * 1_000_000):
                    await client.send(message)
                    assert await client.recv() == message
                pong = await client.ping()
                await asyncio.wait_for(pong, 5)
            return daemon

    asyncio.run(talk())
