"""TLS sessions of clients: who resumes what, where, for how long, and by which keys."""

import contextlib
import os
import re
import signal
import socket
import ssl
import subprocess
import time

import pytest

from lab import answer, wait_until
from lab.certificates import Authority, certificate_folder
from lab.early import EarlyClient
from lab.http import request_bytes

V2, V3 = ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3


class Certificates:
    def __init__(self, folder):
        self.folder = folder
        self.authority = Authority(folder, "authority")
        self.server = self.authority.issue("server", ["DNS:a.test", "DNS:b.test"])
        self.second = self.authority.issue("second", ["DNS:b.test"])
        self.client = self.authority.issue("client", ["DNS:client.test"], "/CN=the client")


@pytest.fixture(scope="module")
def certificates():
    with certificate_folder() as folder:
        yield Certificates(folder)


class Visitor:
    """A client with a version of TLS and the session it had last."""

    def __init__(self, version, address, name="a.test", certificate=None):
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        self.context.check_hostname = False
        self.context.verify_mode = ssl.CERT_NONE
        self.context.minimum_version = self.context.maximum_version = version
        if certificate is not None:
            self.context.load_cert_chain(certificate.chain, certificate.key)
        self.address = address
        self.name = name
        self.session = None
        self.reused = False

    def visit(self, session=None, name=None):
        """Asks for / by the session given; returns what is answered, and keeps the session that it
        got, which in TLS 1.3 comes with the answer."""
        with socket.create_connection(self.address, timeout=10) as plain, \
                self.context.wrap_socket(plain, server_hostname=name or self.name,
                                         session=session) as stream:
            stream.sendall(b"GET / HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n"
                           % (name or self.name).encode())
            answer = b""
            while piece := stream.recv(65536):
                answer += piece
            self.reused = stream.session_reused
            self.session = stream.session
        return answer.partition(b"\r\n\r\n")[2].decode()

    def resumes(self, session, name=None):
        self.visit(session, name)
        return self.reused


SITE = """
ssl_protocols TLSv1.2 TLSv1.3;
ssl_certificate {server_chain};
ssl_certificate_key {server_key};
SETTINGS
server { listen {host}:{port} ssl; server_name a.test; return 200 $pid; }
"""

CACHE = "ssl_session_cache shared:TLS:1m;"
KINDS = {
    "1.2-id": (V2, CACHE + "ssl_session_tickets off;"),
    "1.2-ticket": (V2, ""),
    "1.3-ticket": (V3, ""),
    "1.3-ticket-beside-a-cache": (V3, CACHE),
    "1.3-id": (V3, CACHE + "ssl_session_tickets off;"),
}
every_kind = pytest.mark.parametrize("version, settings", KINDS.values(), ids=KINDS)


def site(settings, text=SITE):
    return text.replace("SETTINGS", settings)


@pytest.fixture
def values(certificates):
    return {"server_chain": certificates.server.chain, "server_key": certificates.server.key,
            "second_chain": certificates.second.chain, "second_key": certificates.second.key,
            "authority": certificates.authority.pem}


def visitor(lab, version, **options):
    return Visitor(version, ("127.0.0.1", lab.port), **options)


# --- all workers, all reloads ---

def visit_all_workers(client, session, count=4):
    """Resumes until every worker has been met."""
    met = set()
    for _ in range(400):
        met.add(client.visit(session))
        assert client.reused, f"after {len(met)} workers"
        if len(met) == count:
            return
    raise AssertionError(f"only {met}")


@every_kind
def test_any_worker_resumes(lab, values, version, settings):
    text = site(settings).replace(" ssl;", " ssl reuseport;")
    lab.rpcd(text, workers=4, **values)
    client = visitor(lab, version)
    client.visit()
    assert not client.reused
    visit_all_workers(client, client.session)


@every_kind
def test_a_reload_forgets_nothing(lab, values, version, settings):
    rpcd = lab.rpcd(site(settings), workers=2, **values)
    client = visitor(lab, version)
    client.visit()
    first = client.session
    for _ in range(3):
        lab.reload(rpcd, site(settings), workers=2, **values)
        assert client.resumes(first)
    lab.reload(rpcd, site(settings + "ssl_prefer_server_ciphers on;"), workers=2, **values)
    assert client.resumes(first)


@every_kind
def test_killed_workers_take_nothing_along(lab, values, version, settings):
    rpcd = lab.rpcd(site(settings), workers=2, **values)
    rpcd.expects_alerts = True
    client = visitor(lab, version)
    client.visit()
    first = client.session
    for worker in rpcd.workers():
        os.kill(worker, signal.SIGKILL)
        wait_until(lambda: worker not in rpcd.children(), "the worker's end")
        rpcd.workers()
        assert client.resumes(first)


def test_a_cache_of_another_size_is_a_new_one(lab, values):
    settings = "ssl_session_tickets off; ssl_session_cache shared:TLS:%s;"
    rpcd = lab.rpcd(site(settings % "1m"), **values)
    client = visitor(lab, V2)
    client.visit()
    first = client.session
    lab.reload(rpcd, site(settings % "2m"), **values)
    assert not client.resumes(first)
    second = client.session
    lab.reload(rpcd, site(settings % "1m"), **values)
    assert not client.resumes(first)
    assert not client.resumes(second)


def test_one_process_resumes(lab, values):
    lab.rpcd(site(CACHE + "ssl_session_tickets off;"), main="master_process off;", **values)
    for version in V2, V3:
        client = visitor(lab, version)
        client.visit()
        assert client.resumes(client.session)


# --- what is kept ---

@pytest.mark.parametrize("cache, gets_id, resumes", [
    ("off", False, False), ("none", True, False), ("builtin", True, True),
    ("builtin:100", True, True), ("shared:TLS:1m", True, True),
    ("builtin:100 shared:TLS:1m", True, True),
])
def test_caches(lab, values, cache, gets_id, resumes):
    pair = lab.pair(site(f"ssl_session_cache {cache}; ssl_session_tickets off;"), **values)

    def once(address):
        client = Visitor(V2, address)
        client.visit()
        gets = len(client.session.id) > 0
        return gets, gets and client.resumes(client.session)
    assert pair.both(once) == [(gets_id, resumes)] * 2


@pytest.mark.parametrize("version", [V2, V3])
@pytest.mark.parametrize("settings, has_ticket", [
    ("", True), ("ssl_session_tickets off;", False), (CACHE + "ssl_session_tickets off;", False)])
def test_tickets_can_be_off(lab, values, version, settings, has_ticket):
    """In TLS 1.3 a ticket may stand for what the cache has. Where nothing is kept there is none."""
    lab.rpcd(site(settings), **values)
    client = visitor(lab, version)
    client.visit()
    expected = has_ticket or (version == V3 and "cache" in settings)
    assert client.session.has_ticket == expected
    if client.session.has_ticket or client.session.id:
        assert client.resumes(client.session) == (has_ticket or "cache" in settings)


@every_kind
def test_sessions_end(lab, values, version, settings):
    pair = lab.pair(site(settings + "ssl_session_timeout 2s;"), **values)

    def once(address):
        client = Visitor(version, address)
        client.visit()
        first = client.session
        assert client.resumes(first)
        if first.has_ticket:
            assert first.ticket_lifetime_hint == 2
        wait_until(lambda: not client.resumes(first), "the session's end", step=0.2)
    pair.both(once)


def test_a_session_lives_for_a_week_at_most(lab, values):
    """RFC 8446 4.6.1."""
    lab.rpcd(site("ssl_session_timeout 30d;"), **values)
    hints = []
    for version in V2, V3:
        client = visitor(lab, version)
        client.visit()
        hints.append(client.session.ticket_lifetime_hint)
    assert hints == [30 * 86400, 7 * 86400]


def test_a_full_cache_makes_room(lab, values):
    lab.rpcd(site("ssl_session_cache shared:TLS:32k; ssl_session_tickets off;"), **values)
    client = visitor(lab, V2)
    client.visit()
    used = client.session
    client.visit()
    unused = client.session
    for _ in range(160):
        client.visit()
        assert client.resumes(used)
    assert not client.resumes(unused)


# --- keys of tickets ---

def ticket_of(session_file):
    text = subprocess.run(["openssl", "sess_id", "-in", session_file, "-text", "-noout"],
                          capture_output=True, text=True, check=True).stdout
    rows = re.findall(r"^\s+[0-9a-f]{4} - ((?:[0-9a-f]{2}[ -]){16})", text, re.M)
    return rows[0].replace("-", " ").strip()


def key_name(lab, folder, address="127.0.0.1"):
    """The name of the key that a new ticket is encrypted with."""
    file = folder / "session"
    subprocess.run(["openssl", "s_client", "-connect", f"{address}:{lab.port}", "-tls1_2", "-sess_out",
                    file, "-servername", "a.test"], input=b"", capture_output=True, timeout=20)
    return ticket_of(file)


def test_keys_are_made_anew_in_time(lab, values):
    """A key encrypts for as long as a session lives, so here for two seconds; what it has encrypted is
    of use until it is past its time."""
    rpcd = lab.rpcd(site("ssl_session_timeout 2s;"), workers=2, **values)
    names = set()

    def has_new_name():
        client = visitor(lab, V2)
        began = time.monotonic()
        client.visit()
        was_new = key_name(lab, rpcd.folder) not in names
        names.add(key_name(lab, rpcd.folder))
        assert client.resumes(client.session) or time.monotonic() - began > 1
        return was_new
    for number in range(3):
        wait_until(has_new_name, f"key {number + 1}")


def test_keys_are_not_made_anew_too_soon(lab, values):
    rpcd = lab.rpcd(site("ssl_session_timeout 1h;"), workers=2, **values)
    assert len({key_name(lab, rpcd.folder) for _ in range(6)}) == 1
    lab.reload(rpcd, site("ssl_session_timeout 1h; ssl_prefer_server_ciphers on;"), workers=2,
               **values)
    assert len({key_name(lab, rpcd.folder) for _ in range(6)}) == 1


def key_file(folder, number, size=80):
    path = folder / f"ticket{number}.key"
    path.write_bytes(bytes([number]) * 16 + os.urandom(size - 16))
    path.chmod(0o600)
    return path


def name_of(number):
    return " ".join([f"{number:02x}"] * 16)


@pytest.mark.parametrize("size", [48, 80])
@pytest.mark.parametrize("version", [V2, V3])
def test_keys_come_from_files(lab, values, version, size):
    """The first encrypts, all decrypt; a reload takes them in and out."""
    keys = lab.folder("keys")
    one, two = key_file(keys, 1, size), key_file(keys, 2, size)
    rpcd = lab.rpcd(site(f"ssl_session_ticket_key {one};"), **values)
    client = visitor(lab, version)
    client.visit()
    first = client.session
    assert key_name(lab, rpcd.folder) == name_of(1)
    lab.reload(rpcd, site(f"ssl_session_ticket_key {two}; ssl_session_ticket_key {one};"), **values)
    assert client.resumes(first)
    renewed = client.session
    assert key_name(lab, rpcd.folder) == name_of(2)
    lab.reload(rpcd, site(f"ssl_session_ticket_key {two};"), **values)
    assert not client.resumes(first)
    assert client.resumes(renewed)
    two.write_bytes(bytes([3]) * size)
    rpcd.send_signal(signal.SIGHUP)
    wait_until(lambda: key_name(lab, rpcd.folder) == name_of(3), "the new key")
    assert not client.resumes(renewed)


def test_two_machines_share_keys(lab, values):
    """Each rpcd stands for a machine; what one has encrypted the other reads."""
    keys = key_file(lab.folder("keys"), 1)
    lab.rpcd(site(f"ssl_session_ticket_key {keys};"), **values)
    port, lab.port = lab.port, lab.new_port()
    lab.rpcd(site(f"ssl_session_ticket_key {keys};"), **values)
    for version in V2, V3:
        client = visitor(lab, version)
        client.visit()
        client.address = ("127.0.0.1", port)
        assert client.resumes(client.session)


def test_bad_key_files(lab, values):
    good = key_file(lab.folder("keys"), 1)
    bad = key_file(good.parent, 2, 50)
    rpcd = lab.rpcd(site(f"ssl_session_ticket_key {good};"), **values)
    rpcd.expects_alerts = True
    rpcd.reload(lab.text_for(rpcd, site(f"ssl_session_ticket_key {bad};"), **values))
    rpcd.wait_for_text(f'ssl_session_ticket_key "{bad}" must have 48 or 80 bytes')
    rpcd.reload(lab.text_for(rpcd, site(f"ssl_session_ticket_key {good}x;"), **values))
    rpcd.wait_for_text(f'ssl_session_ticket_key "{good}x": No such file or directory')
    assert key_name(lab, rpcd.folder) == name_of(1)


# --- whose sessions ---

TWO = """
SETTINGS
server {
    listen {host}:{port} ssl; server_name a.test; return 200 a;
    ssl_certificate {server_chain}; ssl_certificate_key {server_key}; FIRST
}
server {
    listen {host}:{port} ssl; server_name b.test; return 200 b$ssl_client_s_dn;
    ssl_certificate {NAME_chain}; ssl_certificate_key {NAME_key}; SECOND
}
"""


def two_servers(settings, name="server", first="", second=""):
    return TWO.replace("SETTINGS", settings).replace("NAME", name).replace("FIRST", first) \
        .replace("SECOND", second)


@every_kind
def test_a_session_is_good_for_the_same_certificate(lab, values, version, settings):
    lab.rpcd(two_servers(settings, "second"), **values)
    client = visitor(lab, version)
    assert client.visit() == "a"
    first = client.session
    assert client.visit(first, "b.test") == "b"
    assert not client.reused
    second = client.session
    assert client.resumes(first)
    assert client.resumes(second, "b.test")
    assert not client.resumes(second)


@pytest.mark.parametrize("version", [V2, V3])
def test_settings_are_those_of_the_server_asked_for(lab, values, version):
    """Not of the default server, whose are in force in nginx."""
    lab.rpcd(two_servers("ssl_session_tickets off;",
                         second="ssl_session_timeout 9s; ssl_session_tickets on;"), **values)
    client = visitor(lab, version)
    client.visit()
    assert not client.session.has_ticket
    client.visit(None, "b.test")
    assert client.session.has_ticket and client.session.ticket_lifetime_hint == 9
    assert client.resumes(client.session, "b.test")


VERIFY = "ssl_client_certificate {authority}; ssl_verify_client %s;"


@every_kind
@pytest.mark.parametrize("first, second", [
    ("", VERIFY % "on"),
    (VERIFY % "optional_no_ca", VERIFY % "on"),
    (VERIFY % "optional", VERIFY % "on"),
    (VERIFY % "on", VERIFY % "on" + "ssl_verify_depth 2;"),
])
def test_no_session_gets_around_certificates_of_clients(lab, values, certificates, version, settings,
                                                        first, second):
    """A session of one server is not resumed by another that asks for certificates otherwise."""
    lab.rpcd(two_servers(settings, "server", first, second), **values)
    client = visitor(lab, version, certificate=certificates.client)
    assert client.visit() == "a"
    session = client.session
    assert client.visit(session, "b.test") == "bCN=the client"
    assert not client.reused
    assert client.resumes(client.session, "b.test")
    stranger = visitor(lab, version)
    if stranger.visit() == "a":
        assert "400 No required SSL certificate" in stranger.visit(stranger.session, "b.test")
        assert not stranger.reused


@every_kind
def test_a_session_says_who_the_client_is(lab, values, certificates, version, settings):
    text = two_servers(settings, "server", "", VERIFY % "optional")
    rpcd = lab.rpcd(text, workers=2, **values)
    client = visitor(lab, version, name="b.test", certificate=certificates.client)
    assert client.visit() == "bCN=the client"
    session = client.session
    lab.reload(rpcd, text, workers=2, **values)
    for _ in range(4):
        assert client.visit(session) == "bCN=the client" and client.reused
    lab.reload(rpcd, text.replace("optional", "off"), workers=2, **values)
    assert client.visit(session) == "b" and not client.reused


# --- how tickets are sent ---

@pytest.mark.parametrize("settings, count", [
    ("", 1), ("ssl_conf_command NumTickets 2;", 2), ("ssl_conf_command NumTickets 0;", 0),
    ("ssl_session_tickets off;", 0), (CACHE + "ssl_session_tickets off;", 1)])
def test_how_many_tickets_there_are(lab, values, settings, count):
    """With OpenSSL's two a handshake costs a tenth more."""
    lab.rpcd(site(settings), **values)
    output = subprocess.run(["openssl", "s_client", "-connect", f"127.0.0.1:{lab.port}", "-tls1_3",
                             "-ign_eof"], input=closing(), capture_output=True, timeout=20).stdout
    assert output.count(b"Post-Handshake New Session Ticket arrived") == count


def test_tickets_come_with_the_first_answer(lab, values):
    """A request that comes with the end of the handshake is answered in the same packet."""
    lab.rpcd(site(""), **values)
    with contextlib.closing(EarlyClient(("127.0.0.1", lab.port))) as client:
        client.open().shake_hands().write(request_bytes("/"))
        assert client.receive()
        assert client.read_once().startswith(b"HTTP/1.1 200 OK") and client.has_ticket()


def test_tickets_do_not_wait_for_a_request(lab, values):
    lab.rpcd(site(""), **values)
    with contextlib.closing(EarlyClient(("127.0.0.1", lab.port))) as client:
        client.open().shake_hands().send()
        assert client.receive()
        assert client.read_once() == b"" and client.has_ticket()
        client.write(request_bytes("/"))
        assert client.read(b"\r\n\r\n").startswith(b"HTTP/1.1 200 OK")


# --- early data ---

EARLY = """
ssl_protocols TLSv1.3;
ssl_certificate {server_chain};
ssl_certificate_key {server_key};
ssl_early_data on;
server {
    listen {host}:{port} ssl;
    location / { return 200 "[$ssl_early_data]"; }
    location /back/ {
        proxy_pass http://127.0.0.1:{backend};
        proxy_set_header Early-Data $ssl_early_data;
    }
}
"""


def closing(target="/", **options):
    return request_bytes(target, headers=[("Connection", "close")], **options)


def ask_early(client, request, until, is_late=False):
    """Sends the request with the hello; returns what is answered, before the client has ended its
    part of the handshake when that `is_late`."""
    client.open().write_early(request)
    client.shake_hands()
    if not is_late:
        client.send()
    text = client.read(until)
    client.send()
    return text


@pytest.fixture
def early():
    clients = []

    def create(address):
        client = EarlyClient(address)
        clients.append(client)
        client.begin(closing())
        return client
    yield create
    for client in clients:
        client.close()


def test_early_data_is_answered_early(lab, values, early):
    """Without the client's part of the handshake, which would prove that it is no replay."""
    backend = lab.backend()
    pair = lab.pair(EARLY, backend=backend, **values)

    def once(address):
        client = early(address)
        said = ask_early(client, request_bytes("/"), b"]", is_late=True).endswith(b"[1]")
        accepted = client.is_accepted()
        client.write(request_bytes("/"))
        later = client.read(b"]").endswith(b"[]")
        client.close()
        assert ask_early(client, request_bytes("/back/"), b"ok", is_late=True).endswith(b"ok")
        seen = [backend.last.get("Early-Data")]
        client.write(request_bytes("/back/"))
        client.read(b"ok")
        client.close()
        return said, accepted, later, seen + [backend.last.get("Early-Data")]
    assert pair.both(once) == [(True, True, True, ["1", None])] * 2


def test_what_comes_after_the_handshake_is_not_early(lab, values):
    lab.rpcd(EARLY, backend=lab.backend(), **values)
    client = visitor(lab, V3)
    assert client.visit() == "[]"
    assert client.visit(client.session) == "[]"
    assert client.reused


def test_a_backend_can_ask_for_another_time(lab, values, early):
    """RFC 8470 5.2. A replay is as good as the first time, so it is for the backend to be careful."""
    def refuse(connection):
        while (request := connection.request()) is not None:
            if request.get("Early-Data") == "1":
                connection.send(answer(b"no.", status="425 Too Early"))
            else:
                connection.send(answer(b"yes."))
    lab.rpcd(EARLY, backend=lab.backend(refuse), **values)
    client = early(("127.0.0.1", lab.port))
    for _ in range(2):
        text = ask_early(client, request_bytes("/back/"), b"no.", is_late=True)
        assert text.startswith(b"HTTP/1.1 425 Too Early\r\n")
        client.write(request_bytes("/back/"))
        assert client.read(b"yes.").startswith(b"HTTP/1.1 200 OK\r\n")
        client.close()


@pytest.mark.parametrize("is_late", [True, False])
def test_early_data_is_a_request_like_others(lab, values, early, is_late):
    """One in pieces, several at once, one with a body part of which comes later, one that ends all."""
    backend = lab.backend(lambda connection: [connection.send(answer(b"<%d>" % len(request.body)))
                                              for request in iter(connection.request, None)])
    lab.rpcd(EARLY, backend=backend, **values)
    client = early(("127.0.0.1", lab.port))
    whole = request_bytes("/back/", method="POST", body=b"x" * 9000)
    client.open()
    for piece in whole[:100], whole[100:8000], whole[8000:]:
        client.write_early(piece)
        time.sleep(0.05)
    client.shake_hands()
    if not is_late:
        client.send()
    assert client.read(b"<9000>")
    client.close()
    text = ask_early(client, request_bytes("/") * 2 + request_bytes("/back/"), b"<0>", is_late)
    assert text.count(b"HTTP/1.1 200 OK") == 3
    client.close()
    client.open().write_early(whole[:5000])
    client.shake_hands()
    client.write(whole[5000:])
    assert client.read(b"<9000>").endswith(b"<9000>")
    client.close()
    assert ask_early(client, closing(), b"]", is_late).endswith(b"1]" if is_late else b"]")
    client.close()


def test_a_client_that_never_ends_the_handshake(lab, values, early):
    """What it has asked for by then has been answered; it is closed like one that is idle."""
    lab.rpcd(EARLY + "keepalive_timeout 1s; client_header_timeout 1s;", backend=lab.backend(), **values)
    client = early(("127.0.0.1", lab.port))
    ask_early(client, request_bytes("/"), b"]", is_late=True)
    client.close()
    client.open().write_early(request_bytes("/"))
    client.shake_hands()
    assert client.read(b"]")
    begin = time.monotonic()
    assert client.read(b"never") == b""
    assert time.monotonic() - begin < 5


def test_early_data_is_refused_where_it_is_off(lab, values, early):
    text = EARLY.replace("ssl_early_data on;", "SWITCH")
    rpcd = lab.rpcd(text.replace("SWITCH", "ssl_early_data on;"), backend=lab.backend(), **values)
    client = early(("127.0.0.1", lab.port))
    lab.reload(rpcd, text.replace("SWITCH", ""), backend=lab.backend(), **values)
    client.open().write_early(request_bytes("/"))
    client.shake_hands().send()
    assert not client.is_accepted() and client.is_reused()
    client.write(request_bytes("/"))
    assert client.read(b"]").endswith(b"[]")
