"""Files sent to clients: what a comparison of answers does not see. Protocols, slow and leaving clients, files
that change meanwhile, symbolic links that are exchanged, rights, logs, system calls."""

import os
import socket
import subprocess
import threading

import pytest

from lab import Client, Incomplete, SecureClient, wait_until
from lab.certificates import Authority
from lab.daemon import SANITIZED
from lab.http2_client import INITIAL_WINDOW_SIZE, Http2Client
from test_load import needs_strace, syscalls

SIZE = 3_000_000

HTTP = """
types_hash_max_size 2048;
ssl_certificate {certificate};
ssl_certificate_key {key};
default_type application/x-made;
root {root};
http2 on;
server {
    listen {host}:{port};
    listen {host}:{tls} ssl;
    location / { }
    location /sent/ { alias {root}/; sendfile on; sendfile_max_chunk 100k; }
    location /all/ { alias {root}/; sendfile on; sendfile_max_chunk 0; }
    location /tried/ { alias {root}/; try_files $uri @fallback; }
    location @fallback { return 200 "fell back"; }
    location /quiet/ { alias {root}/; log_not_found off; }
    location /cached/ { alias {root}/; open_file_cache max=100; open_file_cache_errors on; }
    location /no-links/ { alias {root}/; disable_symlinks on; }
    location /own-links/ { alias {root}/; disable_symlinks if_not_owner; }
    location /short/ { alias {root}/; keepalive_timeout 0; }
    keepalive_requests 100000;
    location /slow/ { alias {root}/; send_timeout 1s; sendfile on; }
}
"""
NEEDS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="takes root's rights")


@pytest.fixture
def content():
    return os.urandom(SIZE)


@pytest.fixture
def root(lab, content):
    root = lab.folder("root")
    (root / "big").write_bytes(content)
    (root / "small").write_bytes(b"small file")
    (root / "middle").write_bytes(b"middle" * 5000)
    (root / "folder").mkdir()
    (root / "folder" / "index.html").write_bytes(b"an index")
    return root


@pytest.fixture
def values(lab, root):
    authority = Authority(lab.folder("authority"), "authority")
    issued = authority.issue("site", names=("DNS:site.example",))
    return {"root": root, "certificate": issued.chain, "key": issued.key, "tls": lab.new_port()}


@pytest.fixture
def rpcd(lab, values):
    return lab.rpcd(HTTP, **values)


# --- every protocol ---

@pytest.mark.parametrize("place", ["", "/sent", "/all", "/cached"])
def test_a_large_file_by_http1(lab, rpcd, content, place):
    with lab.client() as client:
        for _ in range(2):
            assert client.ask(f"{place}/big").body == content
        part = client.ask(f"{place}/big", headers=[("Range", "bytes=1000000-2999998")])
        assert part.status == 206 and part.body == content[1000000:2999999]


def test_a_large_file_by_tls(rpcd, values, content):
    with SecureClient(values["tls"]) as client:
        assert client.ask("/sent/big").body == content
        assert client.ask("/big", headers=[("Range", "bytes=-5")]).body == content[-5:]


@pytest.mark.parametrize("window", [65535, 1000, 1 << 20])
def test_large_files_by_http2(lab, rpcd, content, window):
    with Http2Client(lab.port, [(INITIAL_WINDOW_SIZE, window)]) as client:
        client.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # windows are opened in small packets
        streams = [client.request(path) for path in ("/big", "/sent/big", "/small", "/folder/")]
        answers = [client.response(stream) for stream in streams]
        assert bytes(answers[0].body) == bytes(answers[1].body) == content
        assert bytes(answers[2].body) == b"small file" and bytes(answers[3].body) == b"an index"
        assert answers[0].get("content-length") == str(SIZE) and answers[0].get("accept-ranges") == "bytes"
        head = client.ask("/big", method="HEAD")
        assert head.status == 200 and head.get("content-length") == str(SIZE) and not head.body
        unchanged = client.ask("/big", headers=[("if-none-match", answers[0].get("etag"))])
        assert unchanged.status == 304 and unchanged.get("etag") == answers[0].get("etag")


def test_several_ranges(lab, rpcd, content):
    with lab.client() as client:
        several = client.ask("/sent/big", headers=[("Range", "bytes=0-99999, 500000-1499999, -7")])
        boundary = several.get("Content-Type").removeprefix("multipart/byteranges; boundary=")
        pieces = several.body.split(f"\r\n--{boundary}".encode())
        assert pieces[0] == b"" and pieces[4] == b"--\r\n"
        expected = [content[:100000], content[500000:1500000], content[-7:]]
        assert [piece.split(b"\r\n\r\n", 1)[1] for piece in pieces[1:4]] == expected
        assert f"Content-Range: bytes 500000-1499999/{SIZE}".encode() in pieces[2][:200]
        assert boundary != client.ask("/big", headers=[("Range", "bytes=0-0,2-2")]).get("Content-Type")[-20:]


def test_http_1_0(lab, rpcd, content):
    with lab.client() as client:
        answer = client.ask("/sent/big", version="HTTP/1.0")
        assert answer.get("Content-Length") == str(SIZE) and answer.body == content


def test_pipelined_requests(lab, rpcd, content):
    request = b"GET /sent/%s HTTP/1.1\r\nHost: a\r\n\r\n"
    with lab.client() as client:
        client.send(b"".join(request % name for name in (b"small", b"big", b"none", b"big", b"small")))
        bodies = [client.response().body for _ in range(5)]
        assert bodies[0] == bodies[4] == b"small file" and bodies[1] == bodies[3] == content


def test_a_body_is_dropped(lab, rpcd):
    with lab.client() as client:
        for framing in ([], [("Transfer-Encoding", "chunked")]):
            body = b"b" * 100_000 if not framing else b"5\r\nhello\r\n0\r\n\r\n"
            assert client.ask("/small", headers=framing, body=body).body == b"small file"
        assert client.ask("/small", method="POST", body=b"x").status == 405
        assert client.ask("/small").body == b"small file"


# --- clients that are slow, or leave ---

def test_a_slow_client_gets_all_of_it(lab, rpcd, content):
    for place in ("/big", "/sent/big"):
        with lab.client(receive_buffer=4096) as client, lab.client() as other:
            client.send(f"GET {place} HTTP/1.1\r\nHost: a\r\n\r\n")
            assert other.ask("/small").body == b"small file"
            assert client.response().body == content


def test_a_client_that_reads_nothing_is_given_up(lab, rpcd):
    with lab.client(receive_buffer=4096) as client:
        client.send("GET /slow/big HTTP/1.1\r\nHost: a\r\n\r\n")
        rpcd.wait_for_text("client timed out")
        with pytest.raises((Incomplete, ConnectionResetError)):
            client.response()


def test_clients_that_leave(lab, rpcd):
    (worker,) = rpcd.workers()

    def descriptors():
        return {os.readlink(f"/proc/{worker}/fd/{entry}") for entry in os.listdir(f"/proc/{worker}/fd")
                if os.path.lexists(f"/proc/{worker}/fd/{entry}")}
    for place in ("/big", "/sent/big"):
        client = lab.client(receive_buffer=4096)
        client.send(f"GET {place} HTTP/1.1\r\nHost: a\r\n\r\n")
        client.read_exactly(100)
        client.close()
    wait_until(lambda: not any(name.endswith("/big") for name in descriptors()), "the end of both")
    assert lab.client().ask("/small").body == b"small file"


# --- files that change ---

@pytest.mark.parametrize("place", ["/big", "/sent/big"])
def test_a_file_that_becomes_shorter_breaks_the_response(lab, rpcd, root, place):
    rpcd.expects_alerts = True
    with lab.client(receive_buffer=4096) as client:
        client.send(f"GET {place} HTTP/1.1\r\nHost: a\r\n\r\n")
        head = client.read_until(b"\r\n\r\n")
        assert f"Content-Length: {SIZE}".encode() in head
        os.truncate(root / "big", 1000)
        with pytest.raises((Incomplete, ConnectionResetError)):
            client.read_exactly(SIZE)
    rpcd.wait_for_text("was truncated at")
    assert lab.client().ask("/big").get("Content-Length") == "1000"


def test_http2_resets_a_stream_whose_file_becomes_shorter(lab, rpcd, root):
    rpcd.expects_alerts = True
    with Http2Client(lab.port, opens_windows=False) as client:
        stream = client.request("/big")
        while sum(client.streams[stream].frames if stream in client.streams else []) < 65535:
            client.read_frame()
        os.truncate(root / "big", 1000)
        client.open_window(stream, 1 << 20)
        client.open_window(0, 1 << 20)
        assert client.response(stream).reset is not None
        assert client.ask("/small").status == 200


def test_a_file_that_is_replaced_meanwhile_is_sent_as_it_was(lab, rpcd, root, content):
    with lab.client(receive_buffer=4096) as client:
        client.send("GET /sent/big HTTP/1.1\r\nHost: a\r\n\r\n")
        client.read_until(b"\r\n\r\n")
        (root / "new").write_bytes(b"new")
        os.rename(root / "new", root / "big")
        assert client.read_exactly(SIZE) == content
    assert lab.client().ask("/sent/big").body == b"new"


def test_the_cache_believes_what_it_knows_until_a_reload(lab, rpcd, root, values):
    with lab.client() as client:
        assert client.ask("/cached/small").body == b"small file"
        assert client.ask("/cached/none").status == 404
        (root / "new").write_bytes(b"replaced")
        os.rename(root / "new", root / "small")
        (root / "none").write_bytes(b"now there is one")
        assert client.ask("/cached/small").body == b"small file"
        assert client.ask("/cached/none").status == 404
        assert client.ask("/small").body == b"replaced"
        lab.reload(rpcd, HTTP, **values)
        assert client.ask("/cached/small").body == b"replaced"
        assert client.ask("/cached/none").body == b"now there is one"


# --- rights and links ---

@NEEDS_ROOT
@pytest.mark.skipif(SANITIZED, reason="workers under sanitizers are root's")
def test_what_may_not_be_read_is_forbidden(lab, rpcd, root):
    (root / "secret").write_bytes(b"secret")
    (root / "secret").chmod(0o600)
    (root / "closed").mkdir(mode=0o700)
    (root / "closed" / "index.html").write_bytes(b"x")
    with lab.client() as client:
        assert [client.ask(path).status for path in ("/secret", "/closed/", "/closed/index.html", "/cached/secret")] == [403] * 4
    rpcd.wait_for_text(f'open() "{root}/secret" failed (13: Permission denied)')
    rpcd.wait_for_text(f'"{root}/closed/index.html" is forbidden (13: Permission denied)')
    rpcd.expects_alerts = True
    assert lab.client().ask("/tried/closed/index.html").body == b"fell back"
    rpcd.wait_for_text('[crit] ')
    rpcd.wait_for_text(f'stat() "{root}/closed/index.html" failed (13: Permission denied)')


def exchange_until(stop, path, make_one, make_other):
    """Puts one and the other in the path's place, each in one step."""
    while not stop.is_set():
        for make in (make_one, make_other):
            new = path.with_name("exchanged")
            make(new)
            os.rename(new, path)


@pytest.mark.parametrize("place", [pytest.param("/own-links", marks=NEEDS_ROOT), "/no-links"])
def test_no_exchange_of_links_leads_out(lab, rpcd, root, place):
    """A file and a link take turns in one place, and a folder and a link in another, while both are asked for."""
    outside = lab.folder("outside")
    (outside / "file").write_bytes(b"SECRET")
    if os.geteuid() == 0:
        os.chown(outside / "file", 12345, 12345)
        os.chown(outside, 12345, 12345)
    (root / "inside").mkdir()
    (root / "inside" / "file").write_bytes(b"public")
    (root / "links").mkdir()
    stop = threading.Event()
    threads = [
        threading.Thread(target=exchange_until, args=(
            stop, root / "changing", lambda new: new.write_bytes(b"public"), lambda new: new.symlink_to(outside / "file"))),
        threading.Thread(target=exchange_until, args=(
            stop, root / "links" / "folder", lambda new: new.symlink_to(outside), lambda new: new.symlink_to(root / "inside")))]
    for thread in threads:
        thread.start()
    try:
        wait_until(lambda: (root / "changing").exists() and (root / "links" / "folder").is_symlink(), "the first exchange")
        bodies, statuses = set(), set()
        with lab.client() as client:
            for _ in range(1500):
                for path in ("/changing", "/links/folder/file"):
                    answer = client.ask(place + path)
                    statuses.add(answer.status)
                    bodies.add(answer.body if answer.status == 200 else b"")
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert bodies <= {b"public", b""} and b"public" in bodies
    assert 403 in statuses and statuses <= {200, 403, 404}


# --- logs ---

def test_lines_of_the_error_log(lab, rpcd, root):
    os.mkfifo(root / "fifo")
    rpcd.expects_alerts = True
    with lab.client() as client:
        for path in ("/quiet/none", "/none", "/small/x", "/" + "x" * 300, "/fifo", "/folder/none/", "/"):
            client.ask(path)
    for line in (f'open() "{root}/none" failed (2: No such file or directory), client: 127.0.0.1, ',
                 f'open() "{root}/small/x" failed (20: Not a directory)', "failed (36: File name too long)",
                 '[crit] ', f'"{root}/fifo" is not a regular file', f'"{root}/folder/none/index.html" is not found (2: No such file',
                 f'directory index of "{root}/" is forbidden'):
        rpcd.wait_for_text(line)
    assert "quiet" not in rpcd.text("error.log").replace("/quiet/none HTTP", "")


# --- what it costs ---

@needs_strace
@pytest.mark.skipif(SANITIZED, reason="sanitizers make calls of their own")
@pytest.mark.parametrize("place, calls", [
    ("/small", {"openat": 1, "fstat": 1, "pread64": 1, "close": 1}),
    ("/sent/small", {"openat": 1, "fstat": 1, "pread64": 1, "close": 1}),
    ("/sent/middle", {"openat": 1, "fstat": 1, "sendfile": 1, "close": 1}),
    ("/cached/small", {"pread64": 1}),
])
def test_system_calls_of_a_small_file(lab, rpcd, place, calls):
    requests = 200
    (worker,) = rpcd.workers()
    with lab.client() as client:
        client.ask(place)
        client.ask(place)

        def ask_all():
            for _ in range(requests):
                assert client.ask(place).status == 200
        try:
            counted, _ = syscalls(worker, ask_all)
        except AssertionError:
            pytest.skip("strace may not attach here")
    per_request = {name: round(count / requests) for name, count in counted.items() if round(count / requests) > 0}
    transport = {name: per_request.pop(name) for name in list(per_request) if name in ("epoll_wait", "poll", "recvfrom", "sendto", "sendmsg")}
    names = {"newfstatat": "fstat"}
    assert {names.get(name, name): count for name, count in per_request.items()} == calls
    assert transport.get("recvfrom") in (1, 2) and transport.get("sendto", 0) + transport.get("sendmsg", 0) == 1


def test_a_small_file_comes_in_one_packet(lab, rpcd):
    """The head is not sent before the file."""
    with lab.client() as client:
        for place in ("/small", "/sent/small"):
            client.send(f"GET {place} HTTP/1.1\r\nHost: a\r\n\r\n")
            data = client.socket.recv(65536)
            assert data.endswith(b"small file")


def test_curl_goes_on_where_it_stopped(lab, rpcd, content):
    target = lab.folder("download") / "big"
    target.write_bytes(content[:1234567])
    result = subprocess.run(["curl", "-s", "-C", "-", "-o", target, f"http://127.0.0.1:{lab.port}/sent/big"], timeout=60)
    assert result.returncode == 0 and target.read_bytes() == content
