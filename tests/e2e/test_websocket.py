"""WebSocket with real clients and a real server on the far side: python3-websockets."""

import asyncio
import hashlib
import os
import threading

import pytest

from lab import wait_until

websockets = pytest.importorskip("websockets")

HTTP = """
upstream app { server 127.0.0.1:{backend}; }
server {
    listen {port};
    location / {
        proxy_set_header Upgrade $http_upgrade;
        proxy_set_header Connection "upgrade";
        proxy_read_timeout 86400s;
        proxy_send_timeout 86400s;
        proxy_buffering off;
        proxy_pass http://app;
    }
}
"""

EVENTS = "worker_connections 4096;"


class EchoServer:
    """In a thread of its own, so that a test can do something else meanwhile."""

    def __init__(self):
        self.loop = asyncio.new_event_loop()
        self.port = None
        self.open = 0
        threading.Thread(target=self.loop.run_until_complete, args=(self.serve(),), daemon=True).start()
        wait_until(lambda: self.port, "the echo server")

    async def echo(self, websocket, *_):
        self.open += 1
        try:
            async for message in websocket:
                await websocket.send(message)
        finally:
            self.open -= 1

    async def serve(self):
        self.ended = asyncio.Event()
        async with websockets.serve(self.echo, "127.0.0.1", 0, max_size=None, ping_interval=None,
                                    compression=None, backlog=2048) as server:
            self.port = server.sockets[0].getsockname()[1]
            await self.ended.wait()

    def close(self):
        self.loop.call_soon_threadsafe(self.ended.set)


@pytest.fixture
def echo():
    server = EchoServer()
    yield server
    server.close()


def connect(lab):
    return websockets.connect(f"ws://127.0.0.1:{lab.port}/", max_size=None, ping_interval=None,
                              compression=None)


def test_messages_of_many_sizes(lab, echo):
    lab.rpcd(HTTP, backend=echo.port)

    async def talk():
        async with connect(lab) as client:
            for message in ("", "hello", b"\x00\xff" * 1000, "x" * 1_000_000):
                await client.send(message)
                assert await client.recv() == message
            await asyncio.wait_for(await client.ping(), 5)
    asyncio.run(talk())


def test_sixteen_megabytes_in_both_directions_at_once(lab, echo):
    lab.rpcd(HTTP, backend=echo.port)

    async def talk():
        async with connect(lab) as client:
            messages = [os.urandom(size) for size in (16 << 20, 1, 5 << 20, 16 << 20)]
            sending = asyncio.gather(*(client.send(message) for message in messages))
            for message in messages:
                received = await asyncio.wait_for(client.recv(), 30)
                assert hashlib.sha256(received).digest() == hashlib.sha256(message).digest()
            await sending
    asyncio.run(talk())


def test_a_thousand_idle_sockets_over_a_reload(lab, echo):
    """They stay, with the workers they are in, and everything said on them afterwards arrives."""
    daemon = lab.rpcd(HTTP, events=EVENTS, workers=2, backend=echo.port)
    workers = daemon.workers()

    async def open_some(count):
        return await asyncio.gather(*(connect(lab) for _ in range(count)))

    async def say(client, number):
        await client.send(f"{number}")
        return await asyncio.wait_for(client.recv(), 20) == f"{number}"

    async def talk():
        clients = []
        for _ in range(20):
            clients += await open_some(50)
        await asyncio.to_thread(wait_until, lambda: echo.open == 1000, "all of them at the backend")
        for number in range(3):
            changed = HTTP.replace("location / {", f"location / {{ add_header X-Reload {number};")
            await asyncio.to_thread(lab.reload, daemon, changed, events=EVENTS, workers=2,
                                    backend=echo.port)
        assert all(await asyncio.gather(*(say(client, number) for number, client in enumerate(clients))))
        assert echo.open == 1000
        await asyncio.gather(*(client.close() for client in clients))
    asyncio.run(talk())
    assert daemon.workers() == workers
    wait_until(lambda: echo.open == 0, "the end of all of them")
