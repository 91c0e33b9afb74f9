"""HTTP/2 with clients, by prior knowledge: requests and responses as those of HTTP/1."""

import base64
import hashlib
import os
import signal
import ssl
import subprocess
import threading
import time

import pytest

from lab import answer, wait_until
from lab.backend import replying
from lab.certificates import Authority
from lab.http import request_bytes
from lab.http2_client import (ENABLE_CONNECT_PROTOCOL, INITIAL_WINDOW_SIZE, INTERNAL_ERROR,
                       MAX_CONCURRENT_STREAMS, NO_ERROR, PREFACE, Http2Client, memory)

SITE = """
http2 on;
log_format seen '$request|$status|$http2|$server_protocol|$scheme|$http_host|$host|$request_length|$bytes_sent|$body_bytes_sent|$request_completion';
access_log {folder}/access.log seen;
server {
    listen {host}:{port};
    server_name first.example;
    location / { return 200 "first $request_uri"; }
    location /empty { return 204; }
    location /headers { add_header X-Mixed-Case " a b "; add_header Connection close; return 200 "x"; }
    location /silent { return 444; }
}
server {
    listen {host}:{port};
    server_name second.example;
    location / { return 200 "second"; }
}
"""

PROXY = """
http2 on;
upstream back { server 127.0.0.1:{backend}; keepalive 16; }
server {
    listen {port};
    client_max_body_size 100m;
    location / { proxy_pass http://back; }
    location /stream/ { proxy_request_buffering off; proxy_buffering off; proxy_pass http://back; }
    location /upgrade/ {
        proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection upgrade;
        proxy_pass http://back;
    }
    location /trailers/ { proxy_pass_trailers on; proxy_pass http://back; }
}
"""


def curl(port, target="/", *options, host="127.0.0.1"):
    return subprocess.run(
        ["curl", "-sS", "--http2-prior-knowledge", "-D", "-", *options, f"http://{host}:{port}{target}"],
        capture_output=True, timeout=20, check=True).stdout


def h2(lab, **options):
    return Http2Client(lab.port, **options)


@pytest.fixture
def site(lab):
    return lab.rpcd(SITE)


@pytest.fixture
def echo(lab):
    """A backend that answers with what it got."""
    @replying
    def reply(request):
        return answer(request.body or request.start.encode())
    backend = lab.backend(reply)
    lab.rpcd(PROXY, backend=backend)
    return backend


# --- requests and answers ---

def test_curl_gets_an_answer(lab, site):
    response = curl(lab.port, "/a?b", "-H", "Host: first.example")
    assert response.startswith(b"HTTP/2 200")
    assert response.endswith(b"\r\n\r\nfirst /a?b")


def test_settings_come_first(lab, site):
    with h2(lab) as client:
        client.ping()
        assert client.settings[MAX_CONCURRENT_STREAMS] == 128
        assert client.settings[INITIAL_WINDOW_SIZE] == 65536


def test_settings_are_configured(lab):
    lab.rpcd("server { listen {port}; http2 on; http2_max_concurrent_streams 7;"
             " http2_body_preread_size 1000; }")
    with h2(lab) as client:
        client.ping()
        assert client.settings[MAX_CONCURRENT_STREAMS] == 7
        assert client.settings[INITIAL_WINDOW_SIZE] == 1000


@pytest.mark.parametrize("setting, most", [
    ("", 8192), ("http2_chunk_size 1k;", 1024), ("http2_chunk_size 100k;", 16384)])
def test_frames_are_as_large_as_configured(lab, setting, most):
    """Or as the client takes them. nginx does not fill them when it has less at hand."""
    pair = lab.pair("server { listen {host}:{port} http2; location / { {setting} proxy_pass http://127.0.0.1:{backend}; } }",
                    backend=lab.backend(answer(b"x" * 200_000)), setting=setting)

    def largest(address):
        with Http2Client(address, settings=[(INITIAL_WINDOW_SIZE, 1 << 20)]) as client:
            client.open_window(0, 1 << 20)
            response = client.ask("/")
            assert len(response.body) == 200_000
            return max(response.frames)

    theirs, ours = pair.both(largest)
    assert theirs <= ours == most


def test_many_requests_on_one_connection(lab, site):
    with h2(lab) as client:
        streams = [client.request(f"/{i}", authority="first.example") for i in range(100)]
        for i, stream in enumerate(streams):
            response = client.response(stream)
            assert (response.status, response.body) == (200, f"first /{i}".encode())
            assert response.get("content-length") == str(len(response.body))
            assert response.get("content-type") == "text/plain"


@pytest.mark.parametrize("authority, headers, body", [
    ("first.example", [], b"first /"), ("second.example", [], b"second"),
    ("SECOND.example:81", [], b"second"), (None, [("host", "second.example")], b"second"),
    ("second.example", [("host", "second.example")], b"second"), ("other", [], b"first /")])
def test_authority_chooses_the_server(lab, site, authority, headers, body):
    with h2(lab) as client:
        assert client.ask(authority=authority, headers=headers).body == body


def test_head_and_no_content(lab, site):
    with h2(lab) as client:
        response = client.ask("/", method="HEAD")
        assert (response.status, response.body, response.get("content-length")) == (200, b"", "7")
        response = client.ask("/empty")
        assert (response.status, response.body, response.get("content-length")) == (204, b"", None)
        assert response.frames == []  # the head ended it


def test_fields_of_connections_are_left_out(lab, site):
    with h2(lab) as client:
        response = client.ask("/headers")
        assert response.get("x-mixed-case") == "a b"
        assert response.get("connection") is None


def test_silence_resets_the_stream_alone(lab, site):
    with h2(lab) as client:
        response = client.ask("/silent")
        assert (response.heads, response.body) == ([], b"")
        assert response.reset not in (None, NO_ERROR)
        assert client.ask("/").status == 200


def test_what_the_log_says(lab, site):
    """As nginx, which counts the heads' frames with their headers and payloads of the body alone."""
    with h2(lab) as client:
        response = client.ask("/abc", authority="first.example", method="POST", body=b"12345")
    line = site.wait_for_line().split("|")
    assert line[:7] == ["POST /abc HTTP/2.0", "200", "h2c", "HTTP/2.0", "http", "first.example",
                        "first.example"]
    assert int(line[9]) == len(response.body) == int(line[8]) - (int(line[8]) - int(line[9]))
    assert line[10] == "OK"


def test_log_agrees_with_nginx(lab):
    """What nginx 1.22 can say, too: there http2 belongs to listen. No request has a body: nginx resets
    the stream of one that it does not read, and curl may still be sending then."""
    text = SITE.replace("http2 on;", "").replace("listen {host}:{port};", "listen {host}:{port} http2;")
    nginx, rpcd = lab.nginx(text), lab.rpcd(text)
    lines = []
    for host, daemon in (("127.0.0.2", nginx), ("127.0.0.1", rpcd)):
        curl(lab.port, "/abc", "-H", "Host: first.example", "-X", "POST", host=host)
        curl(lab.port, "/abc", "-H", "Host: second.example", "-I", host=host)
        daemon.wait_for_line(2)
        lines.append([line.split("|") for line in daemon.lines()])
    for ours, theirs in zip(*reversed(lines)):
        ours[8] = theirs[8]  # the Server fields differ in length
        assert ours == theirs


# --- HTTP/1 beside it ---

def test_http1_on_the_same_port(lab, site):
    with lab.client() as client:
        for _ in range(2):
            assert client.ask("/x", host="first.example").body == b"first /x"


@pytest.mark.parametrize("piece", [1, 3, 23, 25])
def test_preface_in_pieces(lab, site, piece):
    with Http2Client(lab.port, begin=False) as client:
        data = PREFACE + b"\0\0\0\4\0\0\0\0\0"
        client.send(data, piece, 0.002)
        assert client.ask("/").status == 200


def test_preface_only_where_it_is_on(lab):
    lab.rpcd("server { listen {port}; }")
    with Http2Client(lab.port) as client:
        assert client.read_rest().startswith(b"HTTP/1.1 ")



def test_listen_http2(lab):
    lab.rpcd("server { listen {port} http2; location / { return 200 $http2; } }")
    with h2(lab) as client:
        assert client.ask("/").body == b"h2c"
    with lab.client() as client:
        assert client.ask("/").body == b""


# --- to backends ---

def test_backend_gets_a_request_of_http1(lab, echo):
    with h2(lab) as client:
        response = client.ask("/a?b=c", headers=[
            ("cookie", "a=1"), ("x-one", "1"), ("cookie", "b=2"), ("te", "trailers"),
            ("user-agent", "u")])
    assert response.status == 200
    request = echo.last
    assert request.start == "GET /a?b=c HTTP/1.1"
    assert request.get("Host") == "back"
    assert request.all("cookie") == ["a=1; b=2"]
    assert request.get("x-one") == "1"
    assert request.get("te") is None


@pytest.mark.parametrize("path", ["/", "/stream/"])
@pytest.mark.parametrize("size", [0, 1, 16384, 65535])
@pytest.mark.parametrize("has_length", [True, False])
def test_request_bodies(lab, echo, path, size, has_length):
    body = bytes(i % 251 for i in range(size))
    headers = [("content-length", str(size))] if has_length else []
    with h2(lab) as client:
        response = client.ask(path, method="POST", headers=headers, body=body)
    assert response.status == 200
    assert echo.last.body == body
    assert response.body == (body or f"POST {path} HTTP/1.1".encode())


@pytest.mark.parametrize("path", ["/", "/stream/"])
def test_large_bodies_both_ways(lab, echo, tmp_path, path):
    (tmp_path / "body").write_bytes(bytes(range(256)) * 20_000)
    response = curl(lab.port, path, "--data-binary", f"@{tmp_path}/body")
    assert response.startswith(b"HTTP/2 200")
    assert response.endswith((tmp_path / "body").read_bytes())


def test_body_that_is_too_large(lab, tmp_path):
    lab.rpcd("server { listen {port}; http2 on; location / { proxy_pass http://127.0.0.1:1; } }")
    (tmp_path / "body").write_bytes(b"x" * 3_000_000)
    assert curl(lab.port, "/", "--data-binary", f"@{tmp_path}/body").startswith(b"HTTP/2 413")


# --- over TLS ---

TLS = """
ssl_certificate {certificate};
ssl_certificate_key {key};
server {
    listen {port} ssl;
    http2 on;
    server_name both.example;
    location / { return 200 "$http2 $server_protocol $scheme"; }
    location /large { proxy_pass http://127.0.0.1:{backend}; }
}
server {
    listen {port} ssl;
    server_name one.example;
    location / { return 200 "$http2 $server_protocol $scheme"; }
}
"""


@pytest.fixture
def secure(lab, tmp_path):
    """A client of HTTP/2 over TLS, made with what it offers."""
    certificate = Authority(tmp_path, "root").issue("front", names=("DNS:both.example",))
    backend = lab.backend(answer(bytes(range(256)) * 8000))
    lab.rpcd(TLS, certificate=certificate.chain, key=certificate.key, backend=backend)

    def wrap(name="both.example", protocols=("h2", "http/1.1"), version=None):
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        context.set_alpn_protocols(protocols)
        if version:
            context.maximum_version = version
        return lambda connected: context.wrap_socket(connected, server_hostname=name)
    return wrap


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_alpn_chooses_http2(lab, secure, version):
    with h2(lab, wrap=secure(version=version)) as client:
        assert client.socket.selected_alpn_protocol() == "h2"
        response = client.ask("/", authority="both.example", scheme="https")
        assert response.body == b"h2 HTTP/2.0 https"


@pytest.mark.parametrize("name, protocols, chosen", [
    ("both.example", ["http/1.1"], "http/1.1"), ("one.example", ["h2", "http/1.1"], "http/1.1")])
def test_alpn_chooses_http1(lab, secure, name, protocols, chosen):
    with Http2Client(lab.port, wrap=secure(name, protocols), begin=False) as client:
        assert client.socket.selected_alpn_protocol() == chosen
        client.send(request_bytes("/", host=name, version="HTTP/1.0"))
        assert client.read_rest().endswith(b"\r\n\r\n HTTP/1.0 https")


def test_large_bodies_over_tls(lab, secure):
    with h2(lab, wrap=secure()) as client:
        streams = [client.request("/large", authority="both.example") for _ in range(5)]
        for stream in streams:
            assert client.response(stream).body == bytes(range(256)) * 8000


def test_preface_without_tls_on_a_port_of_tls(lab, secure):
    with Http2Client(lab.port) as client:
        assert client.read_rest().startswith(b"HTTP/1.1 505 ")


# --- what HTTP/1 has under other names ---

def test_trailers_pass(lab):
    """Every client of HTTP/2 can take them, so none has to say so."""
    def handler(connection):
        while connection.request():
            connection.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n"
                            b"0\r\nX-Sum: 12\r\nContent-Length: 3\r\n\r\n")
    lab.rpcd(PROXY, backend=lab.backend(handler))
    with h2(lab) as client:
        response = client.ask("/trailers/")
        assert (response.body, response.trailers) == (b"hello", [("x-sum", "12")])
        response = client.ask("/")
        assert (response.body, response.trailers) == (b"hello", None)


def test_trailers_of_requests_go_nowhere(lab, echo):
    with h2(lab) as client:
        stream = client.request("/", method="POST", body=b"abc", end=False)
        client.send(client.head_frames([("x-sum", "1")], stream))
        assert client.response(stream).body == b"abc"
    assert echo.last.get("x-sum") is None


def test_interim_responses(lab):
    def handler(connection):
        while connection.request():
            connection.send(b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n" + answer(b"done"))
    lab.rpcd(PROXY, backend=lab.backend(handler))
    with h2(lab) as client:
        response = client.ask("/")
    assert [dict(head)[":status"] for head in response.heads] == ["103", "200"]
    assert ("link", "</a.css>") in response.heads[0]
    assert response.body == b"done"


def test_continue_is_said_when_the_body_is_wanted(lab, echo):
    with h2(lab) as client:
        stream = client.request("/", method="POST", end=False, headers=[("expect", "100-continue")])
        wait_until(lambda: client.read_frame() and client.streams.get(stream), "100")
        assert client.streams[stream].status == 100
        client.send_data(stream, b"body")
        assert client.response(stream).body == b"body"


def test_broken_responses_do_not_look_complete(lab):
    def handler(connection):
        connection.request()
        connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n12345")
    lab.rpcd(PROXY, backend=lab.backend(handler))
    with h2(lab) as client:
        response = client.ask("/stream/")
        assert response.status == 200
        assert not response.has_ended and response.reset == INTERNAL_ERROR
        assert client.ask("/", method="TRACE").status == 405  # the connection lives on


# --- WebSockets (RFC 8441) ---

def websocket(connection):
    request = connection.request()
    key = request.get("Sec-WebSocket-Key")
    digest = hashlib.sha1(key.encode() + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest()
    accept = base64.b64encode(digest)
    if request.target.endswith("/wrong"):
        accept = accept[::-1]
    if request.target.endswith("/refused"):
        connection.send(answer(b"no", "403 Forbidden"))
        return
    connection.send(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade"
                    b"\r\nSec-WebSocket-Accept: " + accept + b"\r\n\r\nhello ")
    while connection.buffer or connection.fill():
        connection.send(connection.take(len(connection.buffer)).upper())
    connection.send(b"!")


def open_websocket(client, path="/upgrade/", protocol="websocket"):
    return client.request(end=False, fields=[
        (":method", "CONNECT"), (":protocol", protocol), (":scheme", "http"), (":path", path),
        (":authority", "site.example"), ("sec-websocket-version", "13"),
        ("sec-websocket-key", "nonsense")])


def test_websocket(lab):
    backend = lab.backend(websocket)
    lab.rpcd(PROXY, backend=backend)
    with h2(lab) as client:
        client.ping()
        assert client.settings[ENABLE_CONNECT_PROTOCOL] == 1
        stream = open_websocket(client)
        client.send_data(stream, b"early ", end=False)
        wait_until(lambda: client.read_frame() and client.streams.get(stream) and
                   client.streams[stream].body == b"hello EARLY ", "the echo")
        head = client.streams[stream].head
        assert client.streams[stream].status == 200
        assert not {"sec-websocket-accept", "upgrade", "connection"} & {name for name, _ in head}
        client.send_data(stream, b"more", end=True)
        response = client.response(stream)
        assert (response.body, response.has_ended) == (b"hello EARLY MORE!", True)
    request = backend.last
    assert request.start == "GET /upgrade/ HTTP/1.1"
    assert request.get("Upgrade") == "websocket"
    assert len(request.all("sec-websocket-key")) == 1
    assert len(base64.b64decode(request.get("Sec-WebSocket-Key"))) == 16


def test_websocket_that_is_refused(lab):
    lab.rpcd(PROXY, backend=lab.backend(websocket))
    with h2(lab) as client:
        assert client.response(open_websocket(client, "/upgrade/refused")).status == 403
        wrong = client.response(open_websocket(client, "/upgrade/wrong"))
        assert (wrong.heads, wrong.reset) == ([], INTERNAL_ERROR)
        assert client.response(open_websocket(client, protocol="other")).status == 501
        assert client.response(client.request(fields=[
            (":method", "CONNECT"), (":authority", "a:1")], end=True)).status == 405


# --- goodbyes ---

def test_keepalive_requests(lab):
    lab.rpcd("server { listen {port}; http2 on; keepalive_requests 3; location / { return 200 x; } }")
    with h2(lab) as client:
        for _ in range(3):
            assert client.ask("/").body == b"x"
        assert client.read_goodbye() == NO_ERROR
        assert client.goaways[0][0] == 2**31 - 1
        assert client.goaways[-1][0] == 5


def test_keepalive_time(lab):
    lab.rpcd("server { listen {port}; http2 on; keepalive_time 500ms; location / { return 200 x; } }")
    with h2(lab) as client, lab.client() as old:
        assert client.ask("/").body == b"x"
        assert old.ask("/").get("Connection") == "keep-alive"
        wait_until(lambda: old.ask("/").get("Connection") == "close", "the end of HTTP/1")
        assert client.ask("/").body == b"x"
        assert client.read_goodbye() == NO_ERROR


def test_idle_connections_are_closed(lab):
    lab.rpcd("server { listen {port}; http2 on; keepalive_timeout 300ms; location / { return 200 x; } }")
    with h2(lab) as client:
        assert client.ask("/").body == b"x"
        assert client.read_goodbye() == NO_ERROR


def test_stop_serves_what_was_asked(lab):
    gate = threading.Event()

    def handler(connection):
        while connection.request():
            gate.wait(10)
            connection.send(answer(b"late"))
    backend = lab.backend(handler)
    rpcd = lab.rpcd(PROXY, backend=backend)
    with h2(lab) as client, h2(lab) as idle:
        idle.ping()
        stream = client.request("/")
        backend.wait_for(1)
        os.kill(rpcd.pid, signal.SIGQUIT)
        assert idle.read_goodbye() == NO_ERROR
        gate.set()
        assert client.response(stream).body == b"late"
        assert client.read_goodbye() == NO_ERROR


# --- slow clients ---

def read_until_there(client, sizes):
    """Reads until streams have bodies of at least these sizes."""
    def are_there():
        client.read_for(0.02)
        return all(stream in client.streams and len(client.streams[stream].body) >= size
                   for stream, size in sizes.items())
    wait_until(are_there, f"bodies of {sizes}")


def test_windows_hold_up_one_stream_and_not_the_others(lab):
    backend = lab.backend(answer(b"x" * 300_000))
    lab.rpcd(PROXY, backend=backend)
    with h2(lab, opens_windows=False) as client:
        client.open_window(0, 10_000_000)
        first, second = client.request("/stream/"), client.request("/stream/")
        read_until_there(client, {first: 65535, second: 65535})
        client.read_for(0.3)
        assert len(client.streams[first].body) == len(client.streams[second].body) == 65535
        client.open_window(second, 300_000)
        assert client.response(second).body == b"x" * 300_000
        assert len(client.streams[first].body) == 65535
        client.open_window(first, 1)
        read_until_there(client, {first: 65536})
        client.read_for(0.3)
        assert len(client.streams[first].body) == 65536
        client.open_window(first, 300_000)
        assert client.response(first).body == b"x" * 300_000


def test_slow_client_stops_its_backend(lab):
    """With buffering off memory holds no more than windows and buffers."""
    sent = []

    def handler(connection):
        connection.request()
        connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 30000000\r\n\r\n")
        for _ in range(300):
            connection.send(b"x" * 100_000)
            sent.append(100_000)
    rpcd = lab.rpcd(PROXY, backend=lab.backend(handler))
    with h2(lab, opens_windows=False, receive_buffer=16384) as client:
        client.ping()
        stream = client.request("/stream/")
        before = memory(rpcd)
        client.read_for(1.0)
        assert len(client.streams[stream].body) == 65535
        assert sum(sent) < 20_000_000
        assert memory(rpcd) - before < 1_000_000
        client.open_window(0, 100_000_000)
        client.open_window(stream, 100_000_000)
        assert len(client.response(stream).body) == 30_000_000


def test_backend_that_does_not_read_stops_its_client(lab):
    gate = threading.Event()

    def handler(connection):
        request = connection.head()
        gate.wait(10)
        connection.body_of(request)
        connection.send(answer(str(len(request.body)).encode()))
    rpcd = lab.rpcd(PROXY, backend=lab.backend(handler))
    with h2(lab) as client:
        client.ping()
        stream = client.request("/stream/", method="POST", end=False,
                                headers=[("content-length", "20000000")])
        room = 65535
        before = memory(rpcd)
        total = 0
        deadline = time.monotonic() + 1.0
        while time.monotonic() < deadline:
            if room >= 16384:
                client.send_data(stream, b"x" * 16384, end=False)
                room -= 16384
                total += 16384
            client.read_for(0.01)
            room += client.opened.pop(stream, 0)
        assert total < 15_000_000
        assert memory(rpcd) - before < 1_000_000
        gate.set()
        while total < 20_000_000:
            size = min(room, 16384, 20_000_000 - total)
            if size == 0:
                client.read_frame()
            else:
                client.send_data(stream, b"x" * size, end=total + size == 20_000_000)
            room += client.opened.pop(stream, 0) - size
            total += size
        assert client.response(stream).body == b"20000000"
