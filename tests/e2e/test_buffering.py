"""Responses on their way to slow clients: kept in memory and temporary files so that the backend is
free, or not. Compared with nginx where it can be."""

import functools
import os
import pathlib
import random
import threading
import time

import pytest

from lab import Client, answer, wait_until
from lab.backend import replying
from lab.daemon import SANITIZED
from lab.http import Incomplete, chunked, request_bytes

MEGABYTE = 1 << 20

HTTP = """
proxy_http_version 1.1;
proxy_set_header Connection "";
send_timeout 60s;
server {
    listen {host}:{port};
    proxy_temp_path {folder}/aside 1 2;
    location /on/ { proxy_pass http://127.0.0.1:{backend}; }
    location /off/ { proxy_buffering off; proxy_pass http://127.0.0.1:{backend}; }
    location /memory/ { proxy_max_temp_file_size 0; proxy_pass http://127.0.0.1:{backend}; }
    location /small/ { proxy_max_temp_file_size 1m; proxy_buffers 4 64k; proxy_buffer_size 64k;
        proxy_busy_buffers_size 64k; proxy_temp_file_write_size 64k;
        proxy_pass http://127.0.0.1:{backend}; }
    location /large-header/ { proxy_buffer_size 32k; proxy_buffers 4 32k;
        proxy_pass http://127.0.0.1:{backend}; }
}
"""

# Variables are younger than nginx 1.22.
RATE = """
%s
server {
    listen {port};
    location / { proxy_limit_rate $arg_rate; proxy_pass http://127.0.0.1:{backend}; }
}
"""


@functools.lru_cache(maxsize=8)
def body_of(size):
    return random.Random(size).randbytes(size)


def resident(pid):
    """Bytes of memory of its own that a process holds."""
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("RssAnon:"):
            return int(line.split()[1]) * 1024
    return 0


def files_in(pid, folder):
    """Descriptors of the process that are files there, with or without a name."""
    count = 0
    for entry in pathlib.Path(f"/proc/{pid}/fd").iterdir():
        try:
            count += str(folder) in os.readlink(entry)
        except OSError:
            pass
    return count


class Gusher:
    """A backend whose responses are sent as fast as they are taken, and which notes how far it got.
    The target's last part is the size; `headers` are added."""

    def __init__(self, framing="length"):
        self.framing = framing
        self.keeps_one = False  # all connections but the first end with their response
        self.headers = b""
        self.sent = 0
        self.served = {}  # requests by connection

    def __call__(self, connection):
        while (request := connection.request()) is not None:
            self.served[connection] = self.served.get(connection, 0) + 1
            total = int(request.target.split("?")[0].rpartition("/")[2])
            body = body_of(total)
            self.sent = 0
            is_last = self.keeps_one and connection is not next(iter(self.served))
            head = b"HTTP/1.1 200 OK\r\n" + self.headers + b"Connection: close\r\n" * is_last
            if self.framing == "length":
                head += b"Content-Length: %d\r\n" % total
            elif self.framing == "chunked":
                head += b"Transfer-Encoding: chunked\r\n"
            connection.send(head + b"\r\n")
            for begin in range(0, total, 50_000):
                piece = body[begin:begin + 50_000]
                if self.framing == "chunked":
                    connection.send(b"%x\r\n%s\r\n" % (len(piece), piece))
                else:
                    connection.send(piece)
                self.sent = begin + len(piece)
            if self.framing == "chunked":
                connection.send(b"0\r\n\r\n")
            if self.framing == "close" or is_last:
                return


@pytest.fixture
def gusher():
    return Gusher()


def stands_still(sent):
    """Waits until the number does not change any more, and returns it."""
    amounts = [-1, sent()]
    while amounts[-1] != amounts[-2]:
        time.sleep(0.3)
        amounts.append(sent())
    return amounts[-1]


TOTAL = 32 * MEGABYTE


@pytest.mark.parametrize("path, headers, is_absorbed", [
    ("/on/", b"", True),
    ("/off/", b"", False),
    ("/on/", b"X-Accel-Buffering: no\r\n", False),
    ("/off/", b"X-Accel-Buffering: YES\r\n", True),
    ("/on/", b"X-Accel-Buffering: maybe\r\n", True),
    ("/memory/", b"", False),
    ("/small/", b"", False),
])
def test_who_waits_for_a_client_that_does_not_read(lab, gusher, path, headers, is_absorbed):
    """With buffering the backend gets rid of everything, nobody having read a byte; without, or when
    there is no room, it waits. As in nginx."""
    gusher.headers = headers
    backend = lab.backend(gusher)
    pair = lab.pair(HTTP, backend=backend)

    def ask(address):
        with Client(address, receive_buffer=65536) as client:
            client.send(request_bytes(f"{path}{TOTAL}"))
            client.read_until(b"\r\n\r\n")
            if is_absorbed:
                wait_until(lambda: gusher.sent == TOTAL, "the backend's freedom")
                return True
            return stands_still(lambda: gusher.sent) == TOTAL

    assert pair.both(ask) == [is_absorbed, is_absorbed]


@pytest.mark.parametrize("framing", ["length", "chunked", "close"])
def test_what_was_put_aside_arrives_as_it_was(lab, framing):
    gusher = Gusher(framing)
    backend = lab.backend(gusher)
    daemon = lab.rpcd(HTTP, backend=backend)
    worker = daemon.workers()[0]
    aside = daemon.folder / "aside"
    before = resident(worker)
    total = 12 * MEGABYTE
    with Client(lab.port, receive_buffer=65536) as client:
        client.send(request_bytes(f"/on/{total}"))
        wait_until(lambda: gusher.sent == total, "the backend's freedom")
        wait_until(lambda: files_in(worker, aside) == 1, "the file")
        assert list(aside.iterdir()) == []
        if not SANITIZED:
            assert resident(worker) - before < MEGABYTE
        assert client.response().body == body_of(total)
        assert client.ask("/on/17").body == body_of(17)  # nothing was behind its end
    wait_until(lambda: files_in(worker, aside) == 0, "the end of the file")


def test_the_backend_is_free_for_others(lab, gusher):
    """Its connection serves other clients while the first has not read anything. No other is kept, which
    could be preferred to it from then on."""
    gusher.keeps_one = True
    backend = lab.backend(gusher)
    lab.rpcd(HTTP, backend=backend)
    with Client(lab.port, receive_buffer=65536) as slow:
        slow.send(request_bytes(f"/on/{TOTAL}"))
        wait_until(lambda: gusher.sent == TOTAL, "the backend's freedom")
        connection = backend.connections[0]

        def is_served_by_the_same():
            with lab.client() as client:
                assert client.ask("/on/1000").body == body_of(1000)
            return gusher.served[connection] > 1
        wait_until(is_served_by_the_same, "the first connection's use by another client")
        assert slow.response().body == body_of(TOTAL)
        assert slow.ask("/on/17").body == body_of(17)


@pytest.mark.parametrize("path", ["/on/", "/off/", "/memory/", "/small/"])
@pytest.mark.parametrize("framing", ["length", "chunked", "close"])
def test_clients_that_read_now_and_then(lab, framing, path):
    """Bytes go through memory, the file and past both, in turn."""
    lab.rpcd(HTTP, backend=lab.backend(Gusher(framing)))
    total = 6 * MEGABYTE
    failures = []

    def read(seed):
        dice = random.Random(seed)
        with Client(lab.port, receive_buffer=dice.choice([4096, 65536, 1 << 20])) as client:
            client.send(request_bytes(f"{path}{total}"))
            head = client.read_until(b"\r\n\r\n")
            for _ in range(30):
                time.sleep(dice.choice([0, 0.001, 0.02]))
                size = dice.choice([1, 1000, 100_000])
                client.buffer += client.socket.recv(size)
            client.buffer = head + client.buffer
            if client.response().body != body_of(total):
                failures.append(seed)

    threads = [threading.Thread(target=read, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert failures == []


def test_many_slow_clients_need_little_memory(lab, gusher):
    backend = lab.backend(gusher)
    daemon = lab.rpcd(HTTP, backend=backend)
    worker = daemon.workers()[0]
    before = resident(worker)
    clients = [Client(lab.port, receive_buffer=4096) for _ in range(60)]
    for client in clients:
        client.send(request_bytes(f"/on/{8 * MEGABYTE}"))
    wait_until(lambda: files_in(worker, daemon.folder / "aside") == len(clients), "all files", 30)
    wait_until(lambda: len(backend.requests) == len(clients), "all requests", 30)
    stands_still(lambda: gusher.sent)
    if not SANITIZED:
        # 480 megabytes are on their way; memory holds proxy_buffers and a head of each.
        assert resident(worker) - before < len(clients) * 200_000
    for client in clients[::7]:
        assert client.response().body == body_of(8 * MEGABYTE)
    for client in clients:
        client.close()
    wait_until(lambda: files_in(worker, daemon.folder / "aside") == 0, "the end of all files")


@pytest.mark.parametrize("how", ["close", "reset"])
def test_a_client_that_leaves_takes_its_file_along(lab, gusher, how):
    daemon = lab.rpcd(HTTP, backend=lab.backend(gusher))
    worker = daemon.workers()[0]
    client = Client(lab.port, receive_buffer=65536)
    client.send(request_bytes(f"/on/{TOTAL}"))
    wait_until(lambda: gusher.sent == TOTAL, "the backend's freedom")
    assert files_in(worker, daemon.folder / "aside") == 1
    getattr(client, how)()
    wait_until(lambda: files_in(worker, daemon.folder / "aside") == 0, "the end of the file")


def test_send_timeout_counts_for_what_was_put_aside(lab, gusher):
    daemon = lab.rpcd(HTTP.replace("send_timeout 60s", "send_timeout 300ms"), backend=lab.backend(gusher))
    worker = daemon.workers()[0]
    with Client(lab.port, receive_buffer=65536) as client:
        client.send(request_bytes(f"/on/{TOTAL}"))
        daemon.wait_for_text("client timed out")
        wait_until(lambda: files_in(worker, daemon.folder / "aside") == 0, "the end of the file")


def test_a_response_that_breaks_off_looks_like_that(lab):
    def handler(connection):
        connection.request()
        connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 40000000\r\n\r\n" + b"x" * 8_000_000)

    daemon = lab.rpcd(HTTP, backend=lab.backend(handler))
    with Client(lab.port, receive_buffer=65536) as client:
        client.send(request_bytes("/on/1"))
        daemon.wait_for_text("prematurely closed")
        with pytest.raises((Incomplete, OSError)):
            client.response()


def test_a_graceful_end_waits_for_what_was_put_aside(lab, gusher):
    daemon = lab.rpcd(HTTP, backend=lab.backend(gusher))
    with Client(lab.port, receive_buffer=65536) as client:
        client.send(request_bytes(f"/on/{TOTAL}"))
        wait_until(lambda: gusher.sent == TOTAL, "the backend's freedom")
        lab.reload(daemon, HTTP, backend=1)
        daemon.send_signal(3)
        assert client.response().body == body_of(TOTAL)
        assert daemon.wait() == 0


def test_on_a_full_disk_the_backend_waits(lab, gusher):
    """nginx breaks the response off; here it is as if there were no file."""
    with lab.small_disk() as place:
        daemon = lab.rpcd(HTTP.replace("{folder}/aside", str(place / "aside")),
                          backend=lab.backend(gusher))
        daemon.expects_alerts = True
        with Client(lab.port, receive_buffer=65536) as client:
            client.send(request_bytes(f"/on/{TOTAL}"))
            daemon.wait_for_text("a response could not be put aside (28: No space left on device)")
            assert stands_still(lambda: gusher.sent) < TOTAL
            assert client.response().body == body_of(TOTAL)
            assert client.ask("/on/100000").body == body_of(100_000)
        assert daemon.text("error.log").count("could not be put aside") == 1
        daemon.stop()


# --- heads ---

@pytest.fixture(scope="module")
def heads(shared_lab):
    @replying
    def reply(request):
        """As many bytes of head as the target says."""
        size = int(request.target.rpartition("/")[2])
        head = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-Filler: \r\n\r\n"
        return head[:-4] + b"x" * (size - len(head)) + b"\r\n\r\nok"

    return shared_lab.pair(HTTP.replace("{folder}/aside", "aside"), backend=shared_lab.backend(reply))


@pytest.mark.parametrize("path, size, status", [
    ("/on/", 4095, 200), ("/on/", 4097, 502), ("/on/", 10_000, 502),
    ("/on/", 60_000, 502), ("/off/", 4095, 200), ("/off/", 4097, 502),
    ("/large-header/", 16_384, 200), ("/large-header/", 32_767, 200), ("/large-header/", 32_769, 502),
])
def test_size_of_a_response_head(heads, path, size, status):
    nginx, rpcd = heads.ask(f"{path}{size}")
    assert (nginx.status, rpcd.status) == (status, status)
    if status == 502:
        heads.rpcd.wait_for_text("upstream sent too big header while reading response header from upstream")
    else:
        assert nginx.get("X-Filler") == rpcd.get("X-Filler")


@pytest.mark.parametrize("path, size", [("/on/", 4096), ("/off/", 4096), ("/large-header/", 32_768)])
def test_a_response_head_that_fills_the_buffer(heads, path, size):
    """nginx 1.22 takes such a head, and then breaks the response off."""
    with Client(("127.0.0.1", heads.lab.port)) as client:
        response = client.ask(f"{path}{size}")
    assert (response.status, len(response.head)) >= (200, size)
    assert response.body == b"ok"


# --- rates ---

@pytest.mark.parametrize("framing", ["length", "chunked", "close"])
def test_a_limited_rate(lab, framing):
    """The first second's bytes come at once, the others a second later each."""
    lab.rpcd(RATE % "", backend=lab.backend(Gusher(framing)))
    with lab.client() as client:
        begin = time.monotonic()
        assert client.ask("/rate/250000?rate=100k").body == body_of(250_000)
        assert time.monotonic() - begin > 1.8
        if framing != "close":
            begin = time.monotonic()
            assert client.ask("/rate/250000?rate=0").body == body_of(250_000)
            assert client.ask("/rate/250000").body == body_of(250_000)
            assert time.monotonic() - begin < 1.8


def test_a_rate_that_is_none(lab, gusher):
    daemon = lab.rpcd(RATE % "", backend=lab.backend(gusher))
    with lab.client() as client:
        assert client.ask("/rate/250000?rate=fast").body == body_of(250_000)
    daemon.wait_for_text('"fast", as proxy_limit_rate makes it, is no size')


def test_a_limited_rate_is_no_time_out(lab, gusher):
    lab.rpcd(RATE % "proxy_read_timeout 300ms;", backend=lab.backend(gusher))
    with lab.client() as client:
        assert client.ask("/rate/300000?rate=100k").body == body_of(300_000)
