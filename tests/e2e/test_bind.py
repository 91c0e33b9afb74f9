"""Where connections to backends come from, and what they begin with: proxy_bind, proxy_protocol,
proxy_socket_keepalive."""

import os
import socket
import struct

import pytest

from lab import Client, answer, wait_until

BIND = """
upstream group { server 127.0.0.1:{backend}; }
server {
    listen {host}:{port};
    proxy_http_version 1.1;
    proxy_set_header Connection "";
    location / { proxy_pass http://127.0.0.1:{backend}; }
    location /fixed/ { proxy_bind 127.0.0.31; proxy_pass http://group;
        location /fixed/off/ { proxy_bind off; proxy_pass http://group; }
        location /fixed/other/ { proxy_bind 127.0.0.32; proxy_pass http://group; } }
    location /chosen/ { proxy_bind $arg_from; proxy_pass http://group; }
    location /client/ { proxy_bind $remote_addr; proxy_pass http://group; }
    location /foreign/ { proxy_bind 192.0.2.77; proxy_pass http://group; }
    location /ipv6/ { proxy_bind ::1; proxy_pass http://group; }
}
"""


def report_peer(connection):
    """Tells each request where its connection comes from."""
    host = connection.socket.getpeername()[0]
    while connection.request() is not None:
        connection.send(answer(host.encode()))


@pytest.fixture(scope="module")
def pair(shared_lab):
    backend = shared_lab.backend(report_peer)
    pair = shared_lab.pair(BIND, backend=backend)
    pair.backend = backend
    for daemon in shared_lab.daemons:
        daemon.expects_alerts = True
    return pair


@pytest.mark.parametrize("target, status, source", [
    ("/x", 200, "127.0.0.1"), ("/fixed/x", 200, "127.0.0.31"), ("/fixed/off/x", 200, "127.0.0.1"),
    ("/fixed/other/x", 200, "127.0.0.32"), ("/chosen/?from=127.0.0.33", 200, "127.0.0.33"),
    ("/chosen/", 200, "127.0.0.1"), ("/chosen/?from=nowhere", 200, "127.0.0.1"), ("/chosen/?from=127.0.0.1:99999", 200, "127.0.0.1"),
    ("/chosen/?from=::1", 500, None), ("/client/x", 200, "127.0.0.9"), ("/foreign/x", 500, None), ("/ipv6/x", 500, None)])
def test_source_is_nginxs(pair, target, status, source):
    def ask(address):
        with Client(address, source="127.0.0.9") as client:
            response = client.ask(target)
            return response.status, response.body.decode() if response.status == 200 else None
    assert pair.both(ask) == [(status, source)] * 2


def test_a_port_may_be_given(lab):
    port = lab.new_port()
    lab.rpcd("server { listen {port}; location / { proxy_bind 127.0.0.31:{from}; proxy_pass http://127.0.0.1:{backend}; } }",
             backend=(backend := lab.backend()), **{"from": port})
    with lab.client() as client:
        assert client.ask("/").status == 200
    assert backend.connections[0].socket.getpeername() == ("127.0.0.31", port)


def test_kept_connections_are_told_apart_by_their_source(lab):
    backend = lab.backend(report_peer)
    lab.rpcd(BIND, backend=backend, host="127.0.0.1")
    with lab.client() as client:
        for _ in range(3):
            for source in ("127.0.0.33", "127.0.0.34", "127.0.0.1"):
                target = "/chosen/" if source == "127.0.0.1" else f"/chosen/?from={source}"
                assert client.ask(target).body.decode() == source
    assert len(backend.connections) == 3


def test_failure_to_bind_says_nothing_of_the_peer(lab):
    daemon = lab.rpcd(BIND, backend=lab.backend(report_peer))
    daemon.expects_alerts = True
    for target, status in (("/foreign/", 500), ("/foreign/", 500), ("/fixed/", 200)):
        with lab.client() as client:
            assert client.ask(target).status == status
    daemon.wait_for_text("bind() failed (99: Cannot assign requested address) while connecting to upstream")
    assert "no live upstreams" not in daemon.text("error.log")


TRANSPARENT = "server { listen {port}; location / { proxy_bind $remote_addr transparent; proxy_pass http://127.0.0.1:{backend}; } }"


def may_be_transparent():
    try:
        with socket.socket() as probe:
            probe.setsockopt(socket.IPPROTO_IP, 19, 1)  # IP_TRANSPARENT
            return True
    except OSError:
        return False


def rights_of(daemon):
    """What the kernel says of a worker."""
    with open(f"/proc/{daemon.workers()[0]}/status") as status:
        return dict(line.split(":", 1) for line in status)


@pytest.mark.skipif(os.geteuid() != 0 or not may_be_transparent(), reason="the kernel lets nobody bind to foreign addresses here")
def test_transparent_workers_keep_the_right_they_need_and_no_other(lab):
    backend = lab.backend(report_peer)
    daemon = lab.rpcd(TRANSPARENT, main="user nobody;", backend=backend)
    with lab.client(source="127.0.0.41") as client:
        assert client.ask("/").body == b"127.0.0.41"
    rights = rights_of(daemon)
    assert rights["Uid"].split()[0] == "65534"
    assert int(rights["CapEff"], 16) == int(rights["CapPrm"], 16) == 1 << 13  # CAP_NET_RAW


@pytest.mark.skipif(os.geteuid() != 0, reason="only root's workers lose a right")
def test_without_the_right_transparent_is_an_error(lab):
    """Workers that were started without it do not get it by a reload."""
    backend = lab.backend(report_peer)
    daemon = lab.rpcd(TRANSPARENT.replace("transparent", ""), main="user nobody;", backend=backend)
    daemon.expects_alerts = True
    wait_until(lambda: int(rights_of(daemon)["CapEff"], 16) == 0, "a worker that gave up root")
    lab.reload(daemon, TRANSPARENT, main="user nobody;", backend=backend)
    with lab.client(source="127.0.0.41") as client:
        assert client.ask("/").status == 500
    daemon.wait_for_text("setsockopt(IP_TRANSPARENT) failed (1: Operation not permitted)")


def test_keepalive_of_the_socket(lab):
    """Seen in the kernel's table of timers."""
    backend = lab.backend()
    lab.rpcd("""server { listen {port};
        location /on/ { proxy_socket_keepalive on; proxy_pass http://127.0.0.1:{backend}; }
        location /off/ { proxy_pass http://127.0.0.1:{backend}; } }""", backend=backend)

    def timers():
        lines = [line.split() for line in open("/proc/net/tcp").readlines()[1:]]
        peer = f"0100007F:{backend.port:04X}"
        return [line[5][:2] for line in lines if line[2] == peer and line[3] == "01"]

    for target, expected in (("/off/", "00"), ("/on/", "02")):
        with lab.client() as client:
            assert client.ask(target).status == 200
            wait_until(lambda: expected in timers(), f"timer {expected} of the connection")


# --- the PROXY protocol ---

PROXY = """
upstream group { server 127.0.0.1:{backend}; }
server {
    listen {port}; listen [::1]:{port}; listen unix:{folder}/front.sock;
    location /on/ { proxy_protocol on; proxy_pass http://group; }
    location /v2/ { proxy_protocol v2; proxy_pass http://group; }
    location /off/ { proxy_pass http://group; }
}
"""
SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"


def read_greeting(connection):
    """What a connection begins with, or None for a request right away."""
    connection.fill()
    if connection.buffer.startswith(b"PROXY"):
        line, _, connection.buffer = connection.buffer.partition(b"\r\n")
        return line.decode()
    if connection.buffer.startswith(SIGNATURE):
        head = connection.read_exactly(16)
        command, family, size = struct.unpack("!BBH", head[12:])
        return command, family, connection.read_exactly(size)
    return None


@pytest.fixture
def greeted(lab):
    def handle(connection):
        backend.greetings.append(read_greeting(connection))
        while connection.request() is not None:
            connection.send(answer())

    backend = lab.backend(handle)
    backend.greetings = []
    backend.daemon = lab.rpcd(PROXY, backend=backend)
    return backend


def test_greeting_as_text(lab, greeted):
    with lab.client(source="127.0.0.7") as client:
        assert client.ask("/on/").status == 200
        port = client.socket.getsockname()[1]
    assert greeted.greetings == [f"PROXY TCP4 127.0.0.7 127.0.0.1 {port} {lab.port}"]


def test_greeting_as_bytes(lab, greeted):
    with lab.client(source="127.0.0.7") as client:
        assert client.ask("/v2/", "POST", body=b"abc").status == 200
        port = client.socket.getsockname()[1]
    addresses = socket.inet_aton("127.0.0.7") + socket.inet_aton("127.0.0.1") + struct.pack("!HH", port, lab.port)
    assert greeted.greetings == [(0x21, 0x11, addresses)]
    assert greeted.last.body == b"abc"


def test_greeting_of_ipv6(lab, greeted):
    ports = []
    for target in ("/on/", "/v2/"):
        with Client(("::1", lab.port)) as client:
            assert client.ask(target).status == 200
            ports.append(client.socket.getsockname()[1])
    addresses = 2 * socket.inet_pton(socket.AF_INET6, "::1") + struct.pack("!HH", ports[1], lab.port)
    assert greeted.greetings == [f"PROXY TCP6 ::1 ::1 {ports[0]} {lab.port}", (0x21, 0x21, addresses)]


def test_greeting_of_a_unix_client(lab, greeted):
    for target in ("/on/", "/v2/"):
        with Client(str(greeted.daemon.folder / "front.sock")) as client:
            assert client.ask(target).status == 200
    assert greeted.greetings == ["PROXY UNKNOWN", (0x21, 0x00, b"")]


def test_greeted_connections_are_nobody_elses(lab, greeted):
    """Neither kept for another request nor taken from those that are kept."""
    with lab.client() as client:
        for target in ("/off/", "/off/", "/on/", "/off/", "/on/", "/v2/", "/off/"):
            assert client.ask(target).status == 200
    assert len(greeted.connections) == 4
    assert [greeting is None for greeting in greeted.greetings] == [True, False, False, False]


def test_a_peer_that_refuses_is_a_failure_as_ever(lab):
    daemon = lab.rpcd(PROXY, backend=lab.new_port())
    with lab.client() as client:
        assert client.ask("/on/").status == 502
    daemon.wait_for_text("connect() failed (111: Connection refused)")


def test_greeting_for_connections_from_before_it_was_configured(lab):
    """The address they came to is asked for once it is needed."""
    greetings = []

    def greeted(connection):
        greetings.append(read_greeting(connection))
        while connection.request() is not None:
            connection.send(answer())

    backend = lab.backend(greeted)
    http = "server { listen {port}; location / { proxy_protocol %s; proxy_pass http://127.0.0.1:{backend}; } }"
    daemon = lab.rpcd(http % "off", backend=backend)
    with Client(("127.0.0.5", lab.port)) as client:
        assert client.ask().status == 200
        lab.reload(daemon, http % "on", backend=backend)
        assert client.ask().status == 200
        port = client.socket.getsockname()[1]
    assert greetings == [None, f"PROXY TCP4 127.0.0.1 127.0.0.5 {port} {lab.port}"]
