"""TLS to clients: which certificate they see, what is agreed on, bodies both ways, how it ends; and
that reloads take up new certificates without a handshake failing."""

import asyncio
import contextlib
import os
import pathlib
import re
import shutil
import signal
import socket
import ssl
import subprocess
import threading
import time

import pytest

from lab import Client, SecureClient, answer, client_context, wait_until, wait_until_still
from lab.certificates import Authority, certificate_folder, openssl
from lab.daemon import RPC, SANITIZED
from lab.http import request_bytes

from test_load import needs_strace, syscalls

TLS12, TLS13 = ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3


class Certificates:
    """Made once; nothing of it is trusted outside of a test."""

    def __init__(self, folder):
        self.folder = folder
        self.authority = Authority(folder, "authority")
        self.middle = Authority(folder, "middle", self.authority)
        self.a = self.middle.issue("a", ["DNS:a.test", "DNS:*.a.test"])
        self.b = self.middle.issue("b", ["DNS:b.test"])
        self.expired = self.middle.issue("expired", ["DNS:a.test"], dates=("-days", "-1"))

    def renew(self, name, folder, names):
        """A new certificate under an old name, put in place as certbot does."""
        made = self.middle.issue(f"{name}-new", names)
        for source, target in ((made.chain, f"{name}.chain.pem"), (made.key, f"{name}.key")):
            shutil.copy(source, folder / f"{target}.tmp")
            os.chmod(folder / f"{target}.tmp", 0o600)
            os.rename(folder / f"{target}.tmp", folder / target)


@pytest.fixture(scope="module")
def certificates():
    with certificate_folder() as folder:
        yield Certificates(folder)


@pytest.fixture
def trusting(certificates):
    """A client's context that believes the authority, and checks names."""
    return client_context(certificates.authority)


@pytest.fixture
def values(certificates):
    return {f"{name}_{kind}": getattr(getattr(certificates, name), kind)
            for name in ("a", "b", "expired") for kind in ("chain", "key")}


def with_certificate(name):
    return f"ssl_certificate {{{name}_chain}}; ssl_certificate_key {{{name}_key}};"


A, B = with_certificate("a"), with_certificate("b")
SITE = "server { listen {host}:{port} ssl; server_name a.test; " + A + " %s }"
HELLO = SITE % 'return 200 "hello $server_name";'



def is_of(client, certificate):
    """Whether the client has been shown this certificate."""
    text = certificate.pem.read_text()
    return client.certificate == ssl.PEM_cert_to_DER_cert(
        text[text.index("-----BEGIN"):text.index("-----END")] + "-----END CERTIFICATE-----\n")


# --- requests ---

@pytest.mark.parametrize("version", [TLS12, TLS13])
def test_a_request(lab, certificates, values, version):
    rpcd = lab.rpcd('log_format f "$scheme $https $host $server_port $request";'
                    "access_log access.log f;" + HELLO, **values)
    context = client_context(certificates.authority, version)
    with SecureClient(lab.port, "a.test", context) as client:
        assert client.ask(host="a.test").body == b"hello a.test"
        assert client.ask(host="a.test").body == b"hello a.test"
        assert client.socket.version() == {TLS12: "TLSv1.2", TLS13: "TLSv1.3"}[version]
    assert rpcd.wait_for_line(2) == f"https on a.test {lab.port} GET / HTTP/1.1"


def test_curl_and_openssl(lab, certificates, values):
    lab.rpcd(HELLO, **values)
    result = subprocess.run(
        ["curl", "-s", "--cacert", certificates.authority.pem, "--resolve",
         f"a.test:{lab.port}:127.0.0.1", f"https://a.test:{lab.port}/"],
        capture_output=True, timeout=30)
    assert result.stdout == b"hello a.test"
    result = subprocess.run(
        ["openssl", "s_client", "-connect", f"127.0.0.1:{lab.port}", "-servername", "a.test",
         "-CAfile", certificates.authority.pem, "-verify_return_error", "-ign_eof", "-quiet"],
        input=b"GET / HTTP/1.0\r\nHost: a.test\r\n\r\n", capture_output=True, timeout=30)
    assert result.stdout.endswith(b"hello a.test")


@pytest.mark.parametrize("version", [TLS12, TLS13])
def test_bodies_both_ways(lab, certificates, values, version):
    """Larger than every buffer, with a client that reads slowly."""
    def echo(connection):
        while (request := connection.request()) is not None:
            connection.send(answer(request.body))
    backend = lab.backend(echo)
    lab.rpcd(SITE % "client_max_body_size 0; location / { proxy_pass http://127.0.0.1:{backend}; }",
             backend=backend, **values)
    body = os.urandom(1 << 20) * 3
    with SecureClient(lab.port, "a.test", client_context(version=version),
                      receive_buffer=4096) as client:
        for _ in range(2):
            assert client.ask("/", "POST", body=body).body == body
        client.send(request_bytes("/", "POST", (), body))
        wait_until(lambda: len(backend.requests) == 3 and backend.last.body == body, "the request")
        assert client.response().body == body


def test_requests_in_pieces(lab, values):
    """Each byte in a record of its own."""
    lab.rpcd(HELLO, **values)
    with SecureClient(lab.port, "a.test") as client:
        for byte in request_bytes("/"):
            client.socket.sendall(bytes([byte]))
        assert client.response().body == b"hello a.test"


def test_pipelined_requests(lab, values):
    lab.rpcd(HELLO, **values)
    with SecureClient(lab.port, "a.test") as client:
        client.send(request_bytes("/") * 50)
        for _ in range(50):
            assert client.response().body == b"hello a.test"


def test_the_end_is_told(lab, values):
    """By close_notify, so that a response without a length cannot be cut off unseen."""
    lab.rpcd(HELLO, **values)
    with SecureClient(lab.port, "a.test") as client:
        client.socket.suppress_ragged_eofs = False
        assert client.ask("/", headers=[("Connection", "close")]).body == b"hello a.test"
        assert client.socket.recv(1) == b""


def end_of_tcp(address):
    """Whether the server still reads when its end of TCP has come, after that of TLS."""
    inward, outward = ssl.MemoryBIO(), ssl.MemoryBIO()
    stream = client_context().wrap_bio(inward, outward, server_hostname="a.test")

    def complete(call):
        while True:
            try:
                return call()
            except ssl.SSLWantReadError:
                tcp.sendall(outward.read())
                inward.write(tcp.recv(65536))

    with socket.create_connection(address, timeout=30) as tcp:
        complete(stream.do_handshake)
        stream.write(b"GET / HTTP/1.1\r\nHost a.test\r\n\r\n")
        while complete(stream.read):
            pass
        assert tcp.recv(1) == b""
        return has_process(tcp.getpeername(), tcp.getsockname())


def has_process(local, remote):
    """Whether a process has the TCP connection open: its entry has an inode then."""
    ports = [f"{address[1]:04X}" for address in (local, remote)]
    for line in pathlib.Path("/proc/net/tcp").read_text().splitlines()[1:]:
        fields = line.split()
        if [field.rpartition(":")[2] for field in fields[1:3]] == ports:
            return fields[9] != "0"
    return False


def test_tcp_ends_with_tls(lab, values):
    """A client need not look into TLS for the end, while the rest of what it sends is dropped."""
    pair = lab.pair(HELLO, **values)
    assert pair.both(end_of_tcp) == [True, True]


# --- which server ---

def test_names(lab, certificates, values, trusting):
    lab.rpcd("""
    server { listen {host}:{port} ssl default_server; server_name a.test *.a.test; """ + A + """
             return 200 a; }
    server { listen {host}:{port}; server_name b.test; """ + B + """ return 200 b; }
    server { listen {host}:{port}; server_name bare.test; return 200 bare; }
    """, **values)
    for name, shown, text in (("a.test", "a", b"a"), ("x.a.test", "a", b"a"), ("b.test", "b", b"b"),
                              ("B.TEST", "b", b"b")):
        with SecureClient(lab.port, name, trusting) as client:
            assert is_of(client, getattr(certificates, shown))
            assert client.ask(host=name).body == text
    with SecureClient(lab.port, "bare.test") as client:
        assert is_of(client, certificates.a)
        assert client.ask(host="bare.test").body == b"bare"
    with SecureClient(lab.port, "unknown.test") as client:
        assert is_of(client, certificates.a)
    with SecureClient(lab.port) as client:
        assert is_of(client, certificates.a)


def show_certificate(address, name):
    """What a client sees that asks for a name which no library of Python's would send."""
    shown = subprocess.run(["openssl", "s_client", "-connect", "{}:{}".format(*address),
                            "-servername", name], input="", capture_output=True, text=True,
                           timeout=30)
    return re.search("-----BEGIN CERTIFICATE-----.*-----END CERTIFICATE-----\n", shown.stdout,
                     re.DOTALL).group()


@pytest.mark.parametrize("name, shown", [
    ("B.TEST.", "b"), ("b.test..", "a"), ("b..test", "a"), (".b.test", "a"), ("b.test:443", "b"),
    ("b/test", "a"), ("b test", "a"), ("127.0.0.1", "b"), ("[::1]", "a"), (".", "a"),
    ("x" * 245 + ".wild.test", "b"), ("x" * 245 + ".tame.test", "a"), (".wild.test", "b"),
    ("*.wild.test", "b"), ("re12.test.", "b"), ("RE12.test", "b")])
def test_odd_names(lab, certificates, values, name, shown):
    """nginx looks at a name as at that of a Host field."""
    pair = lab.pair("server { listen {host}:{port} ssl default_server; " + A + " }"
                    "server { listen {host}:{port} ssl; " + B + "server_name b.test 127.0.0.1 "
                    "*.wild.test '~^re[0-9]+[.]test$'; }", **values)
    expected = getattr(certificates, shown).pem.read_text()
    for certificate in pair.both(lambda address: show_certificate(address, name)):
        assert certificate in expected


def test_the_host_decides_after_the_name(lab, values):
    text = """
    server { listen {host}:{port} ssl default_server; """ + A + """ return 200 default; }
    server { listen {host}:{port} ssl; server_name b.test; """ + B + """ return 200 b; }
    server { listen {host}:{port} ssl; server_name ~^(?<who>.+)\\.c$; """ + B + """
             return 200 "regex $who"; }
    """
    pair = lab.pair(text, **values)
    for name, host, version, expected in (
            ("b.test", "nobody.test", "HTTP/1.1", b"default"),
            ("b.test", "b.test", "HTTP/1.1", b"b"),
            ("b.test", None, "HTTP/1.0", b"default"),
            (None, "b.test", "HTTP/1.1", b"b"),
            (None, "nobody.test", "HTTP/1.1", b"default"),
            ("other.test", "b.test", "HTTP/1.1", b"b"),
            ("x.c", "x.c", "HTTP/1.1", b"regex x"),
            ("x.c", "y.c", "HTTP/1.1", b"regex y")):
        for address in pair.addresses():
            with SecureClient(address, name) as client:
                assert client.ask(host=host, version=version).body == expected, (name, host)


def test_a_server_that_rejects(lab, certificates, values):
    rpcd = lab.rpcd("""
    server { listen {host}:{port} ssl default_server; ssl_reject_handshake on; }
    server { listen {host}:{port} ssl; server_name a.test; """ + A + """ return 200 a; }
    """, **values)
    for name in (None, "unknown.test"):
        with pytest.raises(ssl.SSLError, match="UNRECOGNIZED_NAME"):
            SecureClient(lab.port, name)
    with SecureClient(lab.port, "a.test") as client:
        assert client.ask(host="a.test").body == b"a"
    rpcd.wait_for_text("handshake rejected while SSL handshaking, client: 127.0.0.1, server: "
                       f"127.0.0.1:{lab.port}")


def test_a_server_without_a_certificate(lab, values):
    """It is served with the default server's, and whatever else it names nobody opens; nor a key
    that there is no certificate for."""
    pair = lab.pair("""
    server { listen {host}:{port} ssl default_server; """ + A + """
             ssl_certificate_key missing.key; return 200 a; }
    server { listen {host}:{port} ssl; server_name b.test; ssl_dhparam missing.dh;
             ssl_crl missing.crl; ssl_session_ticket_key missing.key; return 200 b; }
    """, **values)
    for address in pair.addresses():
        with SecureClient(address, "b.test") as client:
            assert client.ask(host="b.test").body == b"b"


def test_plain_http(lab, values):
    """nginx's 497, which error_page can answer."""
    pair = lab.pair(SITE % "location / { return 200 a; }" +
                    "server { listen {host}:{other} ssl; " + A +
                    " error_page 497 https://$host:{other}$request_uri; return 200 a; }",
                    other=lab.new_port(), **values)
    answers = pair.ask()
    assert {response.status for response in answers} == {400}
    for response in answers:
        assert b"<center>The plain HTTP request was sent to HTTPS port</center>" in response.body
        assert response.get("Connection") == "close"


def test_a_redirect_for_plain_http(lab, values):
    pair = lab.pair("server { listen {host}:{port} ssl; server_name a.test; " + A +
                    " error_page 497 https://$host:{port}$request_uri; return 200 a; }", **values)
    for response in pair.ask("/x?y", host="a.test"):
        assert response.status == 302
        assert response.get("Location") == f"https://a.test:{lab.port}/x?y"


# --- variables ---

VARIABLES = ("$ssl_protocol|$ssl_cipher|$ssl_curve|$ssl_server_name|$ssl_alpn_protocol|"
             "$ssl_session_reused|$ssl_session_id|$ssl_ciphers|$ssl_curves")


@pytest.mark.parametrize("version", [TLS12, TLS13])
def test_variables(lab, values, version):
    """As nginx, but for what is random, and what 1.22 calls otherwise."""
    pair = lab.pair(SITE % f"ssl_protocols TLSv1.2 TLSv1.3; return 200 '{VARIABLES}';", **values)
    context = client_context(version=version, alpn=["http/1.1"])
    said = []
    for address in pair.addresses():
        with SecureClient(address, "a.test", context) as client:
            said.append(client.ask().body.decode().split("|"))
            assert said[-1][:2] == [client.socket.version(), client.socket.cipher()[0]]
    theirs, ours = said
    assert re.fullmatch(r"([0-9a-f]{64})?", ours.pop(6))
    theirs.pop(6)
    assert ours == theirs
    assert ours[2:6] == ["X25519", "a.test", "http/1.1", "."]
    assert "TLS_AES_128_GCM_SHA256" in ours[6] or version == TLS12
    assert ours[7].split(":")[:2] == ["X25519", "prime256v1"]


def test_variables_without_tls(lab, values):
    pair = lab.pair("server { listen {host}:{port}; return 200 '$https|" + VARIABLES + "'; }")
    assert [response.body for response in pair.ask()] == [b"|" * 9] * 2


# --- what files are needed for ---

def refused(lab, settings, complaint, **values):
    """A start is refused, a reload leaves what there is."""
    bad = "server { listen {host}:{port} ssl; " + settings + " return 200 bad; }"
    daemon = lab.new_rpcd()
    daemon.compile(lab.text_for(daemon, bad, **values))
    result = subprocess.run([os.path.join(os.path.dirname(RPC), "rpcd"), "-p", daemon.folder,
                             daemon.folder / "site.rpt"], capture_output=True, text=True, timeout=30)
    assert result.returncode == 1
    assert re.search(complaint, result.stderr), result.stderr
    lab.daemons.remove(daemon)
    rpcd = lab.rpcd("server { listen {host}:{port}; return 200 good; }")
    rpcd.expects_alerts = True
    rpcd.reload(lab.text_for(rpcd, bad, **values))
    wait_until(lambda: re.search(complaint, rpcd.text("error.log")), "the complaint")
    with lab.client() as client:
        assert client.ask().body == b"good"


@pytest.mark.parametrize("settings, complaint", [
    ("ssl_certificate missing.pem; ssl_certificate_key {a_key};",
     r'site.conf:\d+: ssl_certificate ".*/missing.pem": No such file or directory'),
    ("ssl_certificate {a_chain}; ssl_certificate_key missing.key;",
     r'ssl_certificate_key ".*/missing.key": No such file or directory'),
    ("ssl_certificate {a_chain}; ssl_certificate_key {b_key};",
     r'ssl_certificate_key ".*/b.key": SSL: .*key values mismatch'),
    ("ssl_certificate {a_key}; ssl_certificate_key {a_key};",
     r'ssl_certificate ".*/a.key": SSL: .*no start line'),
    (A + "ssl_dhparam {a_key};", r'ssl_dhparam ".*/a.key": SSL: '),
])
def test_files_that_do_not_work(lab, values, settings, complaint):
    refused(lab, settings, complaint, **values)


def test_an_expired_certificate_is_served(lab, certificates, values):
    lab.rpcd("server { listen {host}:{port} ssl; " + with_certificate("expired") +
             "return 200 old; }", **values)
    with SecureClient(lab.port, "a.test") as client:
        assert client.ask().body == b"old"


def test_workers_need_no_right_to_read_keys(lab, certificates, values, trusting):
    if os.geteuid() != 0:
        pytest.skip("there is nobody to be but oneself")
    assert certificates.a.key.stat().st_mode & 0o077 == 0
    lab.rpcd(HELLO, **values)
    with SecureClient(lab.port, "a.test", trusting) as client:
        assert client.ask().body == b"hello a.test"


# --- reloads ---

def test_a_renewed_certificate(lab, certificates, values, trusting):
    """certbot's way, under load: no handshake fails, and the new one is shown after the reload."""
    place = lab.folder("live")
    for source, name in ((certificates.a.chain, "a.chain.pem"), (certificates.a.key, "a.key")):
        shutil.copy(source, place / name)
    rpcd = lab.rpcd("server { listen {host}:{port} ssl; server_name a.test; "
                    "ssl_certificate {place}/a.chain.pem; ssl_certificate_key {place}/a.key; "
                    "return 200 $pid; }", place=place, workers=2, **values)
    stop, failures, shown = threading.Event(), [], []

    def keep_asking():
        while not stop.is_set():
            try:
                with SecureClient(lab.port, "a.test", trusting) as client:
                    assert client.ask(host="a.test").status == 200
                    shown.append(client.certificate)
            except Exception as error:
                failures.append(error)
    threads = [threading.Thread(target=keep_asking) for _ in range(4)]
    for thread in threads:
        thread.start()
    kept = SecureClient(lab.port, "a.test", trusting)
    seen = set()
    for _ in range(5):
        certificates.renew("a", place, ["DNS:a.test"])
        text = (place / "a.chain.pem").read_text()
        new = ssl.PEM_cert_to_DER_cert(text[:text.index("-----END")] + "-----END CERTIFICATE-----\n")
        rpcd.send_signal(signal.SIGHUP)
        wait_until(lambda: new in shown, "the new certificate")
        seen.add(new)
        assert kept.ask(host="a.test").status == 200
    stop.set()
    for thread in threads:
        thread.join()
    kept.close()
    assert failures == [] and len(seen) == 5
    # The last one is everywhere: whoever asks now is shown no other.
    for _ in range(8):
        with SecureClient(lab.port, "a.test", trusting) as client:
            assert client.certificate == new


# --- clients that do not play along ---

def test_garbage_and_truncated_handshakes(lab, values):
    rpcd = lab.rpcd(HELLO, **values)
    hello = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + os.urandom(32)
    for data in (b"\x16", b"\x16\x03\x01", hello, b"\x16\x03\x01\xff\xff" + os.urandom(2000),
                 b"\x80" + os.urandom(300), b"\x16" + os.urandom(5000),
                 b"\x16\x03\x01\x40\x00\x01\x00\xff\xff" + bytes(20000)):
        client = Client(lab.port)
        with contextlib.suppress(OSError):  # it may have been broken off by now
            client.send(data)
            client.socket.shutdown(socket.SHUT_WR)
            client.read_rest()
        client.close()
    Client(lab.port).close()
    client = Client(lab.port)
    client.send(hello)
    client.reset()
    with SecureClient(lab.port, "a.test") as client:
        assert client.ask().body == b"hello a.test"
    rpcd.wait_for_text("while SSL handshaking, client: 127.0.0.1, server: ")
    assert "[alert]" not in rpcd.text("error.log")


def test_garbage_after_the_handshake(lab, values):
    rpcd = lab.rpcd(HELLO, **values)
    client = SecureClient(lab.port, "a.test")
    assert client.ask().body == b"hello a.test"
    socket.socket(fileno=os.dup(client.socket.fileno())).sendall(
        b"\x17\x03\x03\x00\x20" + os.urandom(32))
    with contextlib.suppress(OSError):
        assert client.socket.recv(1) == b""
    rpcd.wait_for_text("SSL_read() failed (SSL: error:")
    rpcd.wait_for_text(f"client: 127.0.0.1, server: 127.0.0.1:{lab.port}")


def test_a_handshake_that_takes_too_long(lab, values):
    rpcd = lab.rpcd(SITE % "client_header_timeout 1s; return 200 a;", **values)
    silent, slow = Client(lab.port), Client(lab.port)
    started = time.monotonic()
    slow.send(b"\x16\x03\x01")
    assert silent.is_closed() and slow.is_closed()
    assert 0.8 < time.monotonic() - started < 4
    rpcd.wait_for_text("client timed out while SSL handshaking")


def test_renegotiation_is_refused(lab, values):
    lab.rpcd(HELLO, **values)
    process = subprocess.Popen(
        ["openssl", "s_client", "-connect", f"127.0.0.1:{lab.port}", "-tls1_2", "-servername",
         "a.test"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    process.stdin.write(b"R\n")
    process.stdin.flush()
    said = b""
    while b"no renegotiation" not in said.lower():
        piece = os.read(process.stdout.fileno(), 65536)
        assert piece, said
        said += piece
    process.stdin.close()
    said += process.stdout.read()
    process.wait(20)
    assert b"RENEGOTIATING" in said and b"no renegotiation" in said.lower()
    with SecureClient(lab.port, "a.test") as client:
        assert client.ask().body == b"hello a.test"


def test_protocols_and_ciphers(lab, values):
    lab.rpcd(SITE % "ssl_protocols TLSv1.2; ssl_ciphers ECDHE-ECDSA-AES256-GCM-SHA384; return 200 a;",
             **values)
    with pytest.raises(ssl.SSLError):
        SecureClient(lab.port, "a.test", client_context(version=TLS13))
    with SecureClient(lab.port, "a.test") as client:
        assert client.socket.version() == "TLSv1.2"
        assert client.socket.cipher()[0] == "ECDHE-ECDSA-AES256-GCM-SHA384"


def test_versions_of_the_server_asked_for(lab, values):
    """As nginx 1.29.2, where the ClientHello is looked at before versions are chosen."""
    lab.rpcd("server { listen {host}:{port} ssl; server_name a.test; " + A +
             "ssl_protocols TLSv1.3; return 200 a; }"
             "server { listen {host}:{port} ssl; server_name b.test; " + B +
             "ssl_protocols TLSv1.2; return 200 b; }", **values)
    for name, version in (("a.test", "TLSv1.3"), ("b.test", "TLSv1.2")):
        with SecureClient(lab.port, name) as client:
            assert client.socket.version() == version


def test_alpn(lab, values):
    lab.rpcd(HELLO, **values)
    for offered, chosen in ((["http/1.1"], "http/1.1"), (["h2", "http/1.1"], "http/1.1"),
                            (["x", "http/1.0"], "http/1.0"), (None, None)):
        with SecureClient(lab.port, "a.test", client_context(alpn=offered)) as client:
            assert client.socket.selected_alpn_protocol() == chosen
            assert client.ask().status == 200
    with pytest.raises(ssl.SSLError, match="no application protocol"):
        SecureClient(lab.port, "a.test", client_context(alpn=["smtp"]))


def test_alpn_of_some_protocols(lab, values):
    lab.rpcd(SITE % "ssl_alpn http/1.0; return 200 a;", **values)
    with SecureClient(lab.port, "a.test", client_context(alpn=["http/1.1", "http/1.0"])) as client:
        assert client.socket.selected_alpn_protocol() == "http/1.0"
    with SecureClient(lab.port, "a.test") as client:
        assert client.ask().body == b"a"
    with pytest.raises(ssl.SSLError, match="no application protocol"):
        SecureClient(lab.port, "a.test", client_context(alpn=["http/1.1"]))


# --- records ---

class Records:
    """A proxy that notes the sizes of the records that a server sends; it sees no more than they
    say themselves."""

    def __init__(self, port):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port, self.target, self.data = self.listener.getsockname()[1], port, b""
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        client = self.listener.accept()[0]
        server = socket.create_connection(("127.0.0.1", self.target))
        threading.Thread(target=self.carry, args=(client, server), daemon=True).start()
        while data := server.recv(65536):
            self.data += data
            client.sendall(data)
        client.close()

    @staticmethod
    def carry(source, target):
        try:
            while data := source.recv(65536):
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def sizes(self):
        sizes, rest = [], self.data
        while len(rest) >= 5:
            size = int.from_bytes(rest[3:5], "big")
            if rest[0] == 23:
                sizes.append(size)
            rest = rest[5 + size:]
        return sizes


@pytest.mark.parametrize("setting, largest", [("", 16384), ("ssl_buffer_size 4k;", 4096),
                                              ("ssl_buffer_size 64k;", 16384)])
def test_the_size_of_records(lab, values, setting, largest):
    body = os.urandom(200000)
    backend = lab.backend(answer(body))
    lab.rpcd(SITE % (setting + "location / { proxy_pass http://127.0.0.1:{backend}; }"),
             backend=backend, **values)
    records = Records(lab.port)
    with SecureClient(records.port, "a.test", client_context(version=TLS12)) as client:
        assert client.ask().body == body
    sizes = records.sizes()
    assert largest < max(sizes) <= largest + 32
    assert len(sizes) <= len(body) / largest + 12


# --- keys ---

def make_key(folder, name, *algorithm):
    openssl("genpkey", *algorithm, "-out", folder / f"{name}.key", folder=folder)
    openssl("req", "-x509", "-new", "-key", f"{name}.key", "-subj", f"/CN={name}.test", "-days", 9,
            "-out", f"{name}.pem", folder=folder)


def test_two_kinds_of_keys(lab):
    """The client's abilities choose the certificate."""
    folder = lab.folder("keys")
    make_key(folder, "rsa", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048")
    make_key(folder, "ec", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256")
    lab.rpcd("server { listen {host}:{port} ssl;"
             "ssl_certificate {keys}/rsa.pem; ssl_certificate_key {keys}/rsa.key;"
             "ssl_certificate {keys}/ec.pem; ssl_certificate_key {keys}/ec.key; return 204; }",
             keys=folder)
    for suites, kind in (("ECDHE-RSA-AES128-GCM-SHA256", "rsa"),
                         ("ECDHE-ECDSA-AES128-GCM-SHA256", "ec")):
        context = client_context(version=TLS12)
        context.set_ciphers(suites)
        with SecureClient(lab.port, "x.test", context) as client:
            assert client.certificate == ssl.PEM_cert_to_DER_cert(
                (folder / f"{kind}.pem").read_text())


def test_a_key_of_another_kind(lab):
    """OpenSSL would take it, and have no certificate to show."""
    folder = lab.folder("keys")
    make_key(folder, "rsa", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048")
    make_key(folder, "ec", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256")
    refused(lab, "ssl_certificate {keys}/rsa.pem; ssl_certificate_key {keys}/ec.key;",
            r'ssl_certificate_key ".*/ec.key": SSL: .*', keys=folder)


@pytest.mark.parametrize("passwords, works", [("wrong\nsecret\n", True), ("secret", True),
                                              ("wrong\r\nsecret\r\n", True), ("wrong\n", False),
                                              ("", False)])
def test_keys_with_passwords(lab, passwords, works):
    folder = lab.folder("keys")
    make_key(folder, "a", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256")
    openssl("pkey", "-in", "a.key", "-aes128", "-passout", "pass:secret", "-out", "a.enc",
            folder=folder)
    (folder / "passwords").write_text(passwords)
    settings = ("ssl_certificate {keys}/a.pem; ssl_certificate_key {keys}/a.enc; "
                "ssl_password_file {keys}/passwords;")
    if not works:
        refused(lab, settings, r'ssl_certificate_key ".*/a.enc": SSL: ', keys=folder)
        return
    lab.rpcd("server { listen {host}:{port} ssl; " + settings + " return 200 a; }", keys=folder)
    with SecureClient(lab.port) as client:
        assert client.ask().body == b"a"


def test_parameters_and_groups(lab, values):
    folder = lab.folder("keys")
    make_key(folder, "rsa", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048")
    openssl("genpkey", "-genparam", "-algorithm", "DH", "-pkeyopt", "group:ffdhe2048", "-out",
            "dh.pem", folder=folder)
    rsa = "ssl_certificate {keys}/rsa.pem; ssl_certificate_key {keys}/rsa.key;"
    lab.rpcd("server { listen {host}:{port} ssl; " + rsa + "ssl_protocols TLSv1.2;"
             "ssl_ciphers DHE-RSA-AES128-GCM-SHA256; ssl_dhparam {keys}/dh.pem; return 204; }"
             "server { listen {host}:{other} ssl; " + A + "ssl_ecdh_curve secp384r1;"
             "return 200 $ssl_curve; }", keys=folder, other=(other := lab.new_port()), **values)
    with SecureClient(lab.port) as client:
        assert client.socket.cipher()[0] == "DHE-RSA-AES128-GCM-SHA256"
    with SecureClient(other) as client:
        assert client.ask().body == b"secp384r1"


def test_commands(lab, values):
    lab.rpcd(SITE % "ssl_conf_command Ciphersuites TLS_CHACHA20_POLY1305_SHA256; return 204;",
             **values)
    with SecureClient(lab.port, "a.test") as client:
        assert client.socket.cipher()[0] == "TLS_CHACHA20_POLY1305_SHA256"


@pytest.mark.parametrize("prefers", ["on", "off"])
def test_whose_order_of_suites_counts(lab, values, prefers):
    lab.rpcd(SITE % ("ssl_protocols TLSv1.2; ssl_ciphers ECDHE-ECDSA-AES256-GCM-SHA384:"
                     "ECDHE-ECDSA-AES128-GCM-SHA256; ssl_prefer_server_ciphers %s; return 204;"
                     % prefers), **values)
    context = client_context(version=TLS12)
    context.set_ciphers("ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384")
    with SecureClient(lab.port, "a.test", context) as client:
        assert client.socket.cipher()[0] == {"on": "ECDHE-ECDSA-AES256-GCM-SHA384",
                                             "off": "ECDHE-ECDSA-AES128-GCM-SHA256"}[prefers]


# --- what else goes over it ---

def test_websockets(lab, certificates, values):
    """wss:// of a real client, with a real server behind."""
    websockets = pytest.importorskip("websockets")
    from test_websocket import EchoServer
    backend = EchoServer()
    lab.rpcd(SITE % "location / { proxy_set_header Upgrade $http_upgrade;"
             "proxy_set_header Connection upgrade; proxy_pass http://127.0.0.1:{backend}; }",
             backend=backend.port, **values)

    async def talk():
        context = client_context(certificates.authority)
        async with websockets.connect(f"wss://127.0.0.1:{lab.port}/", ssl=context,
                                      server_hostname="a.test", max_size=None,
                                      compression=None) as socket:
            for size in (0, 1, 125, 70000, 1 << 20):
                message = os.urandom(size)
                await socket.send(message)
                assert await socket.recv() == message
    try:
        asyncio.run(talk())
    finally:
        backend.close()


def test_a_killed_worker(lab, values):
    """The next one has what it needs, although it cannot read any file."""
    rpcd = lab.rpcd(HELLO, workers=2, **values)
    for _ in range(3):
        for worker in rpcd.workers():
            os.kill(worker, signal.SIGKILL)
        wait_until(lambda: len(rpcd.workers()) == 2, "new workers")
        with SecureClient(lab.port, "a.test") as client:
            assert client.ask().body == b"hello a.test"
    rpcd.expects_alerts = True


def test_a_stop_lets_requests_end(lab, certificates, values):
    """One under way is brought to its end, while a connection that only waits is closed."""
    arrived, go_on = threading.Event(), threading.Event()

    def handler(connection):
        connection.request()
        arrived.set()
        go_on.wait(10)
        connection.send(answer(b"late"))
    rpcd = lab.rpcd(SITE % "location / { proxy_pass http://127.0.0.1:{backend}; } "
                    "location = /here { return 204; }", backend=lab.backend(handler), **values)
    client = SecureClient(lab.port, "a.test")
    client.send(request_bytes("/"))
    assert arrived.wait(10)
    with SecureClient(lab.port, "a.test") as idle:
        assert idle.ask("/here").status == 204  # the handshake is over on both sides
        rpcd.send_signal(signal.SIGQUIT)
        assert idle.is_closed()
    go_on.set()
    response = client.response()
    assert response.body == b"late" and response.get("Connection") == "close"
    client.socket.suppress_ragged_eofs = False
    assert client.socket.recv(1) == b""
    client.close()
    rpcd.wait()


# --- what clients may not cost ---

def memory(process):
    """Kilobytes that a process has written to."""
    text = pathlib.Path(f"/proc/{process}/smaps_rollup").read_text()
    return int(re.search(r"Anonymous: +(\d+)", text).group(1))


def test_a_hello_that_is_too_large(lab, values):
    """OpenSSL takes 16 KiB and a few bytes; nothing of a larger one is kept."""
    lab.rpcd(HELLO, **values)
    for size in (20000, 200000, (1 << 24) - 1):
        client = Client(lab.port)
        record = b"\x01" + size.to_bytes(3, "big") + bytes(16000)
        with contextlib.suppress(OSError):
            for _ in range(40):
                client.send(b"\x16\x03\x01" + len(record).to_bytes(2, "big") + record)
        assert client.read_rest()[:1] in (b"", b"\x15")
        client.close()
    with SecureClient(lab.port, "a.test") as client:
        assert client.ask().body == b"hello a.test"


def test_slow_handshakes_are_bounded(lab, values):
    """Thousands of clients that send half a hello: a few kilobytes each, and others are served."""
    rpcd = lab.rpcd(SITE % "client_header_timeout 30s; return 200 a;",
                    events="worker_connections 4096;", **values)
    with SecureClient(lab.port, "a.test") as client:
        assert client.ask().body == b"a"
    worker, = rpcd.workers()
    before = memory(worker)
    hello = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + os.urandom(200)
    clients = [Client(lab.port) for _ in range(500)]
    for client in clients:
        client.send(hello)
    with SecureClient(lab.port, "a.test") as client:
        assert client.ask().body == b"a"
    if not SANITIZED:
        assert (memory(worker) - before) / len(clients) < 48
    for client in clients:
        client.close()


def test_a_client_that_does_not_read(lab, values):
    """What waits for it is bounded, whatever the backend has."""
    rpcd = lab.rpcd(SITE % "location / { proxy_pass http://127.0.0.1:{backend}; proxy_buffers 4 8k;"
                    "proxy_max_temp_file_size 0; }",
                    backend=lab.backend(answer(bytes(1 << 26))), **values)
    worker, = rpcd.workers()
    with SecureClient(lab.port, "a.test", receive_buffer=4096) as client:
        client.send(request_bytes("/"))
        used = wait_until_still(lambda: memory(worker), "the worker's memory")
        if not SANITIZED:
            assert used < 8192
        assert len(client.response().body) == 1 << 26


@needs_strace
@pytest.mark.skipif(SANITIZED, reason="sanitizers make system calls of their own")
def test_system_calls(lab, values):
    """A request on a kept connection: one read and one write, besides its share of a wait."""
    rpcd = lab.rpcd(HELLO, **values)
    with SecureClient(lab.port, "a.test") as client:
        client.ask()

        def ask():
            for _ in range(100):
                assert client.ask().body == b"hello a.test"
        try:
            counts, _ = syscalls(rpcd.workers()[0], ask)
        except AssertionError:
            pytest.skip("strace may not attach here")
    waits = sum(counts.pop(name, 0) for name in ("epoll_wait", "poll", "ppoll"))
    assert waits <= 110 and sum(counts.values()) <= 210, counts
