"""Clients that are slow, rude or many: how connections end and are kept, and which make room for
others; compared with nginx."""

import ctypes
import os
import signal
import socket
import struct
import threading
import time

import pytest

from lab import Client, wait_until
from lab.backend import answer, replying
from lab.http import request_bytes
from lab.http2_client import Http2Client


def ending(wire, seconds=10.0):
    """How the other side ends the connection: "end" or "reset"."""
    wire.socket.settimeout(seconds)
    try:
        while wire.socket.recv(65536):
            pass
        return "end"
    except ConnectionResetError:
        return "reset"


# --- lingering_close ---

LINGERING = """
client_max_body_size 10;
server {
    listen {host}:{port};
    location / { return 200 "x"; }
    location /off { lingering_close off; proxy_pass http://127.0.0.1:1; }
    location /on { proxy_pass http://127.0.0.1:1; }
    location /always { lingering_close always; keepalive_timeout 0; return 200 "x"; }
    location /never { keepalive_timeout 0; return 200 "x"; }
    location /at-once { lingering_close off; keepalive_timeout 0; return 200 "x"; }
    location /short { lingering_timeout 300ms; proxy_pass http://127.0.0.1:1; }
    location /time { lingering_time 1s; lingering_timeout 10s; proxy_pass http://127.0.0.1:1; }
    location /instant { lingering_time 999ms; proxy_pass http://127.0.0.1:1; }
}
"""


@pytest.fixture(scope="module")
def lingering(shared_lab):
    return shared_lab.pair(LINGERING)


def refused(address, target):
    """A client whose body is too large, and which has its answer."""
    client = Client(address)
    client.send(request_bytes(target, "POST", [("Content-Length", "1000000"), ("Connection", "close")]))
    assert client.response().status == 413
    return client


def test_what_still_comes_is_read(lingering):
    def go_on(address):
        with refused(address, "/on") as client:
            for _ in range(10):
                client.send(b"x" * 1000)
            client.socket.shutdown(socket.SHUT_WR)
            return ending(client)
    assert lingering.both(go_on) == ["end", "end"]


def test_a_body_is_read_in_any_case(lingering):
    """lingering_close is about what follows a request."""
    def go_on(address):
        with refused(address, "/off") as client:
            for _ in range(10):
                client.send(b"x" * 1000)
            client.socket.shutdown(socket.SHUT_WR)
            return ending(client)
    assert lingering.both(go_on) == ["end", "end"]


@pytest.mark.parametrize("target, is_read", [("/never", True), ("/at-once", False)])
def test_what_follows_a_request(lingering, target, is_read):
    """Is read, too, or not."""
    def go_on(address):
        with Client(address) as client:
            client.send(request_bytes(target) + b"more")
            assert client.response().status == 200
            if not is_read:
                wait_until(lambda: is_over(client), "the end")
                return "closed"
            for _ in range(20):
                client.send(b"x")
            client.socket.shutdown(socket.SHUT_WR)
            return ending(client)
    theirs, ours = lingering.both(go_on)
    assert ours == theirs


def is_over(client):
    """Whether the other side has closed for reading, too: sending is answered by a reset."""
    try:
        client.socket.sendall(b"x")
        return False
    except (ConnectionResetError, BrokenPipeError):
        return True


@pytest.mark.parametrize("target, is_read", [("/always", True), ("/never", False)])
def test_always(lingering, target, is_read):
    """Bytes behind a request that was answered whole."""
    def go_on(address):
        with Client(address) as client:
            assert client.ask(target).status == 200
            assert client.socket.recv(1) == b""
            if not is_read:
                wait_until(lambda: is_over(client), "the end")
                return "closed"
            for _ in range(20):
                client.socket.sendall(b"x")
            client.socket.shutdown(socket.SHUT_WR)
            return "read"
    theirs, ours = lingering.both(go_on)
    assert ours == theirs


@pytest.mark.parametrize("target", ["/short", "/time", "/instant"])
def test_not_for_ever(lingering, target):
    def go_on(address):
        with refused(address, target) as client:
            if target == "/time":
                wait_until(lambda: is_over(client), "the end", step=0.1)
            else:
                if target == "/instant":
                    client.send(b"x")
                wait_until(lambda: is_closed_by_kernel(client), "the end")
            return "over"
    assert lingering.both(go_on) == ["over", "over"]


def is_closed_by_kernel(client):
    """Without sending anything: the other end's socket is gone when the kernel does not know it."""
    try:
        own, other = client.socket.getsockname(), client.socket.getpeername()
    except OSError:
        return True
    def entry(address):
        return "%08X:%04X" % (struct.unpack("=I", socket.inet_aton(address[0]))[0], address[1])
    wanted = f"{entry(other)} {entry(own)} "
    for line in open("/proc/net/tcp"):
        if wanted in line and line.split()[3] in ("01", "05"):  # ESTABLISHED, FIN_WAIT2
            return not has_owner(line.split()[9])
    return True


def has_owner(inode):
    return inode != "0"


# --- reset_timedout_connection ---

RESET = """
client_header_timeout 1s;
client_body_timeout 1s;
keepalive_timeout 1s;
reset_timedout_connection RESET;
server {
    listen {host}:{port};
    location / { return 200 "x"; }
    location /silent { return 444; }
    location /pass { proxy_pass http://127.0.0.1:1; }
}
"""


@pytest.mark.parametrize("choice", ["on", "off"])
def test_resets(shared_lab, choice):
    """Requests that time out end with a reset, idle connections do not."""
    lab = shared_lab
    port = lab.new_port()
    pair = lab.pair(RESET.replace("RESET", choice).replace("{port}", str(port)))
    cases = {
        "nothing": b"",
        "a head that does not end": b"GET / HTTP/1.1\r\nHo",
        "a body that does not end": request_bytes("/pass", "POST", [("Content-Length", "10")]) + b"x",
        "an idle connection": request_bytes("/"),
        "444": request_bytes("/silent"),
    }
    def end_of(address, data):
        with Client(address) as client:
            client.send(data)
            return ending(client)
    for name, data in cases.items():
        theirs, ours = pair.both(lambda address: end_of(address, data), port)
        assert ours == theirs, name
        is_reset = choice == "on" and name not in ("nothing", "an idle connection")
        assert ours == ("reset" if is_reset else "end"), name


# --- keepalive_disable ---

KEEPALIVE = """
server {
    listen {host}:{port};
    location / { return 200 "x"; }
    location /none { keepalive_disable none; return 200 "x"; }
    location /safari { keepalive_disable safari; return 200 "x"; }
    location /both { keepalive_disable msie6 safari; return 200 "x"; }
}
"""
AGENTS = [
    "curl/7.88.1",
    "Mozilla/4.0 (compatible; MSIE 6.0; Windows NT 5.0)",
    "Mozilla/4.0 (compatible; MSIE 6.0; Windows NT 5.1; SV1)",
    "Mozilla/4.0 (compatible; MSIE 5.5; Windows 98)",
    "Mozilla/4.0 (compatible; MSIE 4.01; Windows 95)",
    "Mozilla/4.0 (compatible; MSIE 7.0; Windows NT 6.0)",
    "Mozilla/4.0 (compatible; MSIE 6.0; Windows NT 5.1) Opera 8.5",
    "MSIE 6.", "MSIE 6.0", "MSIE 6", "MSIE ", "xMSIE 6.0MSIE 7.0",
    "Mozilla/5.0 (Macintosh; U; PPC Mac OS X; en) AppleWebKit/312.1 (KHTML) Safari/312",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15) AppleWebKit/605.1 (KHTML, like Gecko) Version/15 Safari/605.1",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15) AppleWebKit/537 (KHTML, like Gecko) Chrome/120 Safari/537",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15; rv:120) Gecko/20100101 Safari/1",
    "Mozilla/5.0 (Windows) AppleWebKit/533 Safari/533",
]


def test_browsers_that_are_not_kept(lab):
    pair = lab.pair(KEEPALIVE)
    def connections(address):
        said = {}
        for target in ("/", "/none", "/safari", "/both"):
            for method in ("GET", "POST"):
                for agent in AGENTS:
                    with Client(address) as client:
                        response = client.ask(target, method, [("User-Agent", agent)],
                                              body=b"x" if method == "POST" else None)
                        said[target, method, agent] = response.get("Connection")
        return said
    theirs, ours = pair.both(connections)
    assert ours == theirs
    assert list(ours.values()).count("close") > 10


# --- keepalive_min_timeout ---

def test_a_graceful_end_leaves_fresh_connections_alone(lab):
    """For that time: a request that was on its way is answered. nginx has it since 1.27.4."""
    daemon = lab.rpcd("server { listen {host}:{port}; return 200 x; }"
                      " server { listen {host}:{second}; keepalive_min_timeout 3s; return 200 x; }",
                      second=lab.new_port())
    second = int(daemon.folder.joinpath("site.conf").read_text().split("listen 127.0.0.1:")[2].split(";")[0])
    with Client(lab.port) as plain, Client(second) as held:
        assert plain.ask().body == held.ask().body == b"x"
        daemon.send_signal(signal.SIGQUIT)
        assert plain.is_closed()
        response = held.ask()
        assert response.body == b"x" and response.get("Connection") == "close"
        assert held.is_closed()
    daemon.wait()


def test_it_is_no_longer_than_it_says(lab):
    daemon = lab.rpcd("keepalive_min_timeout 300ms; server { listen {host}:{port}; return 200 x; }")
    with Client(lab.port) as client:
        assert client.ask().body == b"x"
        daemon.send_signal(signal.SIGQUIT)
        assert client.is_closed()
    daemon.wait()


def test_the_whole_time_is_the_same(lab):
    lab.rpcd("keepalive_timeout 600ms; keepalive_min_timeout 200ms; server { listen {host}:{port};"
             " location / { return 200 x; } location /more { keepalive_min_timeout 10s; return 200 x; } }")
    for target in ("/", "/more"):
        with Client(lab.port) as client:
            assert client.ask(target).body == b"x"
            began = time.monotonic()
            assert client.is_closed()
            assert time.monotonic() - began > 0.5


# --- max_headers ---

@pytest.mark.parametrize("limit, count, status", [
    (5, 5, 200), (5, 6, 400), (0, 1, 400), (64, 64, 200), (64, 65, 400), (100, 100, 200),
    (100, 101, 400), (1500, 1500, 200), (1500, 1501, 400), (None, 1000, 200), (None, 1001, 400)])
def test_fields_are_counted(lab, limit, count, status):
    """nginx has it since 1.29.8."""
    daemon = lab.rpcd((f"max_headers {limit};" if limit is not None else "") +
                      "large_client_header_buffers 16 8k; server { listen {host}:{port} http2; return 200 $http_x_1; }")
    fields = [(f"X-{number}", "y") for number in range(1, count)]
    with Client(lab.port) as client:
        response = client.ask(headers=fields)
        assert response.status == status
        if status == 200:
            assert response.body == (b"y" if count > 1 else b"")
        else:
            assert client.is_closed()
            daemon.wait_for_text("client sent too many header lines")
    with Http2Client(("127.0.0.1", lab.port)) as client:
        fields = [(f"x-{number}", "y") for number in range(count)]
        assert client.ask(headers=fields).status == status


# --- tcp_nodelay, tcp_nopush ---

def socket_option(daemon, client, level, option):
    """Of the socket with which the daemon's worker serves the client."""
    libc = ctypes.CDLL(None, use_errno=True)
    worker = daemon.workers()[0]
    process = os.pidfd_open(worker)
    own = client.socket.getsockname()
    try:
        for name in os.listdir(f"/proc/{worker}/fd"):
            copy = libc.syscall(438, process, int(name), 0)  # pidfd_getfd
            if copy < 0:
                continue
            with socket.socket(fileno=copy) if is_socket(copy) else open(copy) as file:
                if isinstance(file, socket.socket) and peer_of(file) == own:
                    return file.getsockopt(level, option)
    finally:
        os.close(process)
    pytest.skip("descriptors of others cannot be looked at here")


def is_socket(descriptor):
    try:
        return os.readlink(f"/proc/self/fd/{descriptor}").startswith("socket:")
    except OSError:
        return False


def peer_of(connected):
    try:
        return connected.getpeername()
    except OSError:
        return None


def test_small_packets(lab):
    daemon = lab.rpcd("""server { listen {host}:{port};
        location / { return 200 x; }
        location /late { tcp_nodelay off; tcp_nopush on; return 200 x; } }""")
    with Client(lab.port) as client:
        for target, expected in (("/", 1), ("/late", 0), ("/late", 0), ("/", 1)):
            assert client.ask(target).body == b"x"
            assert bool(socket_option(daemon, client, socket.IPPROTO_TCP, socket.TCP_NODELAY)) == bool(expected)


# --- when connections run out ---

def test_the_oldest_idle_connections_make_room(lab):
    """As in nginx, whose line of the log it is."""
    daemon = lab.rpcd("server { listen {host}:{port}; location / { return 200 x; } }",
                      events="worker_connections 32;")
    silent = Client(lab.port)
    clients = []
    for _ in range(60):
        client = Client(lab.port)
        assert client.ask().body == b"x"
        clients.append(client)
    daemon.wait_for_text("32 worker_connections are not enough, reusing connections")
    assert silent.is_closed()
    closed = [client.is_closed(0.01) for client in clients]
    first_open = closed.index(False)
    assert all(closed[:first_open]) and not any(closed[first_open:])
    assert closed.count(False) >= 20
    for client in clients[first_open:]:
        assert client.ask().body == b"x"
    for client in clients + [silent]:
        client.close()


def test_the_order_is_that_of_their_last_requests(lab):
    lab.rpcd("server { listen {host}:{port}; return 200 x; }", events="worker_connections 32;")
    clients = [Client(lab.port) for _ in range(24)]
    for client in clients:
        assert client.ask().body == b"x"
    before = time.monotonic()
    wait_until(lambda: time.monotonic() > before + 0.02, "another time")
    assert clients[0].ask().body == b"x"  # now the youngest
    others = []
    for _ in range(10):
        others.append(Client(lab.port))
        assert others[-1].ask().body == b"x"
    assert clients[1].is_closed()
    assert clients[0].ask().body == b"x"
    for client in clients + others:
        client.close()


def test_who_is_busy_is_not_closed(lab):
    """Nor is anybody served less: new ones wait until one is idle."""
    gate = threading.Event()
    def wait(request):
        gate.wait(20)
        return answer()
    daemon = lab.rpcd("server { listen {host}:{port}; location / { return 200 x; }"
                      " location /slow { proxy_pass http://127.0.0.1:{backend}; } }",
                      backend=(backend := lab.backend(replying(wait))), events="worker_connections 32;")
    daemon.expects_alerts = True
    busy = []
    for number in range(16):
        busy.append(Client(lab.port))
        busy[-1].send(request_bytes("/slow"))
        backend.wait_for(number + 1)
    daemon.wait_for_text("32 worker_connections are not enough, accepting again when one is free")
    with Client(lab.port) as waiting:
        waiting.send(request_bytes("/"))
        gate.set()
        for client in busy:
            assert client.response().body == b"ok"
        assert waiting.response().body == b"x"
    for client in busy:
        client.close()


def test_idle_connections_of_every_kind(lab):
    """By HTTP/2, those that have sent no byte, and those that are only read to their end."""
    lab.rpcd("keepalive_min_timeout 0; server { listen {host}:{port} http2; location / { return 200 x; }"
             " location /no { client_max_body_size 1; lingering_timeout 60s; proxy_pass http://127.0.0.1:1; } }",
             events="worker_connections 32;")
    second = Http2Client(("127.0.0.1", lab.port))
    assert second.ask().status == 200
    silent = Client(lab.port)
    lingering = refused(("127.0.0.1", lab.port), "/no")
    others = []
    for _ in range(60):
        others.append(Client(lab.port))
        assert others[-1].ask().body == b"x"
    assert silent.is_closed()
    assert ending(second) in ("end", "reset")
    wait_until(lambda: is_over(lingering), "the end")
    for client in others + [silent, second, lingering]:
        client.close()


def test_fresh_connections_are_left_alone(lab):
    lab.rpcd("server { listen {host}:{port}; location / { return 200 x; }"
             " location /held { keepalive_min_timeout 60s; return 200 x; } }",
             events="worker_connections 32;")
    held = [Client(lab.port) for _ in range(8)]
    for client in held:
        assert client.ask("/held").body == b"x"
    others = []
    for _ in range(60):
        others.append(Client(lab.port))
        assert others[-1].ask().body == b"x"
    for client in held:
        assert client.ask().body == b"x"
    for client in held + others:
        client.close()
