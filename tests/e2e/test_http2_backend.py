"""HTTP/2 to backends (proxy_http_version 2): what requests and responses become, connections that are
kept, flow control, and backends that do what they should not."""

import itertools
import os
import subprocess
import threading

import pytest

from lab import Incomplete, wait_until, wait_until_still
from lab.certificates import Authority
from lab.http import chunked, request_bytes
from lab.http2 import (CANCEL, CONTINUATION, DATA, GOAWAY, HEADERS, NO_ERROR, PING, RST_STREAM,
                       SETTINGS, Server, SettingCodes, answering, frame,
                       speaking)

HTTP = """
upstream kept { server 127.0.0.1:{backend}; keepalive 4; }
server {
    listen {port};
    client_max_body_size 0;
    proxy_http_version 2;
    {settings}
    location / { proxy_pass http://kept; }
    location /alone/ { proxy_pass http://127.0.0.1:{backend}; }
    location /plain/ { proxy_http_version 1.1; proxy_pass http://kept; }
    location /stream/ { proxy_request_buffering off; proxy_buffering off; proxy_pass http://kept; }
    location /trailers/ { proxy_pass_trailers on; proxy_pass http://kept; }
    location /body/ { proxy_set_body "own body of $uri"; proxy_pass http://kept; }
    location /none/ { proxy_pass_request_body off; proxy_pass http://kept; }
    location /method/ { proxy_method POST; proxy_pass http://kept; }
    location /get/ { proxy_method GET; proxy_pass http://kept; }
    location /page/ { proxy_intercept_errors on; error_page 404 @page; proxy_pass http://kept; }
    location @page { return 200 "page\\n"; }
    location /fast/ { proxy_read_timeout 300ms; proxy_pass http://kept; }
}
"""


def start(lab, handler, settings="", **options):
    backend = lab.backend(handler)
    return backend, lab.rpcd(HTTP, backend=backend, settings=settings, **options)


# --- requests and responses ---

def test_a_request_and_its_answer(lab):
    backend, _ = start(lab, answering(b"hello", headers=[("x-answer", "1"), ("content-type", "text/x")]))
    with lab.client() as client:
        response = client.ask("/a%20b?c=d", headers=[("X-Mixed-Case", "Yes"), ("Cookie", "a=b")])
    assert response.status == 200 and response.reason == "OK"
    assert response.body == b"hello"
    assert response.get("x-answer") == "1" and response.get("Content-Type") == "text/x"
    request = backend.last
    assert request.headers[:4] == [(":method", "GET"), (":scheme", "http"), (":path", "/a%20b?c=d"),
                                   (":authority", "kept")]
    assert request.get("x-mixed-case") == "Yes" and request.get("cookie") == "a=b"
    assert request.ended and request.body == b""


def test_no_field_of_the_connection_goes_on(lab):
    backend, _ = start(lab, answering(), settings="""
        proxy_set_header Connection upgrade; proxy_set_header Upgrade $http_upgrade;
        proxy_set_header Keep-Alive 5; proxy_set_header Proxy-Connection x; proxy_set_header Host host.example;
        proxy_set_header TE gzip;""")
    with lab.client() as client:
        client.ask(headers=[("Connection", "upgrade, x-hop"), ("Upgrade", "websocket"), ("X-Hop", "1"),
                            ("TE", "trailers"), ("HTTP2-Settings", "AAMAAABkAARAAAAAAAIAAAAA")])
    assert backend.last.get(":authority") == "host.example"
    assert set(backend.last.names()) == {":method", ":scheme", ":path", ":authority"}


def test_fields_are_as_http2_wants_them(lab):
    """No :authority rather than an empty one, and values without white space around them."""
    def handler(connection):
        server = Server(connection)
        server.h2.config.validate_inbound_headers = False
        server.respond(server.request())
        server.until(lambda: False)
    backend, _ = start(lab, handler, settings='proxy_set_header Host ""; proxy_set_header X-Wide "  a b ";')
    with lab.client() as client:
        assert client.ask().status == 200
    assert backend.last.names()[:3] == [":method", ":scheme", ":path"]
    assert ":authority" not in backend.last.names() and "host" not in backend.last.names()
    assert backend.last.get("x-wide") == "a b"


def test_a_large_head_of_a_request(lab):
    """Larger than what nghttp2 would send by itself."""
    many = [(f"x-{number}", os.urandom(500).hex()) for number in range(60)]
    sizes = []

    def handler(connection):
        server = Server(connection)
        server.h2.decoder.max_header_list_size = 1 << 20
        server.h2.local_settings.max_header_list_size = 1 << 20
        request = server.request()
        sizes.append(sum(len(value) for name, value in request.headers if name.startswith("x-")))
        server.respond(request)
        server.until(lambda: False)
    start(lab, handler, settings="large_client_header_buffers 8 64k;")
    with lab.client() as client:
        assert client.ask(headers=many + [("x-large", os.urandom(30000).hex())]).status == 200
    assert sizes == [120_000]


@pytest.mark.parametrize("size", [0, 1, 16383, 16384, 70000, 3_000_000])
@pytest.mark.parametrize("target", ["/", "/stream/"])
@pytest.mark.parametrize("framing", ["length", "chunked"])
def test_bodies_of_requests(lab, size, target, framing):
    backend, _ = start(lab, answering())
    body = os.urandom(size)
    with lab.client() as client:
        for _ in range(2):
            if framing == "length":
                response = client.ask(target, method="POST", body=body)
            else:
                client.send(request_bytes(target, method="POST", headers=[("Transfer-Encoding", "chunked")]))
                client.send(chunked(body) if body else chunked())
                response = client.response()
            assert response.status == 200
            assert backend.last.body == body
    is_streamed = framing == "chunked" and target == "/stream/" and size > 16384
    assert backend.last.get("content-length") == (None if is_streamed else str(size)) or target == "/stream/"
    assert len(backend.connections) == 1


@pytest.mark.parametrize("size", [0, 1, 16384, 100_000, 5_000_000])
@pytest.mark.parametrize("target", ["/", "/stream/"])
@pytest.mark.parametrize("headers", [[], "length"])
def test_bodies_of_responses(lab, size, target, headers):
    body = os.urandom(size)
    fields = [("content-length", str(size))] if headers else []
    backend, _ = start(lab, answering(body, headers=fields))
    with lab.client() as client:
        for _ in range(2):
            response = client.ask(target)
            assert response.body == body
            assert response.framing == ("length" if headers or size == 0 else "chunked")
    assert len(backend.connections) == 1


def test_head(lab):
    def reply(server, request):
        server.respond(request, b"", headers=[("content-length", "12345")])
    backend, _ = start(lab, speaking(reply))
    with lab.client() as client:
        for _ in range(2):
            response = client.ask(method="HEAD")
            assert response.get("Content-Length") == "12345"
    assert len(backend.connections) == 1


def test_head_asked_as_get_leaves_the_connection_usable(lab):
    """The body is on its way, and nobody wants it: the stream is cancelled."""
    backend, _ = start(lab, answering(b"x" * 1_000_000))
    with lab.client() as client:
        for _ in range(3):
            assert client.ask("/get/", method="HEAD").status == 200
        assert client.ask().body == b"x" * 1_000_000
    assert len(backend.connections) == 1


@pytest.mark.parametrize("status", ["204", "304"])
def test_without_a_body(lab, status):
    backend, _ = start(lab, answering(b"", status=status))
    with lab.client() as client:
        for _ in range(2):
            response = client.ask()
            assert response.status == int(status) and response.body == b""
    assert len(backend.connections) == 1


def test_bodies_of_the_configuration(lab):
    backend, _ = start(lab, answering())
    with lab.client() as client:
        client.ask("/body/x", method="POST", body=b"client's")
        assert backend.last.body == b"own body of /body/x"
        assert backend.last.get("content-length") == str(len(b"own body of /body/x"))
        client.ask("/none/x", method="POST", body=b"client's")
        assert backend.last.body == b""
        client.ask("/method/x")
        assert backend.last.get(":method") == "POST"


def test_trailers(lab):
    trailers = [("x-sum", "12"), ("grpc-status", "0")]
    backend, _ = start(lab, answering(b"hello", trailers=trailers))
    with lab.client() as client:
        client.send(request_bytes("/trailers/", headers=[("TE", "trailers")]))
        rest = client.read_until(b"\r\n\r\n") + client.read_until(b"0\r\n") + client.read_until(b"\r\n\r\n")
        assert rest.endswith(b"5\r\nhello\r\n0\r\nx-sum: 12\r\ngrpc-status: 0\r\n\r\n")
        assert backend.last.get("te") == "trailers"
        for target, headers in (("/", [("TE", "trailers")]), ("/trailers/", [])):
            assert client.ask(target, headers=headers).body == b"hello"
            assert backend.last.get("te") is None
    assert len(backend.connections) == 1


def test_interim_responses(lab):
    def reply(server, request):
        server.interim(request, "103", [("link", "</a>; rel=preload")])
        server.interim(request, "103", [("link", "</b>; rel=preload")])
        server.interim(request, "100")
        server.respond(request, b"final")
    start(lab, speaking(reply))
    with lab.client() as client:
        client.send(request_bytes("/"))
        assert b"103" in client.read_until(b"\r\n\r\n")
        second = client.read_until(b"\r\n\r\n")
        assert b"103" in second and b"link: </b>; rel=preload" in second
        assert client.response().body == b"final"


def test_many_fields_and_a_large_head(lab):
    many = [(f"x-{number}", str(number)) for number in range(300)]
    start(lab, answering(headers=many), settings="proxy_buffer_size 32k; proxy_buffers 8 32k;")
    with lab.client() as client:
        response = client.ask()
        assert response.get("x-299") == "299"


def test_intercepted(lab):
    backend, _ = start(lab, answering(b"not here" * 10000, status="404"))
    with lab.client() as client:
        for _ in range(3):
            assert client.ask("/page/").body == b"page\n"
    assert len(backend.connections) == 1


# --- connections ---

def test_kept_connections_are_of_one_protocol(lab):
    def either(connection):
        first = connection.read_exactly(3)
        connection.buffer = first + connection.buffer
        if first == b"PRI":
            server = Server(connection)
            data, connection.buffer = connection.buffer, b""
            for event in server.h2.receive_data(data):
                server.take(event)
            server.flush()
            while True:
                for request in [r for r in server.requests.values() if r.ended and not r.body == b"done"]:
                    request.body = b"done"
                    server.respond(request, b"two")
                server.step()
        while connection.request() is not None:
            connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\none")
    backend = lab.backend(either)
    lab.rpcd(HTTP, backend=backend, settings="")
    with lab.client() as client:
        for _ in range(3):
            assert client.ask("/").body == b"two"
            assert client.ask("/plain/").body == b"one"
    assert len(backend.connections) == 2


def test_pings_are_answered_at_any_time(lab):
    pongs = []

    def handler(connection):
        server = Server(connection)
        request = server.request()
        server.h2.ping(b"12345678")
        server.respond(request)
        server.until(lambda: server.pongs == 1)
        for number in range(50):  # now it is idle
            server.h2.ping(b"%08d" % number)
            server.flush()
        server.until(lambda: server.pongs == 51)
        pongs.append(server.pongs)
        server.respond(server.request(), b"again")
    backend, _ = start(lab, handler)
    with lab.client() as client:
        assert client.ask().body == b"ok"
        wait_until(lambda: pongs == [51], "pongs")
        assert client.ask().body == b"again"
    assert len(backend.connections) == 1


def test_goaway_of_an_idle_connection(lab):
    def handler(connection):
        server = Server(connection)
        server.respond(server.request())
        server.goodbye()
        server.until(lambda: False)
    backend, daemon = start(lab, handler)
    with lab.client() as client:
        for _ in range(3):
            assert client.ask().status == 200
            wait_until(lambda: daemon.connections() == 1, "the end of the backend's connection")
    assert len(backend.connections) == 3


@pytest.mark.parametrize("verb", ["GET", "POST"])
@pytest.mark.parametrize("how", ["goaway", "refused"])
def test_a_request_that_was_not_looked_at_is_asked_again(lab, verb, how):
    """On a kept connection that says GOAWAY or REFUSED_STREAM: on a new one, whatever the method."""
    seen = []

    def handler(connection):
        server = Server(connection)
        server.respond(server.request())
        seen.append(1)
        request = server.request()
        if len(seen) == 1:
            if how == "goaway":
                server.raw(frame(GOAWAY, 0, 0, b"\0\0\0\1" + b"\0\0\0\0"))
            else:
                server.raw(frame(RST_STREAM, 0, request.stream, b"\0\0\0\x07"))
        else:
            server.respond(request)
        server.until(lambda: False)
    backend, daemon = start(lab, handler)
    with lab.client() as client:
        assert client.ask().status == 200
        assert client.ask(method=verb, body=b"x" if verb == "POST" else None).status == 200
    assert len(backend.connections) == 2


def test_closed_in_the_meantime(lab):
    def handler(connection):
        server = Server(connection)
        server.respond(server.request())
        server.request()  # and closes
    backend, _ = start(lab, handler)
    with lab.client() as client:
        for _ in range(3):
            assert client.ask().status == 200


def test_a_client_that_leaves_cancels_its_stream(lab):
    cancelled = []

    def handler(connection):
        server = Server(connection)
        request = server.request()
        server.respond(request, b"x" * 10, end=False)
        server.until(lambda: request.stream in server.resets)
        cancelled.append(server.resets[request.stream])
        server.respond(server.request(), b"next")
        server.until(lambda: False)
    backend, _ = start(lab, handler)
    with lab.client() as client:
        client.send(request_bytes("/"))
        client.read_until(b"x" * 10)
    wait_until(lambda: cancelled == [CANCEL], "the cancel")
    with lab.client() as client:
        assert client.ask().body == b"next"
    assert len(backend.connections) == 1


def test_an_answer_before_the_end_of_the_request(lab):
    """The rest of the body is of no interest to the backend; the connection goes on."""
    def handler(connection):
        server = Server(connection)
        server.consumes = False
        while True:
            request = server.head()
            server.respond(request, b"early")
            if not request.ended:
                server.h2.reset_stream(request.stream, NO_ERROR)
                server.flush()
    backend, _ = start(lab, handler)
    for _ in range(2):
        with lab.client() as client:
            client.send(request_bytes("/stream/", method="POST", headers=[("Content-Length", "3000000")]))
            client.send(b"x" * 100_000)
            assert client.response().body == b"early"


# --- flow control ---

def test_a_backend_that_opens_its_window_slowly(lab):
    done = []

    def handler(connection):
        server = Server(connection, {SettingCodes.INITIAL_WINDOW_SIZE: 100})
        server.consumes = False
        server.respond(server.request())
        request = server.head()
        opened = 100
        while not request.ended:
            server.until(lambda: len(request.body) >= min(opened, 2000))
            assert len(request.body) <= opened
            if len(request.body) < 2000:
                server.h2.increment_flow_control_window(100, request.stream)
                opened += 100
                server.flush()
            else:
                server.until(lambda: request.ended)
        done.append(request.body)
        server.respond(request)
    start(lab, handler)
    for target in ("/", "/stream/", "/body/"):
        del done[:]
        body = os.urandom(2000)
        if target == "/body/":
            target = "/body/" + "x" * (2000 - len("own body of /body/"))
            body = b"own body of " + target.encode()
        with lab.client() as client:
            assert client.ask().status == 200
            assert client.ask(target, method="POST", body=body).status == 200
        assert done == [body]


def test_settings_change_the_window_of_what_waits(lab):
    def handler(connection):
        server = Server(connection, {SettingCodes.INITIAL_WINDOW_SIZE: 0})
        server.respond(server.request())
        request = server.head()
        server.h2.ping(b"12345678")
        server.flush()
        server.until(lambda: server.pongs)
        assert request.body == b""
        server.h2.update_settings({SettingCodes.INITIAL_WINDOW_SIZE: 1_000_000})
        server.flush()
        server.until(lambda: request.ended)
        server.respond(request, str(len(request.body)).encode())
        server.until(lambda: False)
    start(lab, handler)
    with lab.client() as client:
        assert client.ask().status == 200
        assert client.ask(method="POST", body=b"x" * 50000).body == b"50000"


def sent_to_a_client_that_does_not_read(lab, target, settings=""):
    sent = []

    def handler(connection):
        server = Server(connection)
        request = server.request()
        server.respond(request, b"", end=False)
        while True:
            room = server.until(lambda: server.room_for(request))
            if room is None:
                return
            size = min(room, server.h2.max_outbound_frame_size)
            server.h2.send_data(request.stream, b"x" * size)
            server.flush()
            sent.append(size)
    backend, daemon = start(lab, handler, settings)
    with lab.client(receive_buffer=4096) as client:
        client.send(request_bytes(target))
        client.read_until(b"\r\n\r\n")
        before = wait_until_still(lambda: sum(sent), "the backend")
        client.read_exactly(8_000_000)
        assert sum(sent) > 7_000_000
    return before


def test_a_slow_client_stops_the_backend(lab):
    """By the window, so that the connection itself goes on."""
    assert sent_to_a_client_that_does_not_read(lab, "/stream/") < 4_000_000


def test_a_slow_client_stops_the_backend_when_buffers_are_full(lab):
    before = sent_to_a_client_that_does_not_read(lab, "/", "proxy_max_temp_file_size 2m;")
    assert 2_000_000 < before < 8_000_000


def test_both_directions_at_once(lab):
    """The client reads nothing until it has sent everything, and the backend answers meanwhile."""
    def handler(connection):
        server = Server(connection)
        request = server.head()
        server.respond(request, b"", end=False)
        done = 0
        while not request.ended or done < len(request.body):
            if done == len(request.body):
                server.step()
                continue
            part = request.body[done:done + 16384]
            if server.h2.local_flow_control_window(request.stream) < len(part):
                server.step()
                continue
            server.h2.send_data(request.stream, part)
            done += len(part)
            server.flush()
        server.h2.end_stream(request.stream)
        server.flush()
        server.until(lambda: False)
    start(lab, handler)
    body = os.urandom(200_000)
    with lab.client() as client:
        client.send(request_bytes("/stream/", method="POST", headers=[("Content-Length", str(len(body)))]))
        client.send(body)
        assert client.response().body == body


# --- what should not happen ---

def broken(data):
    def handler(connection):
        server = Server(connection)
        request = server.request()
        server.raw(data(server, request) if callable(data) else data)
        server.until(lambda: False)
    return handler


def headers_frame(server, request, fields, flags=4):
    return frame(HEADERS, flags, request.stream, server.h2.encoder.encode(fields))


WRONG = {
    "http1": b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
    "noise": os.urandom(400),
    "zeros": b"\0" * 4000,
    "oversized": lambda s, r: b"\xff\xff\xff\0\0\0\0\0\1" + b"x" * 100,
    "reset": lambda s, r: frame(RST_STREAM, 0, r.stream, b"\0\0\0\2"),
    "reset without error": lambda s, r: frame(RST_STREAM, 0, r.stream, b"\0\0\0\0"),
    "short reset": lambda s, r: frame(RST_STREAM, 0, r.stream, b"\0"),
    "goaway with error": lambda s, r: frame(GOAWAY, 0, 0, b"\0\0\0\0\0\0\0\2"),
    "data before the head": lambda s, r: frame(DATA, 1, r.stream, b"hello"),
    "no status": lambda s, r: headers_frame(s, r, [("x", "y")]),
    "status twice": lambda s, r: headers_frame(s, r, [(":status", "200"), (":status", "200")]),
    "status of letters": lambda s, r: headers_frame(s, r, [(":status", "abc")]),
    "status 101": lambda s, r: headers_frame(s, r, [(":status", "101")]),
    "request fields": lambda s, r: headers_frame(s, r, [(":status", "200"), (":path", "/")]),
    "upper case": lambda s, r: headers_frame(s, r, [(":status", "200"), ("X-Upper", "1")]),
    "line feed": lambda s, r: headers_frame(s, r, [(":status", "200"), ("x", "1\r\nx-evil: 1")]),
    "zero byte": lambda s, r: headers_frame(s, r, [(":status", "200"), ("x", "1\0")]),
    "connection field": lambda s, r: headers_frame(s, r, [(":status", "200"), ("connection", "close")]),
    "transfer-encoding": lambda s, r: headers_frame(s, r, [(":status", "200"), ("transfer-encoding", "chunked")]),
    "two lengths": lambda s, r: headers_frame(s, r, [(":status", "200"), ("content-length", "1"), ("content-length", "2")]),
    "bad length": lambda s, r: headers_frame(s, r, [(":status", "200"), ("content-length", "-1")]),
    "huge length": lambda s, r: headers_frame(s, r, [(":status", "200"), ("content-length", "9" * 30)]),
    "length without body": lambda s, r: headers_frame(s, r, [(":status", "200"), ("content-length", "5")], flags=5),
    "bad compression": lambda s, r: frame(HEADERS, 4, r.stream, b"\xff\xff\xff\xff\xff\xff"),
    "continuation alone": lambda s, r: frame(CONTINUATION, 4, r.stream, b""),
    "data inside a head": lambda s, r: frame(HEADERS, 0, r.stream, b"\x88") + frame(DATA, 1, r.stream, b"x"),
    "push": lambda s, r: frame(5, 4, r.stream, b"\0\0\0\2" + b"\x82\x84\x86"),
    "stream of ours": lambda s, r: frame(HEADERS, 5, r.stream + 2, b"\x88"),
    "stream of its own": lambda s, r: frame(HEADERS, 5, 2, b"\x88"),
    "settings of three bytes": frame(SETTINGS, 0, 0, b"abc"),
    "window of zero": lambda s, r: frame(8, 0, r.stream, b"\0\0\0\0"),
    "window too large": lambda s, r: frame(8, 0, r.stream, b"\x7f\xff\xff\xff") * 2,
    "interim that ends": lambda s, r: headers_frame(s, r, [(":status", "103")], flags=5),
}


@pytest.mark.parametrize("name", WRONG)
def test_nonsense_is_a_502(lab, name):
    backend, daemon = start(lab, broken(WRONG[name]))
    with lab.client() as client:
        assert client.ask().status == 502
        assert client.ask("/alone/", method="POST", body=b"x").status == 502
    wait_until(lambda: daemon.text("error.log").count("upstream") >= 2, "a line for each of both")
    assert len(backend.requests) == 2


def test_a_head_that_is_too_big(lab):
    backend, daemon = start(lab, answering(headers=[("x", "y" * 8000)]))
    with lab.client() as client:
        assert client.ask().status == 502
    daemon.wait_for_text("upstream sent too big header")


def test_endless_continuations(lab):
    def data(server, request):
        return frame(HEADERS, 0, request.stream, b"\x88") + frame(CONTINUATION, 0, request.stream, b"\x40\x01x\x01y") * 50000
    backend, daemon = start(lab, broken(data))
    with lab.client() as client:
        assert client.ask().status == 502


def test_too_many_interim_responses(lab):
    def reply(server, request):
        head = server.h2.encoder.encode([(":status", "103")])
        for _ in range(2000):
            server.raw(frame(HEADERS, 4, request.stream, head))
    start(lab, speaking(reply))
    with lab.client() as client:
        client.send(request_bytes("/"))
        final = b"103"
        while b" 103 " in final or final == b"103":
            final = client.read_until(b"\r\n\r\n")
        assert b" 502 " in final


def test_an_endless_flood(lab):
    """Of pings and settings instead of an answer: others are served meanwhile, the time for the head
    is over when it is, and no memory goes into answers that nobody takes."""
    def handler(connection):
        server = Server(connection)
        while (request := server.request()).get(":path") != "/fast/":
            server.respond(request, b"other")
        while True:
            connection.send((frame(PING, 0, 0, b"12345678") + frame(SETTINGS, 0, 0)) * 5000)
    backend, daemon = start(lab, handler)
    with lab.client() as flooded, lab.client() as other:
        flooded.send(request_bytes("/fast/"))
        for _ in range(5):
            assert other.ask().body == b"other"
        assert flooded.response().status in (502, 504)


def test_a_flood_of_an_idle_connection(lab):
    is_idle = threading.Semaphore(0)

    def handler(connection):
        server = Server(connection)
        server.respond(server.request(), b"once")
        is_idle.acquire(timeout=20)
        while True:
            connection.send(frame(PING, 0, 0, b"12345678") * 5000)
    backend, daemon = start(lab, handler)
    with lab.client() as client:
        for _ in range(3):
            assert client.ask().body == b"once"
            is_idle.release()
            wait_until(lambda: daemon.connections() == 1, "the end of the backend's connection")


BROKEN_BODIES = {
    "reset": lambda s, r: frame(RST_STREAM, 0, r.stream, b"\0\0\0\2"),
    "reset without error": lambda s, r: frame(RST_STREAM, 0, r.stream, b"\0\0\0\0"),
    "noise": os.urandom(300),
    "too much": lambda s, r: frame(DATA, 1, r.stream, b"x" * 101),
    "too little": lambda s, r: frame(DATA, 1, r.stream, b"x"),
    "second head": lambda s, r: headers_frame(s, r, [(":status", "200")], flags=5),
    "trailers that do not end": lambda s, r: headers_frame(s, r, [("x", "y")]),
    "trailers with pseudo fields": lambda s, r: headers_frame(s, r, [(":path", "y")], flags=5),
    "goaway with error": lambda s, r: frame(GOAWAY, 0, 0, b"\0\0\0\0\0\0\0\2"),
    "end": None,
}


@pytest.mark.parametrize("has_length", [True, False])
@pytest.mark.parametrize("name", BROKEN_BODIES)
def test_a_broken_body_never_looks_complete(lab, name, has_length):
    if name.startswith("too") and not has_length:
        pytest.skip("nobody has said how much it should be")

    has_begun = threading.Event()

    def handler(connection):
        server = Server(connection)
        request = server.request()
        fields = [("content-length", "105")] if has_length else []
        server.respond(request, b"begin", headers=fields, end=False)
        has_begun.wait(20)
        data = BROKEN_BODIES[name]
        if data is not None:
            server.raw(data(server, request) if callable(data) else data)
            server.until(lambda: False)
    start(lab, handler)
    with lab.client() as client:
        client.send(request_bytes("/"))
        while b"begin" not in client.buffer:
            assert client.fill()
        has_begun.set()
        with pytest.raises(Incomplete):
            client.response()


def test_silence_is_a_504(lab):
    def handler(connection):
        server = Server(connection)
        server.until(lambda: False)
    start(lab, handler)
    with lab.client() as client:
        assert client.ask("/fast/").status == 504


def test_settings_alone_are_no_answer(lab):
    def handler(connection):
        server = Server(connection)
        for count in itertools.count(1):  # as long as anybody answers
            server.h2.ping(b"12345678")
            server.flush()
            server.until(lambda: server.pongs == count)
    start(lab, handler)
    with lab.client() as client:
        assert client.ask("/fast/").status == 504


def test_no_streams_allowed(lab):
    def handler(connection):
        server = Server(connection, {SettingCodes.MAX_CONCURRENT_STREAMS: 1})
        server.respond(server.request())
        server.h2.update_settings({SettingCodes.MAX_CONCURRENT_STREAMS: 0})
        server.h2.ping(b"12345678")
        server.flush()
        server.until(lambda: server.pongs)
        is_told.set()
        server.until(lambda: False)
    is_told = threading.Event()
    start(lab, handler)
    with lab.client() as client:
        assert client.ask().status == 200
        assert is_told.wait(20)
        assert client.ask("/fast/").status == 504


# --- other peers ---

RETRY = """
upstream two { server 127.0.0.1:{first}; server 127.0.0.1:{second}; keepalive 4; }
log_format t '$upstream_status';
server {
    listen {port};
    access_log {folder}/access.log t;
    proxy_http_version 2;
    location / { proxy_next_upstream error timeout invalid_header http_503; proxy_pass http://two; }
    location /error/ { proxy_next_upstream error; proxy_pass http://two; }
}
"""


@pytest.mark.parametrize("first, target, verb, status", [
    (broken(b"HTTP/1.1 400 Bad Request\r\n\r\n"), "/", "GET", "502, 200"),
    (broken(b"HTTP/1.1 400 Bad Request\r\n\r\n"), "/error/", "GET", "502"),
    (answering(b"busy", status="503"), "/", "GET", "503, 200"),
    (broken(lambda s, r: frame(RST_STREAM, 0, r.stream, b"\0\0\0\7")), "/error/", "POST", "502, 200"),
    (broken(lambda s, r: frame(RST_STREAM, 0, r.stream, b"\0\0\0\1")), "/", "POST", "502"),
    (lambda connection: None, "/", "GET", "502, 200"),
])
def test_another_peer(lab, first, target, verb, status):
    daemon = lab.rpcd(RETRY, first=lab.backend(first), second=lab.backend(answering()))
    with lab.client() as client:
        response = client.ask(target, method=verb, body=b"x" if verb == "POST" else None)
        assert response.status == int(status[-3:])
    wait_until(lambda: daemon.text("access.log").strip() == status, "the log")


# --- TLS ---

def test_over_tls(lab):
    folder = lab.folder("certificates")
    certificate = Authority(folder, "root").issue("backend")
    context = certificate.server_context()
    context.set_alpn_protocols(["h2"])
    agreed = []

    def reply(server, request):
        agreed.append(server.wire.socket.selected_alpn_protocol())
        server.respond(request, request.body + b"!" * 100_000)
    backend = lab.backend(speaking(reply), tls=context)
    lab.rpcd(f"""server {{ listen {lab.port}; proxy_http_version 2;
        location / {{ proxy_pass https://127.0.0.1:{backend.port}; }} }}""")
    body = os.urandom(300_000)
    with lab.client() as client:
        for _ in range(3):
            assert client.ask(method="POST", body=body).body == body + b"!" * 100_000
    assert agreed == ["h2"] * 3
    assert backend.last.get(":scheme") == "https"
    assert len(backend.connections) == 1


# --- another implementation ---

def test_nghttpd(lab):
    folder = lab.folder("www")
    (folder / "small").write_bytes(b"hello")
    (folder / "big").write_bytes(os.urandom(2_000_000))
    port = lab.new_port()
    server = subprocess.Popen(["nghttpd", "--no-tls", "-d", folder, str(port)],
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        lab.rpcd(f"""upstream b {{ server 127.0.0.1:{port}; keepalive 8; }}
            server {{ listen {lab.port}; proxy_http_version 2; client_max_body_size 0;
            location / {{ proxy_next_upstream_tries 0; proxy_pass http://b; }} }}""")
        with lab.client() as client:
            wait_until(lambda: client.ask("/small").status == 200, "nghttpd")
        failures = []

        def ask():
            try:
                with lab.client() as client:
                    for _ in range(20):
                        assert client.ask("/small").body == b"hello"
                        assert client.ask("/big").body == (folder / "big").read_bytes()
                        assert client.ask("/small", method="POST", body=b"x" * 200_000).status == 200
            except BaseException as error:
                failures.append(error)
        threads = [threading.Thread(target=ask) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert failures == []
    finally:
        server.terminate()
        server.wait()
