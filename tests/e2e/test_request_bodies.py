"""Request bodies on their way to the backend: read whole first or passed on as they come, put aside
in temporary files. Compared with nginx where it can be."""

import os
import pathlib
import random
import signal
import socket
import subprocess
import threading

import pytest

from lab import Client, answer, wait_until
from lab.daemon import RPCD, SANITIZED
from lab.http import chunked, request_bytes

HTTP = """
client_max_body_size 0;
client_body_buffer_size 16k;
client_body_in_single_buffer on;
proxy_http_version 1.1;
proxy_set_header Connection "";
server {
    listen {host}:{port};
    location /on/ { proxy_pass http://127.0.0.1:{backend}; }
    location /off/ { proxy_request_buffering off; proxy_pass http://127.0.0.1:{backend}; }
    location /off-1.0/ { proxy_http_version 1.0; proxy_request_buffering off;
        proxy_pass http://127.0.0.1:{backend}; }
    location /off-kept/ { proxy_pass_request_body off; proxy_set_header Content-Length "";
        proxy_request_buffering off; proxy_pass http://127.0.0.1:{backend}; }
    location /off-made/ { proxy_set_body made; proxy_request_buffering off;
        proxy_pass http://127.0.0.1:{backend}; }
}
"""
PATHS = ["/on/", "/off/", "/off-1.0/", "/off-kept/", "/off-made/"]


@pytest.fixture(scope="module")
def pair(shared_lab):
    backend = shared_lab.backend()
    pair = shared_lab.pair(HTTP, backend=backend)
    pair.backend = backend
    return pair


def body_of(size):
    return random.Random(size).randbytes(size)


def framed(path, body, how):
    """Head and body apart; a chunked body is of several chunks."""
    if how == "length":
        return request_bytes(path, "POST", [("Content-Length", str(len(body)))]), body
    step = max(1, len(body) // 3)
    pieces = [body[i:i + step] for i in range(0, len(body), step)]
    return request_bytes(path, "POST", [("Transfer-Encoding", "chunked")]), chunked(*pieces)


def arrived(request):
    return request.start, request.framing, request.get("Content-Length"), request.body


@pytest.mark.parametrize("size", [0, 1, 500, 15_000, 100_000, 3_000_000])
@pytest.mark.parametrize("how", ["length", "chunked"])
@pytest.mark.parametrize("path", PATHS)
def test_what_the_backend_gets(pair, path, how, size):
    head, body = framed(path, body_of(size), how)

    def send(address):
        seen = len(pair.backend.requests)
        with Client(address) as client:
            client.send(head + body)
            assert client.response().status == 200
        return [arrived(request) for request in pair.backend.requests[seen:]]

    nginx, rpcd = pair.both(send)
    assert nginx == rpcd
    if path in ("/on/", "/off/"):
        assert rpcd[0][3] == body_of(size)


@pytest.mark.parametrize("size", [40, 5000, 100_000])
@pytest.mark.parametrize("how", ["length", "chunked"])
@pytest.mark.parametrize("path", PATHS)
def test_when_the_backend_is_asked(pair, path, how, size):
    """Half of the body is there: a backend hears of it when bodies are passed on, and not before the
    end when they are not."""
    head, body = framed(path, body_of(size), how)
    is_early = path == "/off/" or (path == "/off-1.0/" and how == "length")

    def send(address):
        seen = len(pair.backend.requests)
        with Client(address) as client:
            client.send(head)
            client.send(body[:len(body) // 2])
            if is_early:
                pair.backend.wait_for(seen + 1)
            else:
                client.is_silent(0.2)
            was_asked = len(pair.backend.requests) > seen
            client.socket.settimeout(20)
            client.send(body[len(body) // 2:])
            assert client.response().status == 200
        return was_asked, arrived(pair.backend.requests[seen])

    nginx, rpcd = pair.both(send)
    assert nginx == rpcd
    assert rpcd[0] == is_early


@pytest.mark.parametrize("how", ["length", "chunked"])
def test_bytes_are_passed_on_at_once(lab, how):
    """The backend sees each piece before the client sends the next."""
    arriving = []

    def handler(connection):
        connection.head()
        while True:
            arriving.append(len(connection.buffer))
            if b"the end" in connection.buffer:
                connection.send(answer())
            if not connection.fill():
                return

    lab.rpcd(HTTP, backend=lab.backend(handler))
    with lab.client() as client:
        pieces = [b"piece %d" % number for number in range(5)] + [b"the end"]
        total = sum(map(len, pieces))
        headers = [("Content-Length", str(total))] if how == "length" else [("Transfer-Encoding", "chunked")]
        client.send(request_bytes("/off/", "POST", headers))
        for number, piece in enumerate(pieces):
            before = sum(arriving[-1:])
            client.send(piece if how == "length" else b"%x\r\n%s\r\n" % (len(piece), piece))
            wait_until(lambda: sum(arriving[-1:]) >= before + len(piece), f"piece {number}")
        if how == "chunked":
            client.send(b"0\r\n\r\n")
        assert client.response().status == 200


@pytest.mark.parametrize("path", ["/on/", "/off/"])
@pytest.mark.parametrize("seed", range(4))
def test_bodies_of_many_chunks_arrive_as_they_were(lab, seed, path):
    """Chunks of all sizes, sent in odd pieces, to a backend that takes them slowly: writes end within
    the framing of chunks, and must go on there."""
    dice = random.Random(seed)
    release = threading.Event()

    def handler(connection):
        request = connection.head()
        release.wait(20)
        connection.body_of(request)
        connection.send(answer(request.body[-100:]))

    backend = lab.backend(handler)
    backend.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    lab.rpcd(HTTP, backend=backend)
    pieces = [dice.randbytes(dice.choice([1, 2, 10, 1000, 5000, 100_000])) for _ in range(200)]
    stream = chunked(*pieces)
    with lab.client() as client:
        client.send(request_bytes(path, "POST", [("Transfer-Encoding", "chunked")]))

        def send():
            rest = stream
            while rest:
                size = dice.choice([1, 3, 17, 4096, 70_000])
                client.send(rest[:size])
                rest = rest[size:]
        sender = threading.Thread(target=send, daemon=True)
        sender.start()
        sender.join(0.5)
        release.set()
        assert client.response().body == b"".join(pieces)[-100:]
    assert backend.last.body == b"".join(pieces)


def test_a_client_that_ends_its_chunks_badly_leaves_no_whole_request(lab):
    complete = []
    backend = lab.backend(lambda connection: connection.request() and complete.append(1))
    lab.rpcd(HTTP, backend=backend)
    with lab.client() as client:
        client.send(request_bytes("/off/", "POST", [("Transfer-Encoding", "chunked")]) + b"5\r\nhello\r\n")
        backend.wait_for(1)
        client.send(b"no chunk\r\n")
        assert client.response().status == 400
    wait_until(lambda: backend.connections[0].socket.fileno() < 0, "the end of the connection")
    assert complete == []


def test_the_limit_of_size_holds_while_bytes_are_passed_on(lab):
    complete = []
    backend = lab.backend(lambda connection: connection.request() and complete.append(1))
    lab.rpcd(HTTP.replace("client_max_body_size 0", "client_max_body_size 100"), backend=backend)
    with lab.client() as client:
        client.send(request_bytes("/off/", "POST", [("Transfer-Encoding", "chunked")]))
        client.send(b"40\r\n" + b"x" * 64 + b"\r\n")
        backend.wait_for(1)
        client.send(b"40\r\n" + b"x" * 64 + b"\r\n0\r\n\r\n")
        assert client.response().status == 413
    wait_until(lambda: backend.connections[0].socket.fileno() < 0, "the end of the connection")
    assert complete == []


# --- temporary files ---

FILES = """
client_max_body_size 0;
client_body_buffer_size 1k;
server {
    listen {host}:{port};
    location / { client_body_temp_path {place}; proxy_pass http://127.0.0.1:{backend}; }
}
"""


def resident(pid):
    """Bytes of memory of its own that a process holds."""
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("RssAnon:"):
            return int(line.split()[1]) * 1024
    return 0


def open_files(pid):
    """What the process's descriptors are, as /proc has it."""
    links = []
    for entry in pathlib.Path(f"/proc/{pid}/fd").iterdir():
        try:
            links.append(os.readlink(entry))
        except OSError:
            pass
    return links


def test_a_body_is_put_aside_in_the_folder_without_a_name(lab):
    backend = lab.backend()
    daemon = lab.rpcd(FILES, backend=backend, place="bodies 1 2")
    folder = daemon.folder / "bodies"
    worker = daemon.workers()[0]
    body = body_of(2_000_000)
    with lab.client() as client:
        client.send(request_bytes("/", "POST", [("Content-Length", str(len(body)))]) + body[:-1])
        wait_until(lambda: any(str(folder) in link for link in open_files(worker)), "the file")
        assert list(folder.iterdir()) == []
        assert backend.requests == []
        client.send(body[-1:])
        assert client.response().status == 200
        wait_until(lambda: not any(str(folder) in link for link in open_files(worker)), "its end")
    assert backend.last.body == body
    assert backend.last.get("Content-Length") == str(len(body))


def test_the_folder_is_made_for_the_workers_alone(lab):
    daemon = lab.rpcd(FILES, backend=lab.backend(), place="bodies")
    state = (daemon.folder / "bodies").stat()
    status = pathlib.Path(f"/proc/{daemon.workers()[0]}/status")
    assert state.st_mode & 0o777 == 0o700
    wait_until(lambda: f"Uid:\t{state.st_uid}\t" in status.read_text(), "workers that own the folder")


def refused(lab, place, prepare=lambda folder: None):
    """What rpcd says when it does not start."""
    daemon = lab.new_rpcd()
    daemon.compile(lab.text_for(daemon, FILES, backend=1, place=place))
    prepare(daemon.folder)
    result = subprocess.run([RPCD, "-p", daemon.folder, daemon.folder / "site.rpt"],
                            capture_output=True, text=True, timeout=20)
    assert result.returncode != 0
    return result.stderr.replace(str(daemon.folder), "FOLDER")


def test_a_folder_in_a_missing_folder(lab):
    assert "cannot make the folder FOLDER/missing/bodies: No such file or directory" in \
        refused(lab, "missing/bodies")


def test_a_folder_that_is_none(lab):
    assert "cannot make files in FOLDER/bodies: Not a directory" in \
        refused(lab, "bodies", lambda folder: (folder / "bodies").write_text(""))


@pytest.mark.skipif(os.geteuid() != 0 or SANITIZED, reason="workers have the same rights")
def test_a_folder_that_workers_cannot_reach(lab):
    def prepare(folder):
        (folder / "closed").mkdir(mode=0o700)
    assert "cannot make files in FOLDER/closed/bodies: Permission denied" in \
        refused(lab, "closed/bodies", prepare)


def test_a_reload_that_names_a_bad_folder_changes_nothing(lab):
    daemon = lab.rpcd(FILES, backend=lab.backend(), place="bodies")
    daemon.expects_alerts = True
    daemon.reload(lab.text_for(daemon, FILES, backend=1, place="missing/bodies"))
    daemon.wait_for_text("cannot make the folder")
    with lab.client() as client:
        assert client.ask("/", "POST", body=body_of(50_000)).status == 200


@pytest.mark.skipif(os.geteuid() != 0 or SANITIZED, reason="workers have the same rights")
@pytest.mark.parametrize("fails", [False, True])
def test_a_reload_for_another_user_leaves_folders_to_who_runs(lab, fails):
    """A killed worker's successor has to get on with them, too."""
    backend = lab.backend()
    daemon = lab.rpcd(FILES, backend=backend, place="bodies")
    daemon.expects_alerts = True
    text = FILES + "access_log missing/folder/log;" if fails else FILES
    daemon.reload(lab.text_for(daemon, text, main="user daemon;", backend=backend.port,
                               place="bodies"))
    daemon.wait_for_text("cannot reload" if fails else "keep their user")
    for _ in range(2):
        with lab.client() as client:
            assert client.ask("/", "POST", body=body_of(50_000)).status == 200
        worker = daemon.workers()[0]
        os.kill(worker, signal.SIGKILL)
        wait_until(lambda: daemon.workers() and daemon.workers()[0] != worker, "another worker")


@pytest.mark.parametrize("buffering", ["on", "off"])
def test_many_large_bodies_need_little_memory(lab, buffering):
    """Uploads to a backend that takes its time: what is not in files stays with the clients."""
    release = threading.Event()

    def handler(connection):
        request = connection.head()
        release.wait(30)
        connection.send(answer(str(len(connection.body_of(request))).encode()))

    backend = lab.backend(handler, timeout=60)
    daemon = lab.rpcd(FILES.replace("{place};", "{place}; proxy_request_buffering %s;" % buffering),
                      backend=backend, place="bodies")
    worker = daemon.workers()[0]
    before = resident(worker)
    body = body_of(6_000_000)
    clients = [lab.client(timeout=60) for _ in range(40)]

    def send(client):
        client.send(request_bytes("/", "POST", body=body))

    senders = [threading.Thread(target=send, args=(client,), daemon=True) for client in clients]
    for sender in senders:
        sender.start()
    wait_until(lambda: len(backend.requests) == len(clients), "all requests", 60)
    if not SANITIZED:
        # 240 megabytes; a worker holds some buffers of each.
        assert resident(worker) - before < len(clients) * 100_000
    release.set()
    for client in clients:
        assert client.response().body == b"6000000"
    if not SANITIZED:
        assert resident(worker) - before < len(clients) * 150_000


def put_too_much(lab, daemon, backend):
    """A body for which there is no room fails alone."""
    daemon.expects_alerts = True
    with lab.client() as client:
        client.send(request_bytes("/", "POST", [("Content-Length", "5000000")]))
        try:
            client.send(body_of(5_000_000))
        except OSError:
            pass
        assert client.response().status == 500
    daemon.wait_for_text("a request body could not be put aside")
    assert backend.requests == []
    with lab.client() as client:
        for _ in range(3):
            assert client.ask("/", "POST", body=body_of(50_000)).status == 200
    assert backend.last.body == body_of(50_000)
    assert len(daemon.children()) == 1


def test_a_file_that_may_not_grow(lab):
    backend = lab.backend()
    daemon = lab.new_rpcd()
    daemon.compile(lab.text_for(daemon, FILES, backend=backend, place="bodies"))
    daemon.launch(["prlimit", "--fsize=1000000", RPCD, "-p", daemon.folder, daemon.folder / "site.rpt"])
    worker = daemon.workers()[0]
    put_too_much(lab, daemon, backend)
    assert daemon.workers() == [worker]


def test_a_full_disk(lab):
    backend = lab.backend()
    with lab.small_disk() as place:
        daemon = lab.rpcd(FILES, backend=backend, place=place / "bodies")
        worker = daemon.workers()[0]
        put_too_much(lab, daemon, backend)
        assert daemon.workers() == [worker]
        daemon.stop()
