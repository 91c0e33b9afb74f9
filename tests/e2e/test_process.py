"""The processes: starting, stopping, dying, and what is said when something does not work."""

import os
import pathlib
import pwd
import signal
import socket
import subprocess
import threading
import time

import pytest

from lab import Client, Incomplete, answer, wait_until
from lab.daemon import PATIENCE, RPC, RPCD, SANITIZED, session_members
from lab.http import accepts, ask_raw, request_bytes

RETURN = 'server { listen {port}; return 200 "here"; }'
PROXY = "server { listen {port}; location / { proxy_pass http://127.0.0.1:{backend}; } }"


class Blocker:
    """Listens on a port, so that nobody else can."""

    def __init__(self, port):
        self.socket = socket.socket()
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(("0.0.0.0", port))
        self.socket.listen()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()


def run_rpcd(daemon, *arguments, table="site.rpt", **options):
    """rpcd expected to end by itself."""
    return subprocess.run([RPCD, "-p", daemon.folder, *arguments, daemon.folder / table],
                          cwd=daemon.folder, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          timeout=PATIENCE, **options)


def as_nobody():
    """Options of subprocess for an ordinary user, who may not do what root may."""
    if os.geteuid() != 0:
        return {}
    nobody = pwd.getpwnam("nobody")
    options = {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
    try:
        subprocess.run([RPCD, "--version"], capture_output=True, check=True, **options)
    except (OSError, subprocess.SubprocessError):
        pytest.skip("the build folder is closed to others than root")
    return options


def compiled(lab, http=RETURN, **options):
    daemon = lab.new_rpcd()
    daemon.compile(lab.text_for(daemon, http, **options))
    return daemon


def fails_clearly(result, *needles):
    """One clear line, and a status that says so."""
    assert result.returncode not in (0, None) and result.returncode > 0
    lines = [line for line in result.stderr.splitlines() if line]
    assert len(lines) == 1, result.stderr
    for needle in needles:
        assert needle in lines[0], lines[0]


def test_workers_are_as_many_as_asked_for(lab):
    daemon = lab.rpcd(RETURN, workers=3)
    assert len(daemon.workers()) == 3
    for _ in range(20):
        assert ask_raw(lab.port, request_bytes()).body == b"here"


def test_worker_processes_auto(lab):
    daemon = lab.rpcd(RETURN, workers="auto")
    daemon.worker_count = len(os.sched_getaffinity(0))
    assert len(daemon.workers()) == daemon.worker_count


def test_every_worker_serves(lab):
    daemon = lab.rpcd('server { listen {port}; return 200 "$pid"; }', workers=2)
    seen = set()

    def all_seen():
        clients = [Client(lab.port) for _ in range(20)]
        for client in clients:
            client.send(request_bytes())
        seen.update(int(client.response().body) for client in clients)
        for client in clients:
            client.close()
        return seen == set(daemon.workers())

    wait_until(all_seen, "an answer of every worker")


def test_listen_reuseport_and_backlog(lab):
    lab.rpcd('server { listen {port} reuseport backlog=16; return 200 "here"; }', workers=2)
    for _ in range(10):
        assert ask_raw(lab.port, request_bytes()).status == 200


def test_master_process_off(lab):
    daemon = lab.rpcd(RETURN, main="master_process off;")
    assert ask_raw(lab.port, request_bytes()).body == b"here"
    assert session_members(daemon.pid) == [daemon.pid]


@pytest.mark.skipif(os.geteuid() != 0 or SANITIZED, reason="only root can give up root")
def test_workers_give_up_root(lab):
    daemon = lab.rpcd(RETURN)
    nobody = pwd.getpwnam("nobody")
    assert ask_raw(lab.port, request_bytes()).status == 200
    for worker in daemon.workers():
        status = pathlib.Path(f"/proc/{worker}/status").read_text()
        assert f"Uid:\t{nobody.pw_uid}\t{nobody.pw_uid}\t{nobody.pw_uid}" in status
        assert f"Gid:\t{nobody.pw_gid}\t" in status
        groups = [line for line in status.splitlines() if line.startswith("Groups:")][0]
        assert groups.split()[1:] in ([], [str(nobody.pw_gid)])
        assert "CapEff:\t0000000000000000" in status


@pytest.mark.parametrize("number", [signal.SIGQUIT, signal.SIGTERM, signal.SIGINT])
def test_signals_that_end(lab, number):
    daemon = lab.rpcd(RETURN, workers=2)
    assert ask_raw(lab.port, request_bytes()).status == 200
    daemon.stop(number)
    with pytest.raises(ConnectionRefusedError):
        Client(lab.port)


def test_graceful_stop_finishes_the_exchange(lab):
    release = threading.Event()

    def handler(connection):
        connection.request()
        connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf ")
        release.wait(10)
        connection.send(b"whole")

    daemon = lab.rpcd(PROXY, backend=lab.backend(handler))
    with lab.client() as client, lab.client() as idle:
        client.send(request_bytes())
        client.read_until(b"half ")
        daemon.send_signal(signal.SIGQUIT)
        assert idle.is_closed()
        with pytest.raises(ConnectionRefusedError):
            wait_until(lambda: Client(lab.port).close(), "refusing", 5)
        assert daemon.process.poll() is None
        release.set()
        assert client.read_exactly(5) == b"whole"
        assert client.is_closed()
    assert daemon.wait() == 0


def test_graceful_stop_answers_what_was_sent(lab):
    """A request that is on its way is answered, and told that the connection closes."""
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
        daemon.send_signal(signal.SIGQUIT)
        time.sleep(0.2)
        release.set()
        response = client.response()
        assert response.body == b"late"
        assert response.get("Connection") == "close"
    assert daemon.wait() == 0


def test_fast_stop_does_not_wait(lab):
    backend = lab.backend(lambda connection: connection.read_rest())
    daemon = lab.rpcd(PROXY, backend=backend)
    with lab.client() as client:
        client.send(request_bytes())
        wait_until(lambda: backend.connections, "the request")
        daemon.send_signal(signal.SIGTERM)
        assert daemon.wait() == 0
        with pytest.raises((Incomplete, ConnectionResetError)):
            client.response()


def test_a_killed_worker_is_replaced_at_once(lab):
    daemon = lab.rpcd(RETURN, workers=1)
    daemon.expects_alerts = True
    for _ in range(3):
        worker = daemon.workers()[0]
        begin = time.monotonic()
        os.kill(worker, signal.SIGKILL)
        wait_until(lambda: daemon.children() not in ([], [worker]), "a new worker", 2)
        # The listening socket is the supervisor's: nothing is refused, the new worker answers.
        assert ask_raw(lab.port, request_bytes()).body == b"here"
        assert time.monotonic() - begin < (1 if SANITIZED else 0.5)
    daemon.wait_for_text("signal 9")


def test_no_connection_is_refused_while_workers_die(lab):
    daemon = lab.rpcd(RETURN, workers=2)
    daemon.expects_alerts = True
    stop = threading.Event()
    refused, lost, good = [], [], []

    def ask_on_and_on():
        while not stop.is_set():
            try:
                ask_raw(lab.port, request_bytes())
                good.append(1)
            except ConnectionRefusedError as error:
                refused.append(error)
            except (Incomplete, OSError) as error:
                lost.append(error)  # It was on a worker that died.

    threads = [threading.Thread(target=ask_on_and_on) for _ in range(4)]
    for thread in threads:
        thread.start()
    for _ in range(5):
        time.sleep(0.15)
        os.kill(daemon.workers()[-1], signal.SIGKILL)
    time.sleep(0.2)
    stop.set()
    for thread in threads:
        thread.join()
    assert refused == []
    assert len(lost) <= 5 * 4
    assert len(good) > 50


def test_workers_end_when_the_supervisor_is_killed(lab):
    daemon = lab.rpcd(RETURN, workers=2)
    os.kill(daemon.pid, signal.SIGKILL)
    daemon.process.wait()
    wait_until(lambda: not session_members(daemon.pid), "the end of the workers")


def test_pid_file(lab):
    daemon = lab.rpcd(RETURN)
    path = daemon.folder / "rpcd.pid"
    assert path.read_text() == f"{daemon.pid}\n"
    daemon.stop()
    assert not path.exists()


def test_pid_file_is_written_once_listeners_are_bound(lab):
    """Whoever waits for the file may connect."""
    for _ in range(5):
        daemon = lab.rpcd(RETURN)
        assert ask_raw(lab.port, request_bytes()).status == 200
        daemon.stop()


def test_no_pid_file_by_default(lab):
    daemon = lab.new_rpcd()
    text = lab.text_for(daemon, RETURN).replace("pid rpcd.pid;", "")
    daemon.compile(text)
    daemon.start(is_ready=lambda: accepts(lab.port))
    assert ask_raw(lab.port, request_bytes()).status == 200
    assert not list(daemon.folder.glob("*.pid"))


def test_daemon_on_returns_once_it_serves(lab):
    daemon = compiled(lab, main="daemon on;")
    result = run_rpcd(daemon)
    try:
        assert result.returncode == 0, result.stderr
        assert ask_raw(lab.port, request_bytes()).status == 200
        supervisor = int((daemon.folder / "rpcd.pid").read_text())
        assert os.getsid(supervisor) == supervisor
        os.kill(supervisor, signal.SIGQUIT)
        wait_until(lambda: not pathlib.Path(f"/proc/{supervisor}").exists(), "its end")
        assert not (daemon.folder / "rpcd.pid").exists()
    finally:
        if (daemon.folder / "rpcd.pid").exists():
            os.kill(int((daemon.folder / "rpcd.pid").read_text()), signal.SIGTERM)


def test_daemon_on_fails_visibly(lab):
    with Blocker(lab.port):
        daemon = compiled(lab, main="daemon on;")
        fails_clearly(run_rpcd(daemon), str(lab.port))


def test_port_in_use(lab):
    with Blocker(lab.port):
        daemon = compiled(lab)
        fails_clearly(run_rpcd(daemon), str(lab.port), "ddress already in use")
    assert not (daemon.folder / "rpcd.pid").exists()


def test_address_of_nobody(lab):
    daemon = compiled(lab, "server { listen 192.0.2.1:{port}; return 200; }")
    fails_clearly(run_rpcd(daemon), "192.0.2.1")


def test_a_port_without_permission(lab):
    start = pathlib.Path("/proc/sys/net/ipv4/ip_unprivileged_port_start")
    if start.exists() and int(start.read_text()) <= 1:
        pytest.skip("anybody may bind any port here")
    daemon = compiled(lab, "server { listen 1; return 200; }", main="error_log /dev/stderr;")
    daemon.folder.chmod(0o777)
    fails_clearly(run_rpcd(daemon, **as_nobody()), "ermission denied")


def test_no_such_table(lab):
    daemon = compiled(lab)
    fails_clearly(run_rpcd(daemon, table="missing.rpt"), "missing.rpt", "No such file")


def test_a_table_that_may_not_be_read(lab):
    daemon = compiled(lab)
    (daemon.folder / "site.rpt").chmod(0)
    fails_clearly(run_rpcd(daemon, **as_nobody()), "ermission denied")


def damaged_tables(data):
    yield "empty", b""
    yield "foreign", b"#!/bin/sh\necho not a table\n" * 100
    yield "cut off", data[:len(data) // 2]
    yield "one byte short", data[:-1]
    yield "one byte more", data + b"\0"
    yield "flipped bit", data[:-100] + bytes([data[-100] ^ 1]) + data[-99:]
    yield "other version", data[:12] + b"\xff\0\0\0" + data[16:]
    yield "other byte order", data[:8] + data[8:12][::-1] + data[12:]
    yield "zeros", bytes(len(data))


def test_damaged_and_foreign_tables(lab):
    daemon = compiled(lab)
    good = (daemon.folder / "site.rpt").read_bytes()
    for name, data in damaged_tables(good):
        (daemon.folder / "bad.rpt").write_bytes(data)
        fails_clearly(run_rpcd(daemon, table="bad.rpt"), "bad.rpt")


def test_dash_t_checks_and_does_not_serve(lab):
    daemon = compiled(lab)
    with Blocker(lab.port):
        result = run_rpcd(daemon, "-t")
        assert result.returncode == 0, result.stderr
    (daemon.folder / "site.rpt").write_bytes(b"nonsense")
    fails_clearly(run_rpcd(daemon, "-t"), "site.rpt")


def test_log_that_cannot_be_opened(lab):
    daemon = compiled(lab, "access_log missing/folder/access.log; " + RETURN)
    fails_clearly(run_rpcd(daemon), "missing/folder/access.log")


def test_usage(lab):
    for arguments in ([], ["--nonsense"], ["-p"], ["a.rpt", "b.rpt"]):
        result = subprocess.run([RPCD, *arguments], capture_output=True, text=True, timeout=PATIENCE,
                                stdin=subprocess.DEVNULL)
        assert result.returncode not in (0, -6, -11)
        assert "usage" in result.stderr.lower() or "rpcd" in result.stderr


def test_nothing_is_logged_in_quiet_times(lab):
    daemon = lab.rpcd(RETURN, level="notice")
    with lab.client() as client:
        for _ in range(10):
            client.ask()
    time.sleep(0.3)
    before = daemon.text("error.log")
    for _ in range(10):
        assert ask_raw(lab.port, request_bytes()).status == 200
    time.sleep(0.3)
    assert daemon.text("error.log") == before


def test_two_daemons_from_one_table_do_not_disturb_each_other(lab):
    first = lab.rpcd(RETURN)
    other = lab.new_port()
    second = lab.rpcd('server { listen %d; return 200 "other"; }' % other)
    first.stop()
    assert ask_raw(other, request_bytes()).body == b"other"
    second.stop()


def test_compiled_tables_are_reproducible(lab):
    daemon = compiled(lab, PROXY, backend=9)
    first = (daemon.folder / "site.rpt").read_bytes()
    elsewhere = lab.new_rpcd()
    elsewhere.compile((daemon.folder / "site.conf").read_text())
    assert (elsewhere.folder / "site.rpt").read_bytes() == first
    result = subprocess.run([RPC, "compile", "site.conf", "-o", "again.rpt"], cwd=daemon.folder,
                            env={"LC_ALL": "de_DE", "HOME": "/", "PATH": "/bin"}, timeout=60)
    assert result.returncode == 0
    assert (daemon.folder / "again.rpt").read_bytes() == first


def test_workers_have_no_descriptors_of_each_other(lab):
    """Neither of those that were there before them nor of those whose places they take."""
    def descriptors(process):
        return len(os.listdir(f"/proc/{process}/fd"))

    daemon = lab.rpcd(RETURN, workers=3)
    daemon.expects_alerts = True
    workers = daemon.workers()
    count = wait_until(lambda: len({descriptors(worker) for worker in workers}) == 1 and
                       descriptors(workers[0]), "as many descriptors in each")
    for worker in workers:
        os.kill(worker, signal.SIGKILL)
        wait_until(lambda: worker not in daemon.workers(), "another worker")
    wait_until(lambda: [descriptors(worker) for worker in daemon.workers()] == [count] * 3,
               f"{count} descriptors in each")
