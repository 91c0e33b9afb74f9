"""Taking a new table in place: what changes, what stays, and what happens when it cannot be taken."""

import os
import signal
import subprocess
import threading
import time

from lab import Client, answer, wait_until
from lab.daemon import RPCD
from lab.http import ask_raw, request_bytes
from lab.load import Load

RETURN = 'server { listen {port}; return 200 "%s"; }'
PROXY = "server { listen {port}; location / { proxy_pass http://127.0.0.1:{backend}; } }"
UPGRADE = [("Connection", "Upgrade"), ("Upgrade", "test")]


def body(lab, port=None):
    return ask_raw(port or lab.port, request_bytes()).body


def test_new_requests_get_the_new_configuration(lab):
    daemon = lab.rpcd(RETURN % "old", workers=2)
    workers = daemon.workers()
    assert body(lab) == b"old"
    lab.reload(daemon, RETURN % "new", workers=2)
    wait_until(lambda: all(body(lab) == b"new" for _ in range(10)), "the reload of both workers")
    assert daemon.workers() == workers


def test_a_kept_connection_goes_on_with_the_new_configuration(lab):
    daemon = lab.rpcd(RETURN % "old")
    with lab.client() as client:
        assert client.ask().body == b"old"
        lab.reload(daemon, RETURN % "new")
        assert client.ask().body == b"new"
        lab.reload(daemon, RETURN % "newer")
        assert client.ask().body == b"newer"


def test_an_exchange_ends_on_the_configuration_it_began_on(lab):
    release = threading.Event()

    def handler(connection):
        connection.request()
        connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf ")
        release.wait(10)
        connection.send(b"whole")

    daemon = lab.rpcd(PROXY, backend=lab.backend(handler))
    with lab.client() as client:
        client.send(request_bytes())
        client.read_until(b"half ")
        lab.reload(daemon, RETURN % "new")
        assert body(lab) == b"new"
        release.set()
        assert client.read_exactly(5) == b"whole"
        assert client.ask().body == b"new"


def test_a_request_that_waits_for_its_backend(lab):
    release = threading.Event()

    def handler(connection):
        connection.request()
        release.wait(10)
        connection.send(answer(b"late"))

    backend = lab.backend(handler)
    daemon = lab.rpcd(PROXY, backend=backend)
    with lab.client() as client:
        client.send(request_bytes())
        backend.wait_for(1)
        for number in range(3):
            lab.reload(daemon, RETURN % number)
        release.set()
        assert client.response().body == b"late"


def test_an_upgraded_connection_lives_on(lab):
    def echoing(connection):
        if connection.request():
            connection.send(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: test\r\n"
                            b"Connection: Upgrade\r\n\r\n")
            while data := connection.socket.recv(65536):
                connection.socket.sendall(data)

    upgrading = PROXY.replace("proxy_pass", 'proxy_set_header Upgrade $http_upgrade; '
                                            'proxy_set_header Connection upgrade; proxy_pass')
    daemon = lab.rpcd(upgrading, backend=lab.backend(echoing))
    with lab.client() as client:
        assert client.ask(headers=UPGRADE).status == 101
        for number in range(5):
            lab.reload(daemon, RETURN % number)
            client.send(b"still here")
            assert client.read_exactly(10) == b"still here"


def test_connections_to_backends_are_kept(lab):
    group = "upstream group { server 127.0.0.1:{backend}; keepalive 4; }" \
            "server { listen {port}; location / { add_header X-N %d; proxy_pass http://group; } }"
    backend = lab.backend()
    daemon = lab.rpcd(group % 0, backend=backend)
    with lab.client() as client:
        client.ask()
        for number in range(1, 4):
            lab.reload(daemon, group % number, backend=backend)
            assert client.ask().get("X-N") == str(number)
    assert len(backend.connections) == 1


def test_listeners_come_and_go(lab):
    other = lab.new_port()
    daemon = lab.rpcd(RETURN % "first")
    second = RETURN % "second"
    lab.reload(daemon, second + "server { listen %d; return 200 other; }" % other)
    assert (body(lab), body(lab, other)) == (b"second", b"other")
    lab.reload(daemon, "server { listen %d; return 200 moved; }" % other)
    assert body(lab, other) == b"moved"
    wait_until(lambda: is_refused(lab.port), "closing of the listener that is gone")
    lab.reload(daemon, RETURN % "back")
    assert body(lab) == b"back"


def is_refused(port):
    try:
        Client(port).close()
        return False
    except ConnectionRefusedError:
        return True


def refused_reload(lab, daemon, spoil):
    """Whatever is wrong with the new table, the old one serves and the reason is logged."""
    workers = daemon.workers()
    before = len(daemon.lines("error.log"))
    spoil()
    daemon.send_signal(signal.SIGHUP)
    lines = wait_until(lambda: [line for line in daemon.lines("error.log")[before:]
                                if "[error]" in line or "[emerg]" in line], "an error in the log")
    assert body(lab) == b"old"
    assert daemon.workers() == workers
    return lines


def test_a_damaged_table_keeps_the_old_one(lab):
    daemon = lab.rpcd(RETURN % "old")
    daemon.expects_alerts = True
    table = daemon.folder / "site.rpt"
    good = table.read_bytes()

    def replace(data):
        def write():
            (daemon.folder / "new").write_bytes(data)
            os.rename(daemon.folder / "new", table)
        return write

    refused_reload(lab, daemon, replace(b""))
    refused_reload(lab, daemon, replace(b"not a table" * 1000))
    refused_reload(lab, daemon, replace(good[:-8]))
    refused_reload(lab, daemon, replace(good[:100] + b"\xff" + good[101:]))
    refused_reload(lab, daemon, table.unlink)
    lab.reload(daemon, RETURN % "new")
    assert body(lab) == b"new"


def test_a_port_in_use_keeps_the_old_table(lab):
    backend = lab.backend()
    daemon = lab.rpcd(RETURN % "old")
    daemon.expects_alerts = True

    def spoil():
        text = RETURN % "new" + "server { listen 127.0.0.1:%d; return 200; }" % backend.port
        daemon.compile(lab.text_for(daemon, text))

    lines = refused_reload(lab, daemon, spoil)
    assert str(backend.port) in "".join(lines)
    lab.reload(daemon, RETURN % "new")
    assert body(lab) == b"new"


def test_a_log_that_cannot_be_opened_keeps_the_old_table(lab):
    daemon = lab.rpcd(RETURN % "old")
    daemon.expects_alerts = True
    refused_reload(lab, daemon, lambda: daemon.compile(lab.text_for(
        daemon, "access_log missing/folder/log; " + RETURN % "new")))


def test_overwriting_the_table_in_place_is_harmless(lab):
    """Who overwrites the file instead of renaming must not disturb what runs from it."""
    daemon = lab.rpcd(RETURN % "old")
    (daemon.folder / "site.rpt").write_bytes(b"\xff" * 100_000)
    (daemon.folder / "site.rpt").write_bytes(b"")
    for _ in range(5):
        assert body(lab) == b"old"


def test_logs_follow_the_configuration(lab):
    text = "server { listen {port}; access_log %s.log; return 200 x; }"
    daemon = lab.rpcd(text % "first")
    body(lab)
    daemon.wait_for_line(1, "first.log")
    lab.reload(daemon, text % "second")
    body(lab)
    daemon.wait_for_line(1, "second.log")
    assert len(daemon.lines("first.log")) == 1


def test_many_reloads_under_load(lab):
    """No failed request, and the same processes afterwards."""
    backend = lab.backend(answer(b"x"))
    group = "keepalive_requests 1000000; " \
            "upstream group { server 127.0.0.1:{backend}; keepalive 8; keepalive_requests 1000000; }" \
            "server { listen {port}; location / { add_header X-N %d; proxy_pass http://group; } }"
    daemon = lab.rpcd(group % 0, workers=2, backend=backend)
    workers = daemon.workers()
    with Load(lab.port, 8, {b"x"}) as load:
        for number in range(20):
            lab.reload(daemon, group % number, workers=2, backend=backend)
    assert load.failures == []
    assert load.answered > 50
    assert daemon.workers() == workers


def test_reloads_leak_neither_descriptors_nor_memory(lab):
    daemon = lab.rpcd(RETURN % "x")
    lab.reload(daemon, RETURN % "y")

    def descriptors():
        return [len(os.listdir(f"/proc/{pid}/fd")) for pid in [daemon.pid, *daemon.workers()]]

    before = descriptors()
    assert len(daemon.mapped_tables(daemon.workers()[0])) == 1
    for number in range(10):
        lab.reload(daemon, RETURN % number)
        assert body(lab) == b"%d" % number
    wait_until(lambda: descriptors() == before, "closing of all that reloads opened")
    wait_until(lambda: len(daemon.mapped_tables(daemon.workers()[0])) == 1, "giving back old tables")


def test_signals_in_quick_succession(lab):
    daemon = lab.rpcd(RETURN % "x")
    for _ in range(30):
        daemon.send_signal(signal.SIGHUP)
        time.sleep(0.002)
    assert body(lab) == b"x"
    # Reloads of the burst may still be on their way to the worker when the new table is asked for.
    daemon.reload(lab.text_for(daemon, RETURN % "y"))
    wait_until(lambda: body(lab) == b"y", "the last table")


def test_a_worker_that_starts_later_has_the_new_table(lab):
    daemon = lab.rpcd(RETURN % "old")
    daemon.expects_alerts = True
    lab.reload(daemon, RETURN % "new")
    worker = daemon.workers()[0]
    os.kill(worker, signal.SIGKILL)
    wait_until(lambda: daemon.children() not in ([], [worker]), "a new worker")
    assert body(lab) == b"new"


def test_rpcd_s_reload(lab):
    """rpcd finds the running one by the pid file."""
    daemon = lab.rpcd(RETURN % "old")
    daemon.compile(lab.text_for(daemon, RETURN % "new"))
    result = subprocess.run([RPCD, "--reload", "-p", daemon.folder, daemon.folder / "site.rpt"],
                            capture_output=True, text=True, timeout=20)
    assert result.returncode == 0, result.stderr
    wait_until(lambda: body(lab) == b"new", "the reload")


def test_the_address_of_connections_from_before_it_mattered(lab):
    """They were accepted when nobody asked which of the machine's addresses they came to."""
    daemon = lab.rpcd(RETURN % "old")
    with Client(("127.0.0.5", lab.port)) as client:
        assert client.ask().body == b"old"
        lab.reload(daemon, RETURN % "$server_addr:$server_port")
        assert client.ask().body == b"127.0.0.5:%d" % lab.port
