"""What clients of HTTP/2 can do to a server with a few bytes: each is answered by a bound on memory,
an end of the stream or the connection with the right code, and a line in the error log, without any
setting of the configuration's."""

import os
import struct

import pytest

from lab import answer, wait_until
from lab.http import Incomplete
from lab.http2_client import (CANCEL, COMPRESSION_ERROR, CONTINUATION, DATA, END_HEADERS, END_STREAM,
                       ENHANCE_YOUR_CALM, FLOW_CONTROL_ERROR, FRAME_SIZE_ERROR, HEADERS,
                       INITIAL_WINDOW_SIZE, INTERNAL_ERROR, PING, PREFACE, PRIORITY, PROTOCOL_ERROR,
                       RST_STREAM, SETTINGS, WINDOW_UPDATE, Http2Client, frame, memory)

SITE = """
http2 on;
access_log {folder}/access.log;
server {
    listen {port};
    location / { proxy_pass http://127.0.0.1:{backend}; }
    location /here { return 200 here; }
    location /stream/ { proxy_request_buffering off; proxy_buffering off; proxy_pass http://127.0.0.1:{backend}; }
}
"""


@pytest.fixture
def site(lab):
    """With a backend that answers at once."""
    site_of = lab.backend(answer(b"x" * 1000))
    daemon = lab.rpcd(SITE, backend=site_of)
    daemon.backend = site_of
    return daemon


def flood(client, data, times):
    """Sends on until the other side closes; returns the code of its goodbye."""
    try:
        for _ in range(times):
            client.send(data)
    except OSError:
        pass
    client.socket.settimeout(10)
    return client.read_goodbye()


def cpu_time(daemon):
    ticks = os.sysconf("SC_CLK_TCK")
    return sum(sum(map(int, open(f"/proc/{worker}/stat").read().rpartition(")")[2].split()[11:13]))
               for worker in daemon.workers()) / ticks


def still_serves(lab):
    with Http2Client(lab.port) as client:
        return client.ask("/here").body == b"here"


def test_rapid_reset(lab, site):
    """Streams that are reset in the bytes that open them reach no backend; their number is limited."""
    with Http2Client(lab.port) as client:
        client.ping()
        data = b""
        for _ in range(2000):
            stream = client.next_stream
            client.next_stream += 2
            data += client.head_frames(client.fields("/"), stream)
            data += frame(RST_STREAM, 0, stream, struct.pack(">I", CANCEL))
        before = memory(site)
        assert flood(client, data, 1) == ENHANCE_YOUR_CALM
        assert memory(site) - before < 3_000_000
    site.wait_for_text("client resets streams too often")
    assert len(site.backend.requests) < 300
    assert still_serves(lab)


def test_resets_that_we_are_made_to_send(lab):
    """CVE-2025-8671: a window that overflows makes us reset a stream whose request has begun."""
    backend = lab.backend(lambda connection: connection.request() and connection.is_closed())
    daemon = lab.rpcd("keepalive_requests 100000;" + SITE, backend=backend)
    with Http2Client(lab.port) as client:
        client.ping()
        with pytest.raises((Incomplete, OSError)):
            for number in range(2000):
                client.open_window(client.request("/"), 2**31 - 1)
                if number % 50 == 49:
                    client.ping()
        assert client.goaways[-1][1] == ENHANCE_YOUR_CALM
    daemon.wait_for_text("client resets streams too often")
    assert still_serves(lab)


def test_resets_now_and_then_are_fine(lab, site):
    with Http2Client(lab.port) as client:
        for _ in range(200):
            client.reset_stream(client.request("/"))
        assert client.ask("/here").body == b"here"
        assert client.goaways == []


def test_continuation_flood(lab, site):
    with Http2Client(lab.port) as client:
        client.ping()
        before = memory(site)
        client.send(frame(HEADERS, END_STREAM, 1, client.encoder.encode(client.fields("/"))))
        block = client.encoder.encode([("x-a", "b" * 1000)] * 10)
        code = flood(client, frame(CONTINUATION, 0, 1, block) * 10, 1000)
        assert code in (ENHANCE_YOUR_CALM, INTERNAL_ERROR, PROTOCOL_ERROR)
        assert memory(site) - before < 1_000_000
    assert still_serves(lab)


def test_empty_continuations(lab, site):
    with Http2Client(lab.port) as client:
        client.ping()
        client.send(frame(HEADERS, END_STREAM, 1, client.encoder.encode(client.fields("/"))))
        assert flood(client, frame(CONTINUATION, 0, 1) * 1000, 100) is not None
    assert still_serves(lab)


@pytest.mark.parametrize("data, name", [
    (frame(SETTINGS) * 1000, "settings"), (frame(PING, 0, 0, b"12345678") * 1000, "pings"),
    (frame(PRIORITY, 0, 3, b"\0\0\0\0\1") * 1000, "priorities"),
    (frame(WINDOW_UPDATE, 0, 0, struct.pack(">I", 1)) * 1000, "windows")])
def test_frame_floods(lab, site, data, name):
    """Frames that are neither fields nor bodies end a connection when there are too many of them, or
    when their answers are not read."""
    with Http2Client(lab.port) as client:
        client.ping()
        before = memory(site)
        assert flood(client, data, 5000) in (ENHANCE_YOUR_CALM, None)
        assert memory(site) - before < 2_000_000
    site.wait_for_text("client floods the connection with frames")
    assert still_serves(lab)


def test_opening_windows_for_what_was_sent_is_no_flood(lab):
    """Many updates of windows are fine as long as bodies go the other way."""
    body = b"x" * 20_000_000
    lab.rpcd(SITE, backend=lab.backend(answer(body)))
    with Http2Client(lab.port, opens_windows=False) as client:
        client.open_window(0, 2**30)
        stream = client.request("/")
        client.open_window(stream, len(body))
        assert client.response(stream).body == body
        for _ in range(700):
            client.send(frame(WINDOW_UPDATE, 0, 0, struct.pack(">I", 1)) * 1000)
        assert client.ask("/here").body == b"here"


def test_empty_data_flood(lab, site):
    with Http2Client(lab.port) as client:
        stream = client.request("/stream/", method="POST", end=False)
        assert flood(client, frame(DATA, 0, stream) * 1000, 5000) in (ENHANCE_YOUR_CALM, None)
    assert still_serves(lab)


def test_hpack_bomb(lab, site):
    """A field of 4000 bytes in the dynamic table, named again by a byte each."""
    with Http2Client(lab.port) as client:
        client.ping()
        before, used = memory(site), cpu_time(site)
        client.encoder.encode([("x-bomb", "b" * 3900)])
        start = client.encoder.encode(client.fields("/") + [("x-bomb", "c" * 3900)])
        block = start + b"\xbe" * (16000 - len(start))
        client.send(frame(HEADERS, END_STREAM, 1, block) + frame(CONTINUATION, END_HEADERS, 1, b"\xbe" * 16000))
        assert client.read_goodbye() in (ENHANCE_YOUR_CALM, COMPRESSION_ERROR)
        assert memory(site) - before < 1_000_000
        assert cpu_time(site) - used < 1.0
    assert still_serves(lab)


def test_hpack_bomb_in_trailers(lab, site):
    """What goes nowhere is no use, however large it is."""
    with Http2Client(lab.port) as client:
        client.ping()
        stream = client.request("/", method="POST", headers=[("x-bomb", "c" * 3900)], body=b"x", end=False)
        client.send(frame(HEADERS, END_STREAM | END_HEADERS, stream, b"\xbe" * 16000))
        assert client.read_goodbye() == ENHANCE_YOUR_CALM
    site.wait_for_text("client sent a much too large request header")
    assert still_serves(lab)


def test_large_heads_are_refused_one_by_one(lab, site):
    with Http2Client(lab.port) as client:
        assert client.ask("/here", headers=[("x-a", "b" * 9000)]).status == 400
        assert client.ask("/here", headers=[("x-a", "b" * 7000)]).status == 200
        many = [(f"x-{i}", "b" * 1000) for i in range(40)]
        assert client.ask("/here", headers=many).status == 400
        few = [(f"x-{i}", "") for i in range(1100)]
        assert client.ask("/here", headers=few).status == 400
        assert client.ask("/here").body == b"here"


def test_zero_window_stalls(lab):
    """A client that never opens a window is given up after send_timeout, the rest of its streams too."""
    daemon = lab.rpcd(SITE + "send_timeout 500ms;", backend=lab.backend(answer(b"x" * 500_000)))
    with Http2Client(lab.port, settings=[(INITIAL_WINDOW_SIZE, 0)], opens_windows=False) as client:
        client.ping()
        before = memory(daemon)
        streams = [client.request("/stream/") for _ in range(100)]
        for stream in streams:
            response = client.response(stream)
            assert (response.status, response.body, response.reset) == (200, b"", INTERNAL_ERROR)
        assert memory(daemon) - before < 20_000_000
        assert client.ask("/here", method="HEAD").status == 200
    daemon.wait_for_text("client timed out while the response was sent to it")


def test_tiny_windows(lab, site):
    with Http2Client(lab.port, settings=[(INITIAL_WINDOW_SIZE, 1)], opens_windows=False) as client:
        client.ping()
        streams = [client.request("/") for _ in range(50)]
        for _ in range(999):
            client.send(b"".join(frame(WINDOW_UPDATE, 0, s, struct.pack(">I", 1)) for s in streams))
        for stream in streams:
            assert client.response(stream).body == b"x" * 1000
    assert still_serves(lab)


def test_client_that_reads_nothing(lab):
    """Its connection is closed after send_timeout."""
    daemon = lab.rpcd(SITE + "send_timeout 500ms;", backend=lab.backend(answer(b"x" * 5_000_000)))
    with Http2Client(lab.port, settings=[(INITIAL_WINDOW_SIZE, 2**31 - 1)], receive_buffer=4096) as client:
        client.open_window(0, 2**30)
        for _ in range(10):
            client.request("/stream/")
        daemon.wait_for_text("client timed out while responses were sent to it")
    assert still_serves(lab)


def test_slow_heads(lab):
    daemon = lab.rpcd(SITE + "client_header_timeout 500ms;", backend=lab.backend(b""))
    with Http2Client(lab.port) as client:
        client.ping()
        client.send(frame(HEADERS, END_STREAM, 1, client.encoder.encode(client.fields("/"))))
        for _ in range(4):
            client.read_for(0.2)
            client.send(frame(CONTINUATION, 0, 1, client.encoder.encode([("a", "b")])))
        assert client.read_goodbye() == PROTOCOL_ERROR
    daemon.wait_for_text("client timed out while sending its request")


def test_slow_bodies(lab):
    daemon = lab.rpcd(SITE + "client_body_timeout 500ms;", backend=lab.backend(answer()))
    with Http2Client(lab.port) as client:
        response = client.response(client.request("/", method="POST", end=False))
        assert (response.heads, response.reset) == ([], INTERNAL_ERROR)
        assert client.ask("/here").body == b"here"
    daemon.wait_for_text("client timed out while sending its request body")


def test_bodies_that_nobody_wants_any_more(lab):
    """What comes once the answer is there is dropped, however far the window was open before."""
    daemon = lab.rpcd("client_max_body_size 1m;" + SITE, backend=1)
    with Http2Client(lab.port) as client:
        client.ping()
        before = memory(daemon)
        stream = client.request("/", method="POST", body=b"x" * 65000, end=False)
        wait_until(lambda: client.read_frame() and client.opened.get(stream, 0) > 15_000_000, "a wide window")
        most = 0
        for number in range(230):
            client.send_data(stream, b"x" * 65000, end=False)
            if number % 20 == 0:
                most = max(most, memory(daemon))
        response = client.response(stream)
        assert response.status == 413
        assert most - before < 3_000_000


@pytest.mark.parametrize("data, code", [
    (frame(DATA, 0, 1, b"x"), PROTOCOL_ERROR), (frame(HEADERS, END_HEADERS, 2, b"\x82"), PROTOCOL_ERROR),
    (frame(WINDOW_UPDATE, 0, 0, struct.pack(">I", 0)), PROTOCOL_ERROR),
    (frame(WINDOW_UPDATE, 0, 0, struct.pack(">I", 2**31 - 1)), FLOW_CONTROL_ERROR),
    (frame(SETTINGS, 0, 0, b"x"), FRAME_SIZE_ERROR), (frame(PING, 0, 0, b"x"), FRAME_SIZE_ERROR),
    (frame(SETTINGS, 0, 0, struct.pack(">HI", INITIAL_WINDOW_SIZE, 2**31)), FLOW_CONTROL_ERROR),
    (frame(HEADERS, END_HEADERS, 1, b"\xff\xff\xff\xff\xff\xff"), COMPRESSION_ERROR),
    (frame(CONTINUATION, END_HEADERS, 1, b""), PROTOCOL_ERROR), (b"\xff" * 100, FRAME_SIZE_ERROR)])
def test_broken_rules_end_the_connection(lab, site, data, code):
    with Http2Client(lab.port) as client:
        client.ping()
        client.send(data)
        assert client.read_goodbye() == code
    site.wait_for_text("client broke the rules of HTTP/2")
    assert still_serves(lab)


def test_not_http2_at_all(lab, site):
    with Http2Client(lab.port, begin=False) as client:
        client.send(PREFACE + b"GET / HTTP/1.1\r\n\r\n")
        assert client.read_goodbye() in (PROTOCOL_ERROR, FRAME_SIZE_ERROR)


# --- requests that are not requests ---

GOOD = [(":method", "GET"), (":scheme", "http"), (":path", "/"), (":authority", "a.example")]


def changed(name, value):
    return [(key, value if key == name else old) for key, old in GOOD]


@pytest.mark.parametrize("fields", [
    GOOD[1:], GOOD[:1] + GOOD[2:], GOOD[:2] + GOOD[3:], GOOD + [(":path", "/b")],
    GOOD + [("x", "y"), (":authority", "b")], GOOD + [("X-Upper", "1")], GOOD + [("connection", "close")],
    GOOD + [("transfer-encoding", "chunked")], GOOD + [("te", "gzip")], GOOD + [("keep-alive", "1")],
    GOOD + [("upgrade", "h2c")], GOOD + [("content-length", "5")], GOOD + [("content-length", "x")],
    GOOD + [("content-length", "0"), ("content-length", "0")],
    GOOD + [("a b", "c")], GOOD + [("a\r\nb", "c")], GOOD + [("a:", "c")], GOOD + [("", "c")],
    GOOD + [("a", "b\r\nc: d")], GOOD + [("a", "b\nc")], GOOD + [("a", "b\0c")], GOOD + [("a", " b")],
    changed(":path", "/ HTTP/1.1\r\nHost: evil\r\n\r\nGET /"), changed(":path", "/a b"),
    changed(":path", "http://b/"), changed(":path", "a"), changed(":path", ""), changed(":path", "/\0"),
    changed(":method", "GET / HTTP/1.1\r\nX:"), changed(":method", "G ET"), changed(":method", ""),
    changed(":authority", "a\r\nX: y"), changed(":authority", "a b"), changed(":authority", "a/b"),
    GOOD + [("host", "b.example")], GOOD[:3], GOOD[:3] + [("host", "a"), ("host", "a")],
    GOOD + [(":protocol", "websocket")], GOOD + [(":unknown", "1")],
    GOOD + [("expect", "else")]])
def test_no_such_request_reaches_a_backend(lab, site, fields):
    with Http2Client(lab.port) as client:
        response = client.response(client.request(fields=fields))
        assert response.reset is not None or response.status in (400, 417), response
        assert client.ask("/here").body == b"here"
    assert site.backend.requests == []


def test_bodies_are_as_long_as_announced(lab, site):
    for size, body in ((5, b"1234"), (5, b"123456")):
        with Http2Client(lab.port) as client:
            stream = client.request("/stream/", method="POST", body=body,
                                    headers=[("content-length", str(size))])
            assert client.response(stream).reset == PROTOCOL_ERROR
            assert client.ask("/here").body == b"here"


def test_bodies_cannot_smuggle_requests(lab, site):
    """Bytes that look like chunks and requests are a body like any other at the backend."""
    body = b"0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n"
    with Http2Client(lab.port) as client:
        for path in ("/", "/stream/"):
            assert client.ask(path, method="POST", body=body).status == 200
    assert [request.body for request in site.backend.requests] == [body, body]


def test_too_many_streams(lab):
    def handler(connection):
        connection.request()
        connection.is_closed()
    lab.rpcd("http2_max_concurrent_streams 5;" + SITE, backend=lab.backend(handler))
    with Http2Client(lab.port) as client:
        client.ping()
        for _ in range(6):
            client.request("/")
        assert client.read_goodbye() == PROTOCOL_ERROR
    assert still_serves(lab)
