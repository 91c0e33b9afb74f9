"""allow, deny, limit_except and internal, compared with nginx."""

import socket

import pytest

from lab import Client
from lab.backend import answer, replying

HTTP = """
server {
    listen {host}:{port};
    error_page 403 @denied;
    location @denied { return 200 "denied"; }
    location /open { return 200 "open"; }
    location / { deny all; proxy_pass http://127.0.0.1:{backend}; }
    location /own/ { error_page 404 /x; deny all; proxy_pass http://127.0.0.1:{backend}; }
    location /one/ { allow 127.0.0.9; deny all; proxy_pass http://127.0.0.1:{backend}; }
    location /net/ { deny 127.0.0.8/30; allow 127.0.0.0/8; deny all; proxy_pass http://127.0.0.1:{backend}; }
    location /last/ { allow 127.0.0.9; proxy_pass http://127.0.0.1:{backend}; }
    location /any/ { satisfy any; deny 127.0.0.9; allow all; proxy_pass http://127.0.0.1:{backend}; }
    location /write/ {
        limit_except GET { allow 127.0.0.9; deny all; }
        proxy_pass http://127.0.0.1:{backend}/base/;
    }
    location /elsewhere/ {
        limit_except GET POST { proxy_pass http://127.0.0.1:{other}; }
        rewrite ^/elsewhere/(.*)$ /rewritten/$1 break;
        proxy_pass http://127.0.0.1:{backend};
    }
    location /nested/ {
        allow 127.0.0.9; deny all;
        location /nested/inherits/ { proxy_pass http://127.0.0.1:{backend}; }
        location /nested/open/ { allow all; proxy_pass http://127.0.0.1:{backend}; }
    }
    location /conditional/ {
        if ($arg_a) { set $x a; }
        deny all;
        proxy_pass http://127.0.0.1:{backend};
    }
}
"""


@pytest.fixture(scope="module")
def pair(shared_lab):
    backend = shared_lab.backend(replying(lambda r: answer(f"one {r.method} {r.target}".encode())))
    other = shared_lab.backend(replying(lambda r: answer(f"other {r.method} {r.target}".encode())))
    return shared_lab.pair(HTTP, backend=backend, other=other)


def ask(address, target, verb, source):
    with socket.create_connection(address, source_address=(source, 0), timeout=20) as connected:
        connected.sendall(f"{verb} {target} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n".encode())
        data = b""
        while piece := connected.recv(65536):
            data += piece
    head, _, body = data.partition(b"\r\n\r\n")
    status = int(head.split(b" ", 2)[1])
    return status, body if b"<center>" not in body else None


@pytest.mark.parametrize("target", [
    "/open", "/x", "/own/x", "/one/x", "/net/x", "/last/x", "/any/x", "/write/x", "/elsewhere/x",
    "/nested/x", "/nested/inherits/x", "/nested/open/x", "/conditional/x", "/conditional/x?a=1"])
@pytest.mark.parametrize("source", ["127.0.0.1", "127.0.0.9", "127.0.0.77"])
@pytest.mark.parametrize("verb", ["GET", "HEAD", "POST", "DELETE"])
def test_lets_in_whom_nginx_lets_in(pair, target, source, verb):
    theirs, ours = pair.both(lambda address: ask(address, target, verb, source))
    assert ours == theirs


def test_says_why(lab):
    daemon = lab.rpcd("server { listen {host}:{port}; location / { deny all; return 200; }"
                      " location /p { deny all; proxy_pass http://127.0.0.1:1; } }")
    with Client(lab.port) as client:
        assert client.ask("/").status == 200  # return comes before access rules
        assert client.ask("/p").status == 403
    daemon.wait_for_text("access forbidden by rule")


def test_internet_protocol_6_and_unix(lab):
    lab.rpcd("""server { listen [::1]:{port}; listen unix:{folder}/socket;
        location / { allow unix:; deny all; proxy_pass http://127.0.0.1:{backend}; }
        location /six { allow ::/1; deny all; proxy_pass http://127.0.0.1:{backend}; } }""",
             backend=lab.backend())
    folder = lab.daemons[-1].folder
    with Client(("::1", lab.port)) as client:
        assert client.ask("/").status == 403
    with Client(("::1", lab.port)) as client:
        assert client.ask("/six").status == 200
    with Client(str(folder / "socket")) as client:
        assert client.ask("/").status == 200
        assert client.ask("/six").status == 403
