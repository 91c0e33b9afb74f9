"""Bodies on their way through gzip and gunzip: whole, in time, bounded, over every protocol."""

import gzip
import random
import threading
import zlib

import pytest

from lab.backend import answer, replying
from lab.certificates import Authority, certificate_folder
from lab.daemon import SANITIZED
from lab.http import Incomplete, SecureClient, chunked, request_bytes
from lab.http2_client import Http2Client, memory

HTTP = """
gzip on; gzip_types text/plain application/json;
server {
    listen {port};
    location / { proxy_pass http://127.0.0.1:{backend}; }
    location /unbuffered/ { proxy_buffering off; proxy_pass http://127.0.0.1:{backend}; }
    location /late/ { postpone_gzipping 8k; proxy_pass http://127.0.0.1:{backend}; }
    location /at-once/ { gzip_no_buffer on; gzip_buffers 4 1k; proxy_pass http://127.0.0.1:{backend}; }
    location /trailers/ { proxy_pass_trailers on; proxy_pass http://127.0.0.1:{backend}; }
    location /opened/ { gunzip on; proxy_pass http://127.0.0.1:{backend}; }
    location /opened/unbuffered/ { gunzip on; proxy_buffering off; proxy_pass http://127.0.0.1:{backend}; }
}
"""

ACCEPT = [("Accept-Encoding", "gzip")]
TYPE = [("Content-Type", "text/plain")]


def text(size, seed=1):
    source = random.Random(seed)
    words = [bytes(source.choices(b"abcdefghij", k=source.randint(2, 9))) for _ in range(500)]
    return b" ".join(source.choices(words, k=size // 4))[:size]


def noise(size):
    return random.Random(size).randbytes(size)


def serve(lab, reply, http=HTTP, **options):
    return lab.rpcd(http, backend=lab.backend(reply), **options)


@pytest.mark.parametrize("target", ["/", "/unbuffered/", "/late/", "/at-once/"])
@pytest.mark.parametrize("size", [0, 20, 8191, 8192, 8193, 100_000, 3_000_000])
@pytest.mark.parametrize("coding", ["length", "chunked", "close"])
def test_bodies_are_whole(lab, target, size, coding):
    body = text(size // 2) + noise(size - size // 2)

    def handler(connection):
        while connection.request():
            head = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"
            if coding == "length":
                connection.send(head + b"Content-Length: %d\r\n\r\n" % size + body)
            elif coding == "chunked":
                pieces = [body[at:at + 3333] for at in range(0, size, 3333)]
                connection.send(head + b"Transfer-Encoding: chunked\r\n\r\n" + chunked(*pieces))
            else:
                connection.send(head + b"Connection: close\r\n\r\n" + body)
                return

    serve(lab, handler)
    with lab.client() as client:
        for version in ("HTTP/1.1", "HTTP/1.1"):
            response = client.ask(target, headers=ACCEPT, version=version)
            is_small = coding == "length" and size < 20
            assert response.get("Content-Encoding") == (None if is_small else "gzip")
            assert (response.body if is_small else gzip.decompress(response.body)) == body


def test_bodies_of_http_1_0_end_with_the_connection(lab):
    body = text(200_000)
    serve(lab, answer(body, headers=TYPE), HTTP.replace("gzip on;", "gzip on; gzip_http_version 1.0;"))
    with lab.client() as client:
        response = client.ask(headers=ACCEPT, version="HTTP/1.0")
        assert response.framing == "close"
        assert gzip.decompress(response.body) == body


@pytest.mark.parametrize("target", ["/", "/unbuffered/"])
def test_a_slow_client_gets_all_of_it(lab, target):
    body = noise(4_000_000)
    serve(lab, answer(body, headers=TYPE))
    with lab.client(receive_buffer=4096) as client:
        client.send(request_bytes(target, headers=ACCEPT))
        assert client.read_until(b"\r\n\r\n")
        packed = b""
        while size := int(client.read_until(b"\r\n"), 16):
            packed += client.read_exactly(size + 2)[:-2]
        assert gzip.decompress(packed) == body


def test_over_tls(lab):
    body = text(1_000_000)
    with certificate_folder() as folder:
        certificate = Authority(folder, "authority").issue("site", ["DNS:site.test"])
        http = HTTP.replace("listen {port};", "listen {port} ssl; ssl_certificate {pem}; ssl_certificate_key {key};")
        serve(lab, answer(body, headers=TYPE), http, pem=certificate.pem, key=certificate.key)
    with SecureClient(lab.port, "site.test") as client:
        assert gzip.decompress(client.ask(headers=ACCEPT).body) == body


def test_over_http2(lab):
    body = text(1_000_000)
    serve(lab, answer(body, headers=TYPE), HTTP.replace("listen {port};", "listen {port}; http2 on;"))
    with Http2Client(lab.port) as client:
        streams = [client.request(headers=[("accept-encoding", "gzip")]) for _ in range(3)]
        for stream in streams:
            assert gzip.decompress(bytes(client.response(stream).body)) == body


def test_what_is_not_buffered_comes_at_once(lab):
    """As in nginx, each event of a response with proxy_buffering off is flushed."""
    go_on = threading.Semaphore(0)

    def handler(connection):
        connection.request()
        connection.send(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n")
        for number in range(5):
            connection.send(b"8\r\nevent %d\n\r\n" % number)
            go_on.acquire(timeout=10)
        connection.send(b"0\r\n\r\n")

    serve(lab, handler)
    opened = zlib.decompressobj(31)
    with lab.client() as client:
        client.send(request_bytes("/unbuffered/", headers=ACCEPT))
        client.read_until(b"\r\n\r\n")
        for number in range(5):
            seen = b""
            while seen != b"event %d\n" % number:
                size = int(client.read_until(b"\r\n"), 16)
                seen += opened.decompress(client.read_exactly(size + 2)[:-2])
            go_on.release()
        while size := int(client.read_until(b"\r\n"), 16):
            assert opened.decompress(client.read_exactly(size + 2)[:-2]) == b""
        assert opened.eof


def test_a_head_is_not_kept_back(lab):
    """Also of a response that is buffered, as its body may take long."""
    go_on = threading.Event()

    def handler(connection):
        connection.request()
        connection.send(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n")
        go_on.wait(10)
        connection.send(chunked(b"late"))

    serve(lab, handler)
    with lab.client() as client:
        client.send(request_bytes(headers=ACCEPT))
        head = client.read_until(b"\r\n\r\n")
        go_on.set()
        assert b"Content-Encoding: gzip" in head
        packed = b""
        while size := int(client.read_until(b"\r\n"), 16):
            packed += client.read_exactly(size + 2)[:-2]
        assert gzip.decompress(packed) == b"late"


def test_trailers_follow_what_was_compressed(lab):
    reply = (b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n"
             + chunked(b"text " * 100)[:-2] + b"X-Sum: 12\r\n\r\n")
    serve(lab, replying(lambda _request: reply))
    with lab.client() as client:
        client.send(request_bytes("/trailers/", headers=ACCEPT + [("TE", "trailers")]))
        client.read_until(b"\r\n\r\n")
        packed = b""
        while size := int(client.read_until(b"\r\n"), 16):
            packed += client.read_exactly(size + 2)[:-2]
        assert gzip.decompress(packed) == b"text " * 100
        assert client.read_until(b"\r\n\r\n") == b"X-Sum: 12\r\n\r\n"


def test_a_backend_that_breaks_off_is_no_end(lab):
    def handler(connection):
        connection.request()
        connection.send(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 9000\r\n\r\n" + b"x" * 5000)

    serve(lab, handler)
    with lab.client() as client:
        client.send(request_bytes(headers=ACCEPT))
        with pytest.raises((Incomplete, ConnectionResetError)):
            client.response()


def test_clients_that_go_leave_nothing(lab):
    body = noise(2_000_000)
    daemon = serve(lab, answer(body, headers=TYPE))
    for _ in range(20):
        with lab.client(receive_buffer=4096) as client:
            client.send(request_bytes(headers=ACCEPT))
            client.read_until(b"\r\n\r\n")
    before = memory(daemon)
    for _ in range(60):
        with lab.client(receive_buffer=4096) as client:
            client.send(request_bytes(headers=ACCEPT))
            client.read_until(b"\r\n\r\n")
    with lab.client() as client:
        assert gzip.decompress(client.ask(headers=ACCEPT).body) == body
    assert SANITIZED or memory(daemon) < before + 4_000_000  # AddressSanitizer keeps what was freed


# --- $gzip_ratio ---

def test_the_ratio_is_told_by_hundredths(lab):
    daemon = lab.rpcd("""log_format ratio "ratio=$gzip_ratio"; access_log access.log ratio;
        gzip on; gzip_types text/plain; server { listen {port}; location / { proxy_pass http://127.0.0.1:{backend}; }
        location /off/ { gzip off; return 200 "off"; } }""", backend=lab.backend(answer(bytes(100_000), headers=TYPE)))
    with lab.client() as client:
        packed = client.ask(headers=ACCEPT).body
        client.ask("/off/", headers=ACCEPT)
    thousandths = 100_000 * 1000 // len(packed)
    hundredths = thousandths // 10 + (thousandths % 10 > 4)
    daemon.wait_for_line(2)
    assert daemon.lines() == [f"ratio={hundredths // 100}.{hundredths % 100:02}", "ratio=-"]


# --- gunzip ---

def gzipped(data, **options):
    return answer(data, headers=TYPE + [("Content-Encoding", "gzip")], **options)


@pytest.mark.parametrize("target", ["/opened/", "/opened/unbuffered/"])
@pytest.mark.parametrize("size", [0, 1, 5000, 2_000_000])
def test_what_is_opened_is_whole(lab, target, size):
    body = text(size)
    serve(lab, gzipped(gzip.compress(body)))
    with lab.client() as client:
        for _ in range(2):
            response = client.ask(target)
            assert response.get("Content-Encoding") is None
            assert response.framing == "chunked"
            assert response.body == body


def test_several_members_are_opened(lab):
    serve(lab, gzipped(gzip.compress(b"one ") + gzip.compress(b"two")))
    with lab.client() as client:
        assert client.ask("/opened/").body == b"one two"


BROKEN = {
    "plain": b"this is not gzip at all",
    "short": gzip.compress(text(50_000))[:-9],
    "no sum": gzip.compress(text(50_000))[:-1],
    "wrong sum": gzip.compress(text(500))[:-8] + bytes(8),
    "more": gzip.compress(text(500)) + b"more",
    "head": gzip.compress(b"")[:5],
}


@pytest.mark.parametrize("name", BROKEN)
def test_what_is_no_gzip_never_looks_whole(lab, name):
    daemon = serve(lab, gzipped(BROKEN[name]))
    for _ in range(2):
        with lab.client() as client:
            client.send(request_bytes("/opened/"))
            with pytest.raises((Incomplete, ConnectionResetError)):
                client.response()
    daemon.wait_for_text("could not be decompressed")
    with lab.client() as client:
        assert client.ask("/").body == BROKEN[name]


def test_an_empty_body_is_no_mistake(lab):
    serve(lab, gzipped(b""))
    with lab.client() as client:
        assert client.ask("/opened/").body == b""


def test_a_bomb_is_opened_as_fast_as_it_is_taken(lab):
    """A hundred thousand bytes that stand for a hundred million."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    bomb = b"".join(packer.compress(bytes(1_000_000)) for _ in range(100)) + packer.flush()
    daemon = serve(lab, gzipped(bomb))
    with lab.client() as client:
        assert client.ask("/").body == bomb
    before = memory(daemon)
    with lab.client(receive_buffer=4096) as slow, lab.client() as other:
        slow.send(request_bytes("/opened/"))
        slow.read_until(b"\r\n\r\n")
        assert other.ask("/").body == bomb  # others are served
        assert SANITIZED or memory(daemon) < before + 8_000_000
    with lab.client() as client:
        client.send(request_bytes("/opened/"))
        client.read_until(b"\r\n\r\n")
        total = 0
        while size := int(client.read_until(b"\r\n"), 16):
            client.read_exactly(size + 2)
            total += size
    assert total == 100_000_000
