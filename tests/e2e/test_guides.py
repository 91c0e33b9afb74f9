"""The configurations that every guide to nginx prints, on nginx and on rpcd: the same peers are
asked in the same order."""

import asyncio
import threading

import pytest
import websockets

from lab import Client, answer, wait_until
from lab.daemon import PATIENCE

SERVER = """
server {
    listen {host}:{port};
    location / { proxy_pass http://backend; proxy_set_header Host $host; }
}
"""


def named(lab, count):
    """Backends that answer with their number."""
    return [lab.backend(answer(b"%d" % number)) for number in range(count)]


def site(lines, backends, method=""):
    servers = "\n".join(f"server 127.0.0.1:{backend.port} {parameters};"
                        for backend, parameters in zip(backends, lines))
    return f"upstream backend {{ {method}\n{servers}\n}}\n{SERVER}"


def sequence(count, target="/", **options):
    """Asks so often, one after another; the numbers of the backends that answered."""
    def ask_all(address):
        with Client(address, **options) as client:
            return [client.ask(target).body.decode() for _ in range(count)]
    return ask_all


def test_round_robin_with_failures_that_count(lab):
    """A peer that fails three times within 30 s is left alone for 30 s."""
    backends = named(lab, 2)
    broken = lab.backend(lambda connection: connection.request())  # closes without an answer
    lines = ["max_fails=3 fail_timeout=30s"] * 3
    pair = lab.pair(site(lines, [backends[0], broken, backends[1]]))
    attempts = []
    sequences = []
    for address in pair.addresses():
        before = len(broken.requests)
        sequences.append(sequence(20)(address))
        attempts.append(len(broken.requests) - before)
    assert sequences[0] == sequences[1]
    assert attempts == [3, 3]


def test_weights_and_a_backup(lab):
    backends = named(lab, 4)
    lines = ["weight=3", "weight=2", "weight=1", "backup"]
    pair = lab.pair(site(lines, backends))
    ours = pair.both(sequence(24))
    assert ours[0] == ours[1]
    assert "3" not in ours[1]
    for backend in backends[:3]:
        backend.close()
    assert pair.both(sequence(4)) == [["3"] * 4] * 2


def test_ip_hash(lab):
    pair = lab.pair(site([""] * 3, named(lab, 3), "ip_hash;"))

    def of_networks(address):
        chosen = []
        for network in range(40):
            source = f"127.{network}.{network * 5 % 256}.9"
            chosen.append(sequence(2, source=source)(address))
        return chosen

    ours = pair.both(of_networks)
    assert ours[0] == ours[1]
    assert {name for names in ours[1] for name in names} == {"0", "1", "2"}


class Held:
    """A backend that answers with its number once it is told to."""

    def __init__(self, lab, number):
        self.free = threading.Event()
        self.number = number
        self.backend = lab.backend(self.handle)

    def handle(self, connection):
        while (request := connection.request()) is not None:
            if request.target == "/held":
                self.free.wait(20)
            connection.send(answer(b"%d" % self.number))


def test_least_conn(lab):
    """The busy ones are not asked, whoever keeps them busy."""
    held = [Held(lab, number) for number in range(3)]
    pair = lab.pair(site(["", "weight=2", ""], [one.backend for one in held], "least_conn;"))

    def busy_then_free(address):
        clients = [Client(address) for _ in range(4)]
        counts = [len(one.backend.requests) for one in held]
        for number, client in enumerate(clients):
            client.send(b"GET /held HTTP/1.1\r\nHost: a\r\n\r\n")
            wait_until(lambda: sum(len(one.backend.requests) for one in held) >=
                       sum(counts) + number + 1, "the request at a backend")
        after = [len(one.backend.requests) - count for one, count in zip(held, counts)]
        free = sequence(5)(address)
        for one in held:
            one.free.set()
        bodies = [client.response().body for client in clients]
        for one in held:
            one.free.clear()
        for client in clients:
            client.close()
        return after, free, bodies

    ours = pair.both(busy_then_free)
    assert ours[0] == ours[1]
    assert ours[1][0] == [1, 2, 1]


WEBSOCKET = """
map $http_upgrade $connection_upgrade { default upgrade; '' close; }
upstream websocket { server 127.0.0.1:{backend}; }
server {
    listen {host}:{port};
    location / {
        proxy_pass http://websocket;
        proxy_http_version 1.1;
        proxy_set_header Upgrade $http_upgrade;
        proxy_set_header Connection $connection_upgrade;
        proxy_set_header Host $host;
        proxy_buffering off;
        proxy_read_timeout 86400s;
        proxy_send_timeout 86400s;
    }
}
"""


@pytest.fixture
def echo_port():
    """A WebSocket server that echoes, in a thread."""
    started, stop, port = threading.Event(), threading.Event(), []

    async def echo(connection, _path=None):
        async for message in connection:
            await connection.send(message)

    async def serve():
        async with websockets.serve(echo, "127.0.0.1", 0, max_size=None) as server:
            port.append(server.sockets[0].getsockname()[1])
            started.set()
            while not stop.is_set():
                await asyncio.sleep(0.02)

    thread = threading.Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    started.wait(PATIENCE)
    yield port[0]
    stop.set()
    thread.join()


def test_websocket(lab, echo_port):
    pair = lab.pair(WEBSOCKET, backend=echo_port)

    async def talk(host, port):
        async with websockets.connect(f"ws://{host}:{port}/chat", max_size=None) as connection:
            echoed = []
            for message in ("hello", "", b"\x00" * 70_000, "x" * 1_000_000):
                await connection.send(message)
                echoed.append(await connection.recv() == message)
            pong = await connection.ping()
            await pong
            return echoed

    assert pair.both(lambda address: asyncio.run(talk(*address))) == [[True] * 4] * 2
