"""access_log with buffer=, flush= and if=: which lines are written, and when."""

import os
import signal

import pytest

from lab import wait_until

SITE = """
log_format long '$request_uri aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa';
log_format uri '$request_uri';
server {
    listen {host}:{port};
    access_log {folder}/held.log long %s;
    access_log {folder}/plain.log uri;
    location / { return 204; }
    location /bad/ { return 404; }
}
"""


def ask(lab, paths, host="127.0.0.1"):
    with lab.client((host, lab.port)) as client:
        for path in paths:
            client.ask(path)


def start(lab, parameters):
    return lab.rpcd(SITE % parameters)


def test_lines_wait_until_the_end(lab):
    daemon = start(lab, "buffer=16k")
    ask(lab, ["/one", "/two"])
    daemon.wait_for_line(2, "plain.log")
    assert daemon.lines("held.log") == []
    daemon.stop()
    assert [line.split()[0] for line in daemon.lines("held.log")] == ["/one", "/two"]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_lines_survive_a_quick_end(lab, number):
    daemon = start(lab, "buffer=16k")
    ask(lab, ["/one"])
    daemon.wait_for_line(1, "plain.log")
    daemon.stop(number)
    assert len(daemon.lines("held.log")) == 1


def test_lines_are_written_in_time(lab):
    daemon = start(lab, "buffer=16k flush=100ms")
    for count in (1, 2):
        ask(lab, [f"/{count}"])
        daemon.wait_for_line(count, "held.log")


def test_no_line_before_its_time(lab):
    daemon = start(lab, "buffer=16k flush=1h")
    ask(lab, ["/one"])
    daemon.wait_for_line(1, "plain.log")
    assert daemon.lines("held.log") == []


def test_a_full_buffer_as_nginx(lab):
    """After each request both have written the same lines."""
    pair = lab.pair(SITE % "buffer=1k")
    for count in range(1, 40):
        for host, daemon in (("127.0.0.2", pair.nginx), ("127.0.0.1", pair.rpcd)):
            ask(lab, [f"/{count}" + "x" * (count * 7 % 50)], host)
            daemon.wait_for_line(count, "plain.log")
        wait_until(lambda: pair.nginx.lines("held.log") == pair.rpcd.lines("held.log"), "the same lines")
    assert 20 < len(pair.rpcd.lines("held.log")) < 39


def test_a_line_that_no_buffer_holds(lab):
    daemon = start(lab, "buffer=50")
    ask(lab, ["/one"])
    daemon.wait_for_line(1, "held.log")


def test_reopening_writes_what_waits_to_the_old_file(lab):
    daemon = start(lab, "buffer=16k")
    ask(lab, ["/one"])
    daemon.wait_for_line(1, "plain.log")
    os.rename(daemon.folder / "held.log", daemon.folder / "old.log")
    daemon.send_signal(signal.SIGUSR1)
    daemon.wait_for_line(1, "old.log")
    wait_until(lambda: (daemon.folder / "held.log").exists(), "the new file")
    ask(lab, ["/two"])
    daemon.wait_for_line(2, "plain.log")
    daemon.stop()
    assert [line.split()[0] for line in daemon.lines("held.log")] == ["/two"]


@pytest.mark.parametrize("parameters", ["", "buffer=4k", "buffer=16k flush=1h"])
def test_a_reload_loses_no_line(lab, parameters):
    daemon = start(lab, "buffer=16k")
    ask(lab, ["/one"])
    daemon.wait_for_line(1, "plain.log")
    lab.reload(daemon, SITE % parameters)
    daemon.wait_for_line(1, "held.log")
    ask(lab, ["/two"])
    daemon.wait_for_line(2, "plain.log")
    daemon.stop()
    assert [line.split()[0] for line in daemon.lines("held.log")] == ["/one", "/two"]


def test_a_log_without_a_buffer_shares_that_of_its_file(lab):
    """As in nginx."""
    pair = lab.pair("""
        log_format uri '$request_uri';
        server {
            listen {host}:{port};
            access_log {folder}/held.log uri buffer=16k;
            access_log {folder}/held.log uri;
            access_log {folder}/plain.log uri;
            return 204;
        }""")
    for host, daemon in (("127.0.0.2", pair.nginx), ("127.0.0.1", pair.rpcd)):
        ask(lab, ["/one"], host)
        daemon.wait_for_line(1, "plain.log")
        assert daemon.lines("held.log") == []
        daemon.stop()
        assert daemon.lines("held.log") == ["/one", "/one"]


CONDITIONAL = """
map $status $is_bad { ~^[23] 0; default 1; }
map $uri $kind { /zero 0; /empty ""; /space " "; /none 00; default $uri; }
log_format uri '$request_uri';
server {
    listen {host}:{port};
    access_log {folder}/bad.log uri if=$is_bad;
    access_log {folder}/kind.log uri if=$kind;
    access_log {folder}/both.log uri if=$is_bad$kind;
    access_log {folder}/absent.log uri if=$http_x_log;
    access_log {folder}/plain.log uri;
    location / { return 204; }
    location /bad/ { return 404; }
}
"""


def test_conditions_as_nginx(lab):
    pair = lab.pair(CONDITIONAL)
    paths = ["/", "/bad/", "/zero", "/empty", "/space", "/none", "/bad/1"]
    for host, daemon in (("127.0.0.2", pair.nginx), ("127.0.0.1", pair.rpcd)):
        ask(lab, paths, host)
        with lab.client((host, lab.port)) as client:
            client.ask("/logged", headers=[("X-Log", "yes")])
            client.ask("/not", headers=[("X-Log", "0")])
        daemon.wait_for_line(len(paths) + 2, "plain.log")
        daemon.stop()
    for name in ("bad.log", "kind.log", "both.log", "absent.log"):
        assert pair.rpcd.lines(name) == pair.nginx.lines(name), name
    assert pair.rpcd.lines("bad.log") == ["/bad/", "/bad/1"]
    assert pair.rpcd.lines("absent.log") == ["/logged"]
    assert "/zero" not in pair.rpcd.lines("kind.log") and "/none" in pair.rpcd.lines("kind.log")
