"""The system's options of listening sockets, beside nginx's, and over a reload."""

import ctypes
import os
import socket

import pytest

from lab import Client

PIDFD_GETFD = 438

HTTP = 'server { listen {host}:{port} {options}; return 200 "here"; }'

OPTIONS = {
    "receive": (socket.SOL_SOCKET, socket.SO_RCVBUF),
    "send": (socket.SOL_SOCKET, socket.SO_SNDBUF),
    "keepalive": (socket.SOL_SOCKET, socket.SO_KEEPALIVE),
    "idle": (socket.IPPROTO_TCP, socket.TCP_KEEPIDLE),
    "interval": (socket.IPPROTO_TCP, socket.TCP_KEEPINTVL),
    "count": (socket.IPPROTO_TCP, socket.TCP_KEEPCNT),
    "deferred": (socket.IPPROTO_TCP, socket.TCP_DEFER_ACCEPT),
    "fastopen": (socket.IPPROTO_TCP, socket.TCP_FASTOPEN),
}


def sockets_of(process):
    """Duplicates of the sockets that a process has."""
    syscall = ctypes.CDLL(None, use_errno=True).syscall
    pidfd = os.pidfd_open(process)
    try:
        for name in os.listdir(f"/proc/{process}/fd"):
            if os.readlink(f"/proc/{process}/fd/{name}").startswith("socket:"):
                descriptor = syscall(PIDFD_GETFD, pidfd, int(name), 0)
                if descriptor < 0:
                    pytest.skip("another process's sockets cannot be looked at here")
                with socket.socket(fileno=descriptor) as found:
                    yield found
    finally:
        os.close(pidfd)


def options_of(daemon, port):
    for found in sockets_of(daemon.pid):
        if found.family == socket.AF_INET and found.getsockname()[1] == port and \
                found.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
            return {name: found.getsockopt(*option) for name, option in OPTIONS.items()}
    raise AssertionError("no listening socket")


@pytest.mark.parametrize("options", [
    "", "deferred", "fastopen=16", "fastopen=0", "rcvbuf=64k", "sndbuf=33000", "rcvbuf=1 sndbuf=1",
    "so_keepalive=on", "so_keepalive=off", "so_keepalive=30m::10", "so_keepalive=:5s", "so_keepalive=::3",
    "so_keepalive=2m:1m30s:127", "so_keepalive=32767", "deferred fastopen=3 so_keepalive=7:8:9 rcvbuf=8k backlog=5",
])
def test_as_nginx_sets_them(lab, options):
    pair = lab.pair(HTTP, options=options)
    assert options_of(pair.rpcd, lab.port) == options_of(pair.nginx, lab.port)
    assert [answer.body for answer in pair.ask()] == [b"here", b"here"]


def test_a_reload_changes_them(lab):
    """Of a socket that stays open; what is not given any more stays as it was, as in nginx."""
    daemon = lab.rpcd(HTTP, options="so_keepalive=on rcvbuf=64k")
    before = options_of(daemon, lab.port)
    lab.reload(daemon, HTTP, options="deferred so_keepalive=100:200:3")
    during = options_of(daemon, lab.port)
    assert during == {**before, "deferred": during["deferred"], "idle": 100, "interval": 200, "count": 3}
    assert during["deferred"] > 0
    lab.reload(daemon, HTTP, options="")
    assert options_of(daemon, lab.port) == {**during, "deferred": 0, "keepalive": 0}


def test_a_unix_socket_has_those_that_it_can_have(lab):
    daemon = lab.rpcd('server { listen unix:{folder}/socket deferred so_keepalive=5 rcvbuf=64k fastopen=3; return 200 "here"; }')
    with Client(str(daemon.folder / "socket")) as client:
        assert client.ask().body == b"here"


def test_clients_that_wait_are_served(lab):
    pair = lab.pair(HTTP, options="deferred")

    def once(address):
        with Client(address) as early, Client(address) as late:
            late.send(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            first = late.response().body
            early.send(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            return first, early.response().body

    assert pair.both(once) == [(b"here", b"here")] * 2
