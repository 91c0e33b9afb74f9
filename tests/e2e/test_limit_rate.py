"""limit_rate and limit_rate_after: how fast responses go, whoever they come from, beside nginx.

Nothing here asserts that something was quick; what is limited must not come sooner than it may."""

import gzip
import os
import time

import pytest

from lab import answer
from lab.backend import replying
from lab.certificates import Authority
from lab.http2_client import Http2Client

SIZE = 60_000
RATE = 20_000

SITE = """
log_format how '$status|$body_bytes_sent';
access_log {folder}/how.log how;
root {folder};
server {
    listen {host}:{port} %s;
    limit_rate 20000;
    location / { %s }
    location /fast/ { limit_rate 0; %s }
    location /after/ { limit_rate_after 20000; %s }
    location /variable/ { limit_rate $arg_rate; limit_rate_after $arg_after; %s }
    location /branch/ { limit_rate 0; if ($arg_slow) { limit_rate 20000; } %s }
}
"""


def site(content, listen=""):
    return SITE % (listen, *[content] * 5)


PROXY = "proxy_pass http://127.0.0.1:{backend};"


@pytest.fixture
def backend(lab):
    def reply(request):
        headers = []
        if "rate-of=" in request.target:
            headers = [("X-Accel-Limit-Rate", request.target.partition("rate-of=")[2])]
        return answer(b"x" * SIZE, headers=headers)
    return lab.backend(replying(reply))


def seconds_for(lab, path, host="127.0.0.1"):
    with lab.client((host, lab.port)) as client:
        started = time.monotonic()
        assert len(client.ask(path).body) == SIZE
        return time.monotonic() - started


# What each takes at least, by nginx's arithmetic: pieces of a second's worth, and a pause behind each.
CASES = {
    "/": 2.0, "/after/": 0.9, "/variable/?rate=20k": 1.8, "/variable/?rate=20k&after=1m": 0,
    "/variable/?rate=nonsense": 0, "/variable/": 0, "/fast/": 0, "/branch/?slow=1": 2.0, "/branch/": 0,
}


@pytest.mark.parametrize("path", CASES)
def test_as_nginx(lab, backend, path):
    pair = lab.pair(site(PROXY), backend=backend)
    for host in ("127.0.0.2", "127.0.0.1"):
        assert seconds_for(lab, path, host) >= CASES[path]
    if "nonsense" in path:
        pair.rpcd.wait_for_text('"nonsense", as limit_rate makes it, is no size')


@pytest.mark.parametrize("path, least", [("/fast/?rate-of=20000", 2.0), ("/?rate-of=0", 0),
                                         ("/?rate-of=x", 2.0)])
def test_a_backend_may_ask_for_it(lab, backend, path, least):
    lab.pair(site(PROXY), backend=backend)
    for host in ("127.0.0.2", "127.0.0.1"):
        assert seconds_for(lab, path, host) >= least


def test_not_where_its_wish_is_ignored(lab, backend):
    lab.rpcd(site(PROXY + "proxy_ignore_headers X-Accel-Limit-Rate;"), backend=backend)
    with lab.client() as client:
        response = client.ask("/fast/?rate-of=1")  # at that rate it would take until tomorrow
        assert len(response.body) == SIZE
        assert response.get("X-Accel-Limit-Rate") is None


def test_files(lab):
    daemon = lab.rpcd("sendfile on;" + site(""))
    (daemon.folder / "large").write_bytes(b"y" * SIZE)
    assert seconds_for(lab, "/large") >= 2.0


def test_compressed(lab):
    """What counts is what is sent."""
    noise = os.urandom(SIZE)
    backend = lab.backend(replying(lambda request: answer(noise)))
    lab.rpcd("gzip on; gzip_types *;" + site(PROXY), backend=backend)
    with lab.client() as client:
        started = time.monotonic()
        response = client.ask("/", headers=[("Accept-Encoding", "gzip")])
        assert response.get("Content-Encoding") == "gzip"
        assert gzip.decompress(response.body) == noise
        assert time.monotonic() - started >= 2.0


def test_by_http2_and_tls(lab, backend, tmp_path):
    Authority(tmp_path, "test").issue("site", names=("IP:127.0.0.1",))
    lab.rpcd(site(PROXY, "http2"), backend=backend)
    with Http2Client(lab.port) as client:
        started = time.monotonic()
        streams = [client.request("/") for _ in range(2)]
        for stream in streams:
            assert len(client.response(stream).body) == SIZE
        assert time.monotonic() - started >= 2.0


def test_a_client_that_leaves_meanwhile(lab, backend):
    daemon = lab.rpcd(site(PROXY), backend=backend)
    with lab.client() as client:
        client.send(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        client.read_until(b"\r\n\r\n")
    daemon.wait_for_line(1, "how.log")
    with lab.client() as client:
        assert len(client.ask("/fast/").body) == SIZE


def test_a_kept_connection_goes_on_unhindered(lab, backend):
    lab.rpcd(site(PROXY), backend=backend)
    with lab.client() as client:
        assert len(client.ask("/").body) == SIZE
        assert len(client.ask("/fast/").body) == SIZE
        assert client.ask("/", method="HEAD").status == 200


def test_what_goes_first_is_not_limited(lab, backend):
    """At these rates what is limited would not come today."""
    lab.pair("""server { listen {host}:{port}; limit_rate 1;
        location / { limit_rate_after %d; proxy_pass http://127.0.0.1:{backend}; }
        location /set/ { set $limit_rate 0; proxy_pass http://127.0.0.1:{backend}; } }""" % (2 * SIZE),
             backend=backend)
    for host in ("127.0.0.2", "127.0.0.1"):
        for path in ("/", "/set/"):
            seconds_for(lab, path, host)


def test_set_limit_rate(lab, backend):
    pair = lab.pair("""
        log_format how '$limit_rate'; access_log {folder}/how.log how;
        server {
            listen {host}:{port};
            add_header X-Rate $limit_rate;
            location / { set $limit_rate $arg_rate; proxy_pass http://127.0.0.1:{backend}; }
            location /own/ { limit_rate 1m; proxy_pass http://127.0.0.1:{backend}; }
            location /both/ { limit_rate 1m; set $limit_rate $arg_rate; proxy_pass http://127.0.0.1:{backend}; }
            location /if/ { if ($arg_rate) { set $limit_rate $arg_rate; } proxy_pass http://127.0.0.1:{backend}; }
            location /twice/ { set $limit_rate 1; set $limit_rate $arg_rate; proxy_pass http://127.0.0.1:{backend}; }
            location /redirected/ { set $limit_rate 1; rewrite ^ /if/ last; }
        }""", backend=backend)
    paths = ["/?rate=20000", "/?rate=1m", "/?rate=20k&rate-of=2000000", "/?rate=x", "/", "/own/", "/both/?rate=2m",
             "/both/?rate=nonsense", "/if/?rate=3m", "/if/", "/twice/?rate=2m", "/redirected/?rate=3m"]
    for count, path in enumerate(paths, 1):
        results = []
        for daemon, host in ((pair.nginx, "127.0.0.2"), (pair.rpcd, "127.0.0.1")):
            with lab.client((host, lab.port)) as client:
                started = time.monotonic()
                response = client.ask(path)
                assert len(response.body) == SIZE
                if path == "/?rate=20000":
                    assert time.monotonic() - started >= 2.0
            results.append((response.get("X-Rate"), daemon.wait_for_line(count, "how.log")))
        assert results[0] == results[1], path
    pair.rpcd.wait_for_text('invalid $limit_rate "nonsense"')
