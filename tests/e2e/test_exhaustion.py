"""No descriptors, no memory, no ports: what cannot be had fails alone and is logged, nothing crashes or
spins, and all is well afterwards."""

import ctypes
import fcntl
import gzip
import os
import pathlib
import random
import socket
import struct
import subprocess
import threading
import time

import pytest

from lab import Client, answer, ask, wait_until
from lab.daemon import RPCD, SANITIZED
from lab.http import Incomplete, chunked, request_bytes

MEGABYTE = 1 << 20

HTTP = """
client_max_body_size 0;
client_body_buffer_size 1k;
upstream group { server 127.0.0.1:{backend} max_fails=1; keepalive 0; }
server {
    listen {port};
    client_body_temp_path bodies;
    proxy_temp_path responses;
    location / { proxy_pass http://group; }
    location /own { return 200 "own"; }
}
"""


def start(lab, limit, backend, http=HTTP):
    """rpcd under a limit, as prlimit takes it; its folder was compiled into."""
    daemon = lab.new_rpcd()
    daemon.expects_alerts = True
    daemon.compile(lab.text_for(daemon, http, backend=backend, events="worker_connections 500;"))
    daemon.launch(["prlimit", limit, RPCD, "-p", daemon.folder, daemon.folder / "site.rpt"])
    return daemon


def processor_time(pid):
    """Seconds of processor time the process has had."""
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def descriptors(pid):
    return len(list(pathlib.Path(f"/proc/{pid}/fd").iterdir()))


def fill(lab, daemon):
    """Idle clients, one answered request each, until no descriptor is left for another."""
    clients = []
    while "accept() failed (24" not in daemon.text("error.log"):
        client = Client(lab.port, timeout=1.0)
        clients.append(client)
        try:
            client.ask("/own")
            client.socket.settimeout(20)
        except TimeoutError:
            pass
        assert len(clients) < 200
    return clients


@pytest.fixture
def full(lab):
    """A worker without descriptors, and its clients: the first of them are served."""
    backend = lab.backend()
    daemon = start(lab, "--nofile=60", backend)
    clients = fill(lab, daemon)
    yield daemon, backend, clients
    for client in clients:
        client.close()


def release(daemon, clients, count):
    """Gives descriptors back, and waits until the worker has noticed."""
    worker = daemon.workers()[0]
    before = descriptors(worker)
    for client in clients[-count:]:
        client.close()
    del clients[-count:]
    # Those of them that had been waiting had none, and others may have waited.
    wait_until(lambda: descriptors(worker) <= before - count + 2, "free descriptors")


def test_without_descriptors_clients_wait(lab, full):
    daemon, _, clients = full
    worker = daemon.workers()[0]
    assert clients[0].ask("/own").body == b"own"
    with Client(lab.port) as waiting:
        waiting.send(request_bytes("/own"))
        assert waiting.is_silent(0.2)
        waiting.socket.settimeout(20)
        before = processor_time(worker)
        time.sleep(1.2)
        assert processor_time(worker) - before < 0.6
        release(daemon, clients, 10)
        assert waiting.response().body == b"own"
    assert daemon.workers() == [worker]


def test_without_descriptors_for_a_backend(lab, full):
    """503, and the peer is not blamed."""
    daemon, backend, clients = full
    for _ in range(3):
        assert clients[0].ask("/").status == 503
    daemon.wait_for_text("socket() failed (24: Too many open files) while connecting to upstream")
    assert "temporarily disabled" not in daemon.text("error.log")
    assert backend.requests == []
    release(daemon, clients, 10)
    assert clients[0].ask("/").body == b"ok"


def test_without_descriptors_for_a_body(lab, full):
    daemon, backend, clients = full
    assert clients[0].ask("/", "POST", body=b"x" * 100_000).status == 500
    daemon.wait_for_text("a request body could not be put aside (24: Too many open files)")
    release(daemon, clients, 10)
    assert clients[1].ask("/", "POST", body=b"x" * 100_000).status == 200
    assert backend.last.body == b"x" * 100_000


def test_without_descriptors_for_a_response(lab):
    """The backend waits for its client, as if nothing could be put aside."""
    body = random.Random(1).randbytes(24 * MEGABYTE)
    backend = lab.backend(answer(body))
    daemon = start(lab, "--nofile=60", backend)
    with Client(lab.port, receive_buffer=65536) as slow:
        slow.ask("/own")
        clients = fill(lab, daemon)
        # One for the backend; another client may be quicker to take it.
        clients.pop(0).close()
        time.sleep(0.7)
        slow.send(request_bytes("/"))
        status = slow.read_until(b"\r\n").split()[1]
        if status == b"200":
            daemon.wait_for_text("a response could not be put aside (24: Too many open files)")
            slow.read_until(b"\r\n\r\n")
            assert slow.read_exactly(len(body)) == body
        else:
            assert status == b"503"
    for client in clients:
        client.close()


@pytest.mark.skipif(SANITIZED, reason="AddressSanitizer ends a process that gets no memory")
def test_without_memory(lab):
    """Requests fail one by one; the worker lives, and serves as before when there is memory again."""
    release_all = threading.Event()
    one_by_one = threading.Lock()

    def handler(connection):
        while (request := connection.request()) is not None:
            if request.target.startswith("/slow"):
                release_all.wait(20)
                with one_by_one:
                    time.sleep(0.003)
            connection.send(answer(request.body[-10:]))

    backend = lab.backend(handler)
    plain = lab.rpcd(HTTP, backend=backend)
    used = data_size(plain.workers()[0])
    plain.stop()
    daemon = start(lab, f"--data={used + 3 * MEGABYTE}", backend)
    worker = daemon.workers()[0]
    clients = []
    for number in range(300):
        client = Client(lab.port)
        client.send(request_bytes(f"/slow/{number}", "POST", body=b"x" * 900))
        clients.append(client)
    time.sleep(0.5)
    release_all.set()
    outcomes = []
    for client in clients:
        try:
            outcomes.append(client.response().status)
        except (Incomplete, OSError):
            outcomes.append(0)
        client.close()
    assert set(outcomes) <= {0, 200, 500, 503}
    assert 200 in outcomes
    assert set(outcomes) & {0, 500, 503}, "there was memory enough"
    wait_until(lambda: "no memory" in daemon.text("error.log"), "a line about it")
    for _ in range(20):
        response = ask(lab.port, "/", method="POST", body=b"y" * 5000)
        assert (response.status, response.body) == (200, b"y" * 10)
    assert daemon.workers() == [worker]


CODED = """
server {
    listen {port};
    location /gzip { gzip on; gzip_types text/plain; proxy_pass http://127.0.0.1:{backend}; }
    location /gunzip { gunzip on; proxy_pass http://127.0.0.1:{backend}; }
}
"""


def data_size(pid):
    """Bytes of memory that count for RLIMIT_DATA."""
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("VmData:")[2].split()[0]) * 1024


def outcome(client, plain):
    """What has become of a response: its coding when it is whole, its status, or "cut"."""
    try:
        response = client.response()
    except (Incomplete, OSError):
        return "cut"
    if response.status != 200:
        return response.status
    coding = response.get("Content-Encoding", "plain")
    assert (gzip.decompress(response.body) if coding == "gzip" else response.body) == plain
    return coding


@pytest.mark.skipif(SANITIZED, reason="AddressSanitizer ends a process that gets no memory")
@pytest.mark.parametrize("kind, coded, as_it_is, count", [("gzip", "gzip", "plain", 60),
                                                          ("gunzip", "plain", "gzip", 160)])
def test_without_memory_for_compression(lab, kind, coded, as_it_is, count):
    """Responses go as they are, or fail, but none is wrong; with memory again all is as before."""
    plain = random.Random(1).randbytes(150_000)
    body = plain if kind == "gzip" else gzip.compress(plain)
    headers = [("Content-Type", "text/plain")]
    if kind == "gunzip":
        headers.append(("Content-Encoding", "gzip"))
    message = answer(body, headers=headers)
    go_on = threading.Event()

    def handler(connection):
        """Half of the body, so that the worker needs memory for all of them at once."""
        while connection.request() is not None:
            connection.send(message[:len(message) // 2])
            go_on.wait(20)
            connection.send(message[len(message) // 2:])

    backend = lab.backend(handler)
    unlimited = lab.rpcd(CODED, backend=backend)
    used = data_size(unlimited.workers()[0])
    unlimited.stop()
    daemon = start(lab, f"--data={used + 4 * MEGABYTE}", backend, CODED)
    worker = daemon.workers()[0]
    accept = [("Accept-Encoding", "gzip")] if kind == "gzip" else []
    clients = []
    for _ in range(count):
        client = Client(lab.port)
        client.send(request_bytes(f"/{kind}", headers=accept))
        clients.append(client)
    daemon.wait_for_text(f"no memory for {kind}: the response goes as it is")
    go_on.set()
    outcomes = [outcome(client, plain) for client in clients]
    assert set(outcomes) <= {coded, as_it_is, "cut", 500, 503}, outcomes
    assert coded in outcomes and as_it_is in outcomes
    for client in clients:
        client.close()

    def once_more():
        with Client(lab.port) as client:
            client.send(request_bytes(f"/{kind}", headers=accept))
            return outcome(client, plain)

    wait_until(lambda: once_more() == coded, "an end of all that took memory")
    assert [once_more() for _ in range(20)] == [coded] * 20
    assert daemon.workers() == [worker]


def in_a_network_of_its_own(function):
    """Runs the function in a thread with a network namespace, which what it starts is in, too."""
    outcome = []

    def run():
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.unshare(0x40000000) != 0:  # CLONE_NEWNET
            outcome.append(None)
            return
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            request = struct.pack("16sh14x", b"lo", 1)  # IFF_UP
            fcntl.ioctl(probe, 0x8914, request)  # SIOCSIFFLAGS
        try:
            function()
            outcome.append(True)
        except BaseException as error:
            outcome.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join(60)
    if outcome[0] is None:
        pytest.skip("no network namespaces here")
    if outcome[0] is not True:
        raise outcome[0]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make networks")
def test_without_ports(lab):
    """503, logged, and the peer is not blamed; with a port again it is as before."""
    def play():
        held = threading.Event()

        def handler(connection):
            while (request := connection.request()) is not None:
                if request.target == "/hold":
                    held.wait(20)
                connection.send(answer())

        backend = lab.backend(handler)
        daemon = lab.rpcd(HTTP, backend=backend)
        daemon.expects_alerts = True
        ports = pathlib.Path("/proc/sys/net/ipv4/ip_local_port_range")
        ports.write_text("61000 61001")
        holders = [Client(lab.port), Client(lab.port)]
        for client in holders:
            client.send(request_bytes("/hold"))
        backend.wait_for(2)
        # Clients need ports, too, but to another address: the holders' are used for that alone.
        with Client(("127.0.0.1", lab.port), source="127.0.0.5") as client:
            for _ in range(3):
                assert client.ask("/").status == 503
            daemon.wait_for_text("connect() failed (99: Cannot assign requested address)")
            assert "temporarily disabled" not in daemon.text("error.log")
            held.set()
            for holder in holders:
                assert holder.response().status == 200
                holder.close()
            ports.write_text("61000 61200")
            assert client.ask("/").status == 200

    in_a_network_of_its_own(play)
