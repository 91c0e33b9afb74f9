"""The clients of the soak. A role does one thing once, checks what it got, and raises Wrong when a
byte is not what it must be. Connections that break are the caller's to judge: see Judge."""

import asyncio
import base64
import dataclasses
import gzip
import random
import threading
import time

import websockets

import files
from backend import digest, tagged
from lab import Client, Incomplete, wait_until
from lab.http import accepts, chunked, request_bytes
from lab.proxy_header import binary, line

SIZES = [0, 1, 100, 4000, 20_000, 70_000]
LARGE_SIZES = [300_000, 1_000_000, 3_000_000]
SLOW_READ = 40_000


class Wrong(Exception):
    """What nothing excuses."""


def expect(condition, what):
    if not condition:
        raise Wrong(what)


def check_body(response, tag, statuses=(200,)):
    expect(response.status in statuses, f"{tag}: {response.start}")
    if response.status == 200:
        expect(response.get("X-Tag") == tag, f"{tag}: tag {response.get('X-Tag')}")
        expect(digest(response.body) == response.get("X-Digest"), f"{tag}: its body is another")


# --- roles: functions of a connection (made anew when it is None), a tag and dice ---


def get_small(client, tag, dice, group="all", query=""):
    framing = dice.choice(["length", "chunked"])
    check_body(client.ask(f"/{group}/body/{tag}/{dice.choice(SIZES)}/{framing}{query}"), tag)


def get_spread(client, tag, dice):
    group = dice.choice(["hashed", "stuck", "random"])
    get_small(client, tag, dice, group, f"?key={dice.randint(1, 50)}")


def get_steady(client, tag, dice):
    get_small(client, tag, dice, dice.choice(["steady", "secret"]))


def get_large(client, tag, dice):
    framing = dice.choice(["length", "chunked"])
    group = dice.choice(["all", "passing", "secret"])
    check_body(client.ask(f"/{group}/body/{tag}/{dice.choice(LARGE_SIZES)}/{framing}"), tag)


def read_slowly(client, tag, dice):
    group = dice.choice(["all", "passing"])
    client.send(request_bytes(f"/{group}/body/{tag}/{LARGE_SIZES[-1]}/length"))
    for _ in range(dice.randint(1, 10)):
        time.sleep(0.1)
        client.buffer += client.socket.recv(SLOW_READ)
    check_body(client.response(), tag)


def post(client, tag, dice):
    body = tagged(tag, dice.choice(SIZES + LARGE_SIZES[:2]))
    target = f"/{dice.choice(['all', 'unbuffered', 'secret'])}/digest/{tag}"
    if dice.random() < 0.5:
        client.send(request_bytes(target, "POST", [("Transfer-Encoding", "chunked")]))
        client.send(chunked(*(body[i:i + 9000] for i in range(0, len(body), 9000))))
    else:
        client.send(request_bytes(target, "POST", body=body))
    response = client.response()
    expect(response.status in (200, 502), f"{tag}: {response.start}")
    if response.status == 502:
        raise Incomplete("the backend was gone")
    expect(response.body == digest(body).encode(), f"{tag}: the backend got another body")


def ask_faulty(client, tag, dice):
    response = client.ask(f"/faulty/fault/{tag}/{dice.choice(SIZES)}")
    while response.status == 103:
        response = client.response()
    check_body(response, tag, (200, 502, 504))


def get_packed(client, tag, dice):
    """Compressed on the way, or not, or opened again."""
    size = dice.choice(SIZES + LARGE_SIZES[:2])
    place = dice.choice(["packed-all", "opened-all"])
    headers = [("Accept-Encoding", "gzip")] if dice.random() < 0.7 else []
    target = f"/{place}/body/{tag}/{size}/{dice.choice(['length', 'chunked'])}"
    response = client.ask(target, headers=headers)
    if response.get("Content-Encoding") == "gzip":
        expect(headers != [], f"{tag}: gzip that nobody asked for")
        response.body = gzip.decompress(response.body)
    if response.status == 502 and place == "opened-all":
        raise Incomplete("the worker in between was gone")
    check_body(response, tag)


def get_private(client, tag, dice):
    password = dice.choice(["right", "right", "wrong"])
    credentials = base64.b64encode(f"{dice.choice(['ann', 'bob'])}:{password}".encode()).decode()
    response = client.ask(f"/private/body/{tag}/{dice.choice(SIZES)}/length",
                          headers=[("Authorization", f"Basic {credentials}")])
    if password == "right":
        check_body(response, tag)
    else:
        expect(response.status == 401, f"{tag}: {response.start}")


def get_file(client, tag, dice):
    files.get_file(client, expect, tag, dice)


def get_ranges(client, tag, dice):
    files.get_ranges(client, expect, tag, dice)


def announce(client, tag, dice):
    """Who the client is follows from the connection: it is another one each time."""
    if not client.received:
        address = f"192.0.2.{dice.randint(1, 254)}"
        client.announced = f"{address} {dice.randint(1024, 65535)}"
        header = dice.choice([line, binary])
        client.send(header(address, int(client.announced.split(" ")[1])), piece=dice.choice([None, 7]))
    response = client.ask(f"/{tag}")
    expect(response.body.decode() == f"{client.announced} /{tag}", f"{tag}: {response.body[:100]}")
    if dice.random() < 0.3:
        client.close()
        raise Incomplete("left")


def leave(client, tag, dice):
    data = request_bytes(f"/all/body/{tag}/{LARGE_SIZES[0]}/chunked")
    client.send(data[:dice.randint(1, len(data))])
    time.sleep(dice.random() * 0.05)
    client.reset() if dice.random() < 0.5 else client.close()


@dataclasses.dataclass
class Role:
    act: callable
    threads: int
    pause: float = 0.0  # seconds between two acts
    # What breaks such a connection, besides the end of a worker.
    is_broken_by_backends: bool = False
    is_broken_by_nature: bool = False
    is_left: bool = False
    place: str = "plain"  # which address it goes to


ROLES = [
    Role(get_small, 4),
    Role(get_steady, 2),
    Role(get_spread, 3),
    Role(get_large, 2, 0.1, is_broken_by_backends=True),
    Role(read_slowly, 4, is_broken_by_backends=True),
    Role(post, 3, 0.02, is_broken_by_backends=True),
    Role(ask_faulty, 3, 0.02, is_broken_by_nature=True),
    Role(get_packed, 2, 0.02, is_broken_by_backends=True),
    Role(get_private, 1, 0.01),
    Role(get_file, 3),
    Role(get_ranges, 2),
    Role(announce, 2, is_broken_by_nature=True, place="announced"),
    Role(leave, 2, 0.02, is_left=True),
]


class Judge:
    """Counts, and decides whether what broke a connection is known."""

    SECONDS = 1.0  # until a kill has shown everywhere; clients pause, and machines are slow

    def __init__(self):
        self.lock = threading.Lock()
        self.acts = {}
        self.breaks = {}
        self.wrongs = []
        self.worker_kills = []
        self.backend_kills = []

    def count(self, counts, name):
        with self.lock:
            counts[name] = counts.get(name, 0) + 1

    def is_excused(self, role, begin):
        kills = self.worker_kills + (self.backend_kills if role.is_broken_by_backends else [])
        return role.is_broken_by_nature or any(kill > begin - self.SECONDS for kill in kills)

    def broken(self, name, role, begin, error):
        if self.is_excused(role, begin):
            self.count(self.breaks, name)
        else:
            self.wrong(name, f"nothing explains: {error!r}")

    def wrong(self, name, what):
        with self.lock:
            self.wrongs.append(f"{name}: {what}")


def play(role, number, ports, judge, stop):
    """Acts until told to stop, on one connection as long as it lasts."""
    name = role.act.__name__
    dice = random.Random(f"{name} {number}")
    client = None
    count = 0
    while not stop.is_set():
        begin = time.monotonic()
        count += 1
        try:
            client = client or Client(ports[role.place], timeout=60)
            role.act(client, f"{name}.{number}.{count}", dice)
            judge.count(judge.acts, name)
            client = None if role.is_left else client
        except Wrong as wrong:
            judge.wrong(name, wrong)
            client = None
        except (Incomplete, OSError) as error:
            if not role.is_left:
                judge.broken(name, role, begin, error)
            client = None
        except Exception as error:  # what is no response cannot be read
            judge.wrong(name, f"{error!r}, received {client.received[-200:]!r}")
            client = None
        time.sleep(role.pause)
    if client:
        client.close()


# --- WebSocket ---

SOCKET_ROLE = Role(lambda: None, 0)


async def echo_on(port, number, judge, stop):
    dice = random.Random(number)
    while not stop.is_set():
        begin = time.monotonic()
        try:
            async with websockets.connect(f"ws://127.0.0.1:{port}/ws/", max_size=None,
                                          open_timeout=60, ping_interval=None) as connection:
                while not stop.is_set():
                    begin = time.monotonic()
                    sent = tagged(f"ws{number}", dice.choice(SIZES + LARGE_SIZES[:1]))
                    await connection.send(sent)
                    if await asyncio.wait_for(connection.recv(), 60) != sent:
                        judge.wrong("websocket", "another message came back")
                    judge.count(judge.acts, "websocket")
                    await asyncio.sleep(dice.random() * 0.5)
        except (websockets.WebSocketException, OSError, asyncio.TimeoutError) as error:
            judge.broken("websocket", SOCKET_ROLE, begin, error)


async def echo_all(port, count, judge, stop):
    await asyncio.gather(*(echo_on(port, number, judge, stop) for number in range(count)))


async def serve_echo(port, stop):
    async def echo(connection, _path=None):
        try:
            async for message in connection:
                await connection.send(message)
        except websockets.ConnectionClosed:
            pass  # the proxy was killed in the middle of a message

    async with websockets.serve(echo, "127.0.0.1", port, max_size=None, ping_interval=None):
        while not stop.is_set():
            await asyncio.sleep(0.1)


def start_clients(ports, socket_port, judge, stop):
    """All roles and the WebSockets, each in a thread. Ends when `stop` is set."""
    servers_stop = threading.Event()
    server = threading.Thread(target=lambda: asyncio.run(serve_echo(socket_port, servers_stop)))
    server.start()
    wait_until(lambda: accepts(socket_port), "the start of the WebSocket server")
    threads = [threading.Thread(target=play, args=(role, number, ports, judge, stop))
               for role in ROLES for number in range(role.threads)]
    threads.append(threading.Thread(target=lambda: asyncio.run(echo_all(ports["plain"], 20, judge, stop))))
    for thread in threads:
        thread.start()

    def join():
        for thread in threads:
            thread.join()
        servers_stop.set()
        server.join()
    return join
