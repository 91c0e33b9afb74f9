"""Backends behind TLS: who they are, who we are, sessions, bodies both ways, and how it ends."""

import asyncio
import os
import re
import signal
import ssl
import subprocess
import threading
import time

import pytest

from lab import Client, Incomplete, answer, wait_until
from lab.certificates import Authority, certificate_folder
from lab.daemon import SANITIZED
from lab.http import request_bytes

from test_load import needs_strace, syscalls

PLAIN = "server { listen {host}:{port}; location / { proxy_pass https://127.0.0.1:{backend}; %s } }"
VERIFY = "proxy_ssl_verify on; proxy_ssl_trusted_certificate {trusted};"


class Certificates:
    """Made once; nothing of it is trusted outside of a test."""

    def __init__(self, folder):
        self.folder = folder
        self.authority = Authority(folder, "authority")
        self.other = Authority(folder, "other")
        self.middle = Authority(folder, "middle", self.authority)
        self.lower = Authority(folder, "lower", self.middle)
        self.server = self.authority.issue("server", ["DNS:backend.test", "IP:127.0.0.1", "IP:::1"])
        self.nameless = self.authority.issue("nameless", [], "/CN=127.0.0.1")
        self.expired = self.authority.issue("expired", dates=("-days", "-1"))
        self.deep = self.lower.issue("deep")
        self.client = self.authority.issue("client", ["DNS:client.test"], "/CN=the client")
        self.stranger = self.other.issue("stranger", ["DNS:client.test"])
        self.revoked = self.authority.issue("revoked")
        self.revocations = self.authority.revoke(self.revoked)


@pytest.fixture(scope="module")
def certificates():
    with certificate_folder() as folder:
        yield Certificates(folder)


@pytest.fixture
def values(certificates):
    return {"trusted": certificates.authority.pem}


def echo(connection):
    while (request := connection.request()) is not None:
        connection.send(answer(request.body))


def tls_backend(lab, certificate, handler=None, **options):
    return lab.backend(handler, tls=certificate.server_context(**options))


# --- who the backend is ---

def test_a_backend_is_asked_by_tls(lab, certificates):
    backend = tls_backend(lab, certificates.server)
    rpcd = lab.rpcd("log_format f '$upstream_addr $upstream_status $proxy_host $proxy_port';"
                    "access_log access.log f;" + PLAIN % "", backend=backend)
    with lab.client() as client:
        assert client.ask("/x").body == b"ok"
    assert backend.last.target == "/x"
    assert backend.last.get("Host") == f"127.0.0.1:{backend.port}"
    assert rpcd.wait_for_line() == f"127.0.0.1:{backend.port} 200 127.0.0.1:{backend.port} " \
        f"{backend.port}"


def test_a_group_and_variables(lab, certificates):
    backend = tls_backend(lab, certificates.server)
    lab.rpcd("""
    upstream backend.test { server 127.0.0.1:{backend}; }
    server {
        listen {port};
        proxy_ssl_server_name on;
        location /group { proxy_pass https://backend.test; }
        location /scheme { set $scheme_of_back https; proxy_pass $scheme_of_back://backend.test; }
        location /address { set $port_of_back {backend}; proxy_pass https://127.0.0.1:$port_of_back; }
    }""", backend=backend)
    for target, name in (("/group", "backend.test"), ("/scheme", "backend.test"), ("/address", None)):
        with lab.client() as client:
            assert client.ask(target).body == b"ok"
        assert backend.last.target == target
        assert backend.connections[-1].asked_name == name


def test_the_default_port_is_that_of_https(lab):
    """Nobody listens there, and the log says where it would have been."""
    rpcd = lab.rpcd("server { listen {port}; location / { proxy_pass https://127.0.0.9; } "
                    "location /v { set $h 127.0.0.9; proxy_pass https://$h; } }")
    for target in ("/", "/v"):
        with lab.client() as client:
            assert client.ask(target).status == 502
    rpcd.wait_for_text('upstream: "https://127.0.0.9:443/"')
    rpcd.wait_for_text('upstream: "https://127.0.0.9:443/v"')


@pytest.mark.parametrize("settings, name", [
    ("", None),
    ("proxy_ssl_server_name on;", None),  # an address is no name (RFC 6066 3)
    ("proxy_ssl_server_name on; proxy_ssl_name backend.test;", "backend.test"),
    ("proxy_ssl_server_name on; proxy_ssl_name $host;", "asked.example"),
    ("proxy_ssl_server_name on; proxy_ssl_name $http_host;", "asked.example"),
    ("proxy_ssl_server_name on; proxy_ssl_name [::1]:443;", None),
    ("proxy_ssl_server_name on; proxy_ssl_name '';", None),
    ("proxy_ssl_name backend.test;", None),
])
def test_the_name_that_the_backend_is_told(lab, certificates, settings, name):
    backend = tls_backend(lab, certificates.server)
    pair = lab.pair(PLAIN % settings, backend=backend)
    for response in pair.ask(host="asked.example:80"):
        assert response.status == 200
    assert [connection.asked_name for connection in backend.connections] == [name, name]


def test_a_name_that_is_too_long(lab, certificates):
    backend = tls_backend(lab, certificates.server)
    lab.rpcd(PLAIN % "proxy_ssl_server_name on; proxy_ssl_name $http_name;", backend=backend)
    with lab.client() as client:
        assert client.ask(headers=[("Name", "x" * 255)]).status == 200
        assert client.ask(headers=[("Name", "x" * 256)]).status == 502
        assert client.ask(headers=[("Name", "x")]).status == 200


@pytest.mark.parametrize("name", ["backend.test", "BACKEND.test", "backend.test:8443"])
def test_a_verified_backend(lab, certificates, values, name):
    backend = tls_backend(lab, certificates.server)
    pair = lab.pair(PLAIN % f"{VERIFY} proxy_ssl_name {name};", backend=backend, **values)
    assert [response.status for response in pair.ask()] == [200, 200]


@pytest.mark.parametrize("name", ["127.0.0.1", "[::1]"])
def test_an_address_is_looked_for_among_addresses(lab, certificates, values, name):
    """nginx compares it with names alone."""
    backend = tls_backend(lab, certificates.server)
    lab.rpcd(PLAIN % f"{VERIFY} proxy_ssl_name {name};", backend=backend, **values)
    with lab.client() as client:
        assert client.ask().status == 200


def test_an_address_that_is_a_name(lab, certificates, values):
    """As old certificates have it."""
    backend = tls_backend(lab, certificates.nameless)
    pair = lab.pair(PLAIN % VERIFY, backend=backend, **values)
    assert [response.status for response in pair.ask()] == [200, 200]


# What is wrong, with what settings, and what the log says: the same as nginx's.
REFUSED = {
    "unknown authority": ("server", "proxy_ssl_name backend.test; proxy_ssl_verify on;"
                          "proxy_ssl_trusted_certificate {other};",
                          "upstream SSL certificate verify error: "
                          "(20:unable to get local issuer certificate)"),
    "wrong name": ("server", VERIFY + "proxy_ssl_name other.test;",
                   'upstream SSL certificate does not match "other.test"'),
    "expired": ("expired", VERIFY + "proxy_ssl_name backend.test;",
                "upstream SSL certificate verify error: (10:certificate has expired)"),
    "depth": ("deep", VERIFY + "proxy_ssl_name backend.test;",
              "upstream SSL certificate verify error: (22:certificate chain too long)"),
    "revoked": ("revoked", VERIFY + "proxy_ssl_name backend.test; proxy_ssl_crl {crl};",
                "upstream SSL certificate verify error: (23:certificate revoked)"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_a_backend_that_is_refused(lab, certificates, values, what):
    name, settings, message = REFUSED[what]
    values |= {"other": certificates.other.pem, "crl": certificates.revocations}
    backend = tls_backend(lab, getattr(certificates, name))
    pair = lab.pair(PLAIN % settings, backend=backend, **values)
    assert [response.status for response in pair.ask()] == [502, 502]
    # nginx has the last thing that was wrong, rpcd the first.
    for daemon in (pair.nginx, pair.rpcd):
        daemon.wait_for_text(message[:message.find("(") if "(" in message else None])
        daemon.wait_for_text("while SSL handshaking to upstream, client: 127.0.0.1")
    pair.rpcd.wait_for_text(message)
    pair.rpcd.wait_for_text(f'upstream: "https://127.0.0.1:{backend.port}/"')
    assert backend.requests == []


def test_a_deep_chain_that_is_allowed(lab, certificates, values):
    backend = tls_backend(lab, certificates.deep)
    pair = lab.pair(PLAIN % (VERIFY + "proxy_ssl_name backend.test; proxy_ssl_verify_depth 2;"),
                    backend=backend, **values)
    assert [response.status for response in pair.ask()] == [200, 200]


def test_a_revocation_list_that_has_others(lab, certificates, values):
    values["crl"] = certificates.revocations
    backend = tls_backend(lab, certificates.server)
    lab.rpcd(PLAIN % (VERIFY + "proxy_ssl_name backend.test; proxy_ssl_crl {crl};"),
             backend=backend, **values)
    with lab.client() as client:
        assert client.ask().status == 200


def test_another_peer_is_asked_when_one_is_refused(lab, certificates, values):
    """A failed handshake is an error like a failed connect."""
    bad = tls_backend(lab, certificates.expired)
    good = tls_backend(lab, certificates.server)
    lab.rpcd("upstream backend.test { server 127.0.0.1:{bad}; server 127.0.0.1:{good}; }"
             "server { listen {port}; location / { proxy_pass https://backend.test; " + VERIFY +
             " } }", bad=bad, good=good, **values)
    with lab.client() as client:
        for _ in range(3):
            assert client.ask(method="POST", body=b"x").body == b"ok"
    assert bad.requests == []
    assert len(bad.connections) == 1


# --- handshakes that fail otherwise ---

def test_a_backend_that_speaks_no_tls(lab):
    backend = lab.backend(lambda connection: connection.send(b"HTTP/1.1 200 OK\r\n\r\n"))
    rpcd = lab.rpcd(PLAIN % "", backend=backend)
    with lab.client() as client:
        assert client.ask().status == 502
    rpcd.wait_for_text("SSL_do_handshake() failed (SSL: error:0A00010B:SSL routines::"
                       "wrong version number) while SSL handshaking to upstream")


def test_a_backend_that_closes_at_once(lab):
    backend = lab.backend(lambda connection: connection.socket.recv(1000))
    rpcd = lab.rpcd(PLAIN % "", backend=backend)
    with lab.client() as client:
        assert client.ask().status == 502
    rpcd.wait_for_text("while SSL handshaking to upstream")


def test_a_backend_that_never_answers(lab):
    """proxy_connect_timeout is for connect and handshake together."""
    rpcd = lab.rpcd(PLAIN % "proxy_connect_timeout 500ms;",
                    backend=lab.backend(lambda connection: connection.read_rest()))
    with lab.client() as client:
        assert client.ask().status == 504
    rpcd.wait_for_text("upstream timed out (110: Connection timed out) while SSL handshaking to "
                       "upstream")


def test_the_time_to_connect_is_that_of_the_handshake_too(lab, certificates):
    context = certificates.server.server_context()

    def handler(connection):
        time.sleep(0.4)
        connection.secure(context)
        connection.request()
        connection.send(answer())

    backend = lab.backend(handler)
    rpcd = lab.rpcd("log_format f $upstream_connect_time; access_log access.log f;" + PLAIN % "",
                    backend=backend)
    with lab.client() as client:
        assert client.ask().status == 200
    assert 0.3 < float(rpcd.wait_for_line()) < 5


def test_a_unix_socket(lab, certificates, values):
    """Its connections are there at once, so that nothing but the handshake is waited for."""
    path = str(lab.root / "backend.sock")
    backend = lab.backend(echo, tls=certificates.server.server_context(), address=path)
    os.chmod(path, 0o666)
    lab.rpcd("server { listen {port}; location / { proxy_pass https://unix:{path}; "
             "proxy_ssl_server_name on; proxy_ssl_name backend.test; " + VERIFY + " } }",
             path=path, **values)
    with lab.client() as client:
        for body in (b"", b"x" * 300_000):
            assert client.ask(method="PUT", body=body).body == body
    assert backend.connections[0].asked_name == "backend.test"
    assert len(backend.connections) == 1


def test_the_proxy_protocol_comes_before_the_handshake(lab, certificates):
    context = certificates.server.server_context()
    lines = []

    def handler(connection):
        line = b""
        while not line.endswith(b"\n"):
            line += connection.socket.recv(1)
        lines.append(line)
        connection.secure(context)
        connection.request()
        connection.send(answer())

    backend = lab.backend(handler)
    lab.rpcd(PLAIN % "proxy_protocol on;", backend=backend)
    with lab.client() as client:
        assert client.ask().status == 200
        assert client.ask().status == 200
    assert len(lines) == 2
    assert all(line.startswith(b"PROXY TCP4 127.0.0.1 127.0.0.1 ") for line in lines)


@pytest.mark.parametrize("settings, version, status", [
    ("proxy_ssl_protocols TLSv1.2;", ssl.TLSVersion.TLSv1_2, 200),
    ("proxy_ssl_protocols TLSv1.3;", ssl.TLSVersion.TLSv1_2, 502),
    ("proxy_ssl_protocols TLSv1.2;", ssl.TLSVersion.TLSv1_3, 502),
    ("", ssl.TLSVersion.TLSv1_2, 200),
    ("", ssl.TLSVersion.TLSv1_3, 200),
])
def test_versions(lab, certificates, settings, version, status):
    backend = tls_backend(lab, certificates.server, version=version)
    lab.rpcd(PLAIN % settings, backend=backend)
    with lab.client() as client:
        assert client.ask().status == status


def test_ciphers_and_commands(lab, certificates):
    backend = tls_backend(lab, certificates.server, version=ssl.TLSVersion.TLSv1_2)
    lab.rpcd("""server { listen {port};
    location /one { proxy_ssl_ciphers ECDHE-ECDSA-AES256-GCM-SHA384;
                    proxy_pass https://127.0.0.1:{backend}; }
    location /two { proxy_ssl_conf_command CipherString ECDHE-ECDSA-CHACHA20-POLY1305;
                    proxy_pass https://127.0.0.1:{backend}; }
    location /none { proxy_ssl_ciphers AES128-SHA; proxy_pass https://127.0.0.1:{backend}; } }""",
             backend=backend)
    with lab.client() as client:
        assert client.ask("/one").status == 200
        assert client.ask("/two").status == 200
        assert [connection.socket.cipher()[0] for connection in backend.connections] == \
            ["ECDHE-ECDSA-AES256-GCM-SHA384", "ECDHE-ECDSA-CHACHA20-POLY1305"]
        assert client.ask("/none").status == 502


# --- who we are ---

CLIENT = "proxy_ssl_certificate {certificate}; proxy_ssl_certificate_key {key};"


def test_a_backend_that_wants_a_certificate(lab, certificates):
    backend = tls_backend(lab, certificates.server, authority=certificates.authority)
    lab.rpcd(PLAIN % CLIENT, backend=backend, certificate=certificates.client.pem,
             key=certificates.client.key)
    with lab.client() as client:
        assert client.ask().status == 200
    subject = backend.connections[0].socket.getpeercert()["subject"]
    assert (("commonName", "the client"),) in subject


@pytest.mark.parametrize("settings", ["", CLIENT])
@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_a_backend_that_does_not_take_us(lab, certificates, settings, version):
    """In TLS 1.3 that is heard after the handshake, when the response is expected."""
    backend = tls_backend(lab, certificates.server, authority=certificates.authority,
                          version=version)
    rpcd = lab.rpcd(PLAIN % settings, backend=backend, certificate=certificates.stranger.pem,
                    key=certificates.stranger.key)
    with lab.client() as client:
        assert client.ask().status == 502
    assert backend.requests == []
    rpcd.wait_for_text("upstream, client: 127.0.0.1")
    if version == ssl.TLSVersion.TLSv1_2 or settings == "":
        assert re.search(r"SSL_(do_handshake|read)\(\) failed \(SSL: error:\w+:SSL routines::|"
                         "prematurely closed|Connection reset", rpcd.text("error.log"))


def test_a_key_with_a_password(lab, certificates):
    protected = lab.root / "protected.key"
    subprocess.run(["openssl", "pkey", "-in", certificates.client.key, "-aes256", "-passout",
                    "pass:second word", "-out", protected], check=True)
    (lab.root / "passwords").write_text("first\nsecond word\n")
    backend = tls_backend(lab, certificates.server, authority=certificates.authority)
    rpcd = lab.rpcd(PLAIN % (CLIENT + "proxy_ssl_password_file {passwords};"), backend=backend,
                    certificate=certificates.client.pem, key=protected,
                    passwords=lab.root / "passwords")
    with lab.client() as client:
        assert client.ask().status == 200
    (lab.root / "passwords").write_text("wrong\n")
    rpcd.expects_alerts = True
    rpcd.send_signal(signal.SIGHUP)
    rpcd.wait_for_text(f'proxy_ssl_certificate_key "{protected}": SSL: error:')
    with lab.client() as client:
        assert client.ask().status == 200


@pytest.mark.skipif(os.geteuid() != 0 or SANITIZED, reason="only root can give up root")
def test_a_key_that_only_root_can_read(lab, certificates):
    """The workers have given root up; the file was read before, and may be gone since."""
    folder = lab.root / "closed"
    folder.mkdir(mode=0o700)
    key = folder / "key"
    key.write_bytes(certificates.client.key.read_bytes())
    key.chmod(0o600)
    backend = tls_backend(lab, certificates.server, authority=certificates.authority)
    rpcd = lab.rpcd(PLAIN % CLIENT, main="user nobody;", backend=backend,
                    certificate=certificates.client.pem, key=key)
    key.unlink()
    with lab.client() as client:
        assert client.ask().status == 200
    rpcd.expects_alerts = True
    worker = rpcd.workers()[0]
    os.kill(worker, signal.SIGKILL)
    wait_until(lambda: rpcd.children() not in ([], [worker]), "a new worker")
    with lab.client() as client:
        assert client.ask().status == 200


# --- loading ---

def refused_start(lab, http, **values):
    daemon = lab.new_rpcd()
    daemon.compile(lab.text_for(daemon, http, **values))
    with pytest.raises(AssertionError) as failure:
        daemon.start()
    return str(failure.value)


def test_files_that_are_missing_or_wrong(lab, certificates):
    """Each is named with its directive and the location that needs it."""
    garbage = lab.root / "garbage.pem"
    garbage.write_text("nothing of that kind\n")
    options = {"backend": 9, "certificate": certificates.client.pem, "key": certificates.client.key}
    for settings, message in [
        ("proxy_ssl_verify on; proxy_ssl_trusted_certificate none.pem;",
         r'proxy_ssl_trusted_certificate "\S*none.pem": No such file or directory'),
        (f"proxy_ssl_verify on; proxy_ssl_trusted_certificate {garbage};",
         rf'proxy_ssl_trusted_certificate "{garbage}": '),
        (f"proxy_ssl_verify on; proxy_ssl_trusted_certificate {options['key']};",
         r'proxy_ssl_trusted_certificate "\S*client.key": it holds no certificate'),
        ("proxy_ssl_verify on; proxy_ssl_trusted_certificate {certificate}; proxy_ssl_crl none;",
         r'proxy_ssl_crl "\S*none": No such file or directory'),
        ("proxy_ssl_certificate {key}; proxy_ssl_certificate_key {key};",
         r'proxy_ssl_certificate "\S*client.key": SSL: error:.*no start line'),
        (f"proxy_ssl_certificate {{certificate}}; proxy_ssl_certificate_key "
         f"{certificates.server.key};",
         r'proxy_ssl_certificate_key "\S*server.key": SSL: error:.*key values mismatch'),
        ("proxy_ssl_certificate {certificate}; proxy_ssl_certificate_key {folder};",
         r'proxy_ssl_certificate_key "\S*": Is a directory'),
        # Of another distribution; what no OpenSSL knows is not compiled in the first place.
        ("proxy_ssl_ciphers PROFILE=SYSTEM;",
         r'proxy_ssl_ciphers "PROFILE=SYSTEM": SSL: error:.*no cipher match'),
    ]:
        said = refused_start(lab, PLAIN % settings, **options)
        assert re.search(rf"site.conf:\d+: {message}", said), (settings, said)


def test_files_that_nobody_needs_are_not_opened(lab, certificates):
    backend = lab.backend()
    lab.rpcd("""
    proxy_ssl_trusted_certificate none.pem;
    proxy_ssl_certificate none.pem;
    proxy_ssl_certificate_key none.pem;
    server { listen {port}; location / { proxy_pass http://127.0.0.1:{backend}; } }""",
             backend=backend)
    with lab.client() as client:
        assert client.ask().status == 200


def test_a_reload_with_a_bad_file_keeps_the_old_table(lab, certificates, values):
    backend = tls_backend(lab, certificates.server)
    trusted = lab.root / "trusted.pem"
    trusted.write_bytes(certificates.authority.pem.read_bytes())
    text = PLAIN % (VERIFY + "proxy_ssl_name backend.test;")
    rpcd = lab.rpcd(text, backend=backend, trusted=trusted)
    with lab.client() as client:
        assert client.ask().status == 200
        trusted.unlink()
        rpcd.expects_alerts = True
        rpcd.send_signal(signal.SIGHUP)
        rpcd.wait_for_text("cannot reload, the previous table stays: site.conf:")
        rpcd.wait_for_text(f'proxy_ssl_trusted_certificate "{trusted}": No such file')
        assert client.ask().status == 200
        # What another reload finds is used, for connections that are there as for new ones.
        trusted.write_bytes(certificates.other.pem.read_bytes())
        lab.reload(rpcd, text, backend=backend, trusted=trusted)
        assert client.ask().status == 502


def test_a_reload_without_changes_keeps_connections_and_sessions(lab, certificates):
    backend = tls_backend(lab, certificates.server)
    text = PLAIN % ""
    rpcd = lab.rpcd(text, backend=backend)
    with lab.client() as client:
        assert client.ask().status == 200
        lab.reload(rpcd, text + "# changed", backend=backend)
        lab.reload(rpcd, (PLAIN % "proxy_read_timeout 7s;"), backend=backend)
        assert client.ask().status == 200
        assert len(backend.connections) == 1
        lab.reload(rpcd, PLAIN % "proxy_ssl_protocols TLSv1.2;", backend=backend)
        assert client.ask().status == 200
    assert len(backend.connections) == 2
    assert backend.connections[1].socket.version() == "TLSv1.2"


# --- sessions and kept connections ---

@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
@pytest.mark.parametrize("settings, resumed", [
    ("", [False, True, True]),
    ("proxy_ssl_session_reuse off;", [False, False, False]),
])
def test_sessions_are_resumed(lab, certificates, version, settings, resumed):
    def once(connection):
        connection.request()
        connection.send(answer(headers=[("Connection", "close")]))

    backend = tls_backend(lab, certificates.server, once, version=version)
    pair = lab.pair("proxy_ssl_protocols TLSv1.2 TLSv1.3;" + PLAIN % settings, backend=backend)

    def ask(address):
        with Client(address) as client:
            return [client.ask().status for _ in range(3)]

    assert pair.both(ask) == [[200] * 3] * 2
    seen = [connection.is_resumed for connection in backend.connections]
    assert seen == resumed * 2


def test_a_session_is_for_one_name_only(lab, certificates):
    def once(connection):
        connection.request()
        connection.send(answer(headers=[("Connection", "close")]))

    backend = tls_backend(lab, certificates.server, once)
    lab.rpcd(PLAIN % "proxy_ssl_server_name on; proxy_ssl_name $arg_name;", backend=backend)
    with lab.client() as client:
        for name in ("a.test", "b.test", "a.test", "b.test"):
            assert client.ask(f"/?name={name}").status == 200
    assert [connection.is_resumed for connection in backend.connections] == \
        [False, False, True, True]


def test_kept_connections_are_for_the_same_name_and_settings(lab, certificates, values):
    backend = tls_backend(lab, certificates.server)
    lab.rpcd("""
    upstream backend.test { server 127.0.0.1:{backend}; keepalive 32; }
    server {
        listen {port};
        proxy_ssl_server_name on;
        location /one { proxy_pass https://backend.test; proxy_ssl_name $arg_name; }
        location /two { proxy_pass https://backend.test; proxy_ssl_name $arg_name; }
        location /verified { proxy_pass https://backend.test; """ + VERIFY + """ }
    }""", backend=backend, **values)
    with lab.client() as client:
        for target, connections in (("/one?name=a", 1), ("/one?name=a", 1), ("/two?name=a", 1),
                                    ("/one?name=b", 2), ("/one?name=a", 2), ("/verified", 3),
                                    ("/verified", 3), ("/two?name=b", 3)):
            assert client.ask(target).status == 200
            assert len(backend.connections) == connections, target


def test_http_and_https_to_one_port_do_not_share(lab, certificates):
    """A plain connection is never used for what should be secret, nor the other way round."""
    backend = tls_backend(lab, certificates.server)
    lab.rpcd("""server { listen {port};
    location / { proxy_pass https://127.0.0.1:{backend}; }
    location /plain { proxy_pass http://127.0.0.1:{backend}; } }""", backend=backend)
    with lab.client() as client:
        assert client.ask().status == 200
        assert client.ask("/plain").status == 502
        assert client.ask().status == 200
    assert [request.target for request in backend.requests] == ["/", "/"]


class Spoken:
    """openssl s_server, which answers what is typed and can be told to do what servers seldom do."""

    def __init__(self, port, certificate, *arguments):
        self.process = subprocess.Popen(
            ["openssl", "s_server", "-accept", f"127.0.0.1:{port}", "-cert", certificate.chain,
             "-key", certificate.key, "-crlf", *arguments],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.seen = b""
        threading.Thread(target=self._read, daemon=True).start()
        self.wait_for(b"ACCEPT")

    def _read(self):
        while data := os.read(self.process.stdout.fileno(), 65536):
            self.seen += data

    def wait_for(self, text, count=1):
        wait_until(lambda: self.seen.count(text) >= count, f"{text} number {count}")

    def type(self, text):
        self.process.stdin.write(text.encode())
        self.process.stdin.flush()
        time.sleep(0.2)

    def answer(self, count):
        self.wait_for(b"\r\n\r\n", count)
        self.type("HTTP/1.1 200 OK\nContent-Length: 4\n\nhi\n")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()


@pytest.mark.parametrize("version, command", [("-tls1_3", "K"), ("-tls1_3", "k"), ("-tls1_2", "r")])
def test_what_tls_says_to_itself(lab, certificates, version, command):
    """New keys, or a new handshake, while a request is under way and while nobody asks: neither
    ends the connection."""
    port = lab.new_port()
    lab.rpcd(PLAIN % "", backend=port)
    with Spoken(port, certificates.server, version) as server, lab.client() as client:
        client.send(request_bytes("/1"))
        server.wait_for(b"GET /1 ")
        server.type(command + "\n")
        server.answer(1)
        assert client.response().body == b"hi\r\n"
        server.type(command + "\n")
        client.send(request_bytes("/2"))
        server.wait_for(b"GET /2 ")
        server.answer(2)
        assert client.response().body == b"hi\r\n"
        assert server.seen.count(b"ACCEPT") == 1


def test_many_requests_on_one_connection(lab, certificates):
    backend = tls_backend(lab, certificates.server)
    lab.rpcd(PLAIN % "", backend=backend)
    with lab.client() as client:
        for number in range(200):
            assert client.ask(f"/{number}").body == b"ok"
    assert len(backend.connections) == 1


def test_an_idle_connection_that_the_backend_ends(lab, certificates):
    """With and without a goodbye; the next request does not notice."""
    ends = [lambda connection: connection.finish(), lambda connection: connection.close()]
    is_idle = threading.Semaphore(0)

    def one_request(connection):
        connection.request()
        connection.send(answer())
        is_idle.acquire(timeout=20)
        ends[len(backend.connections) % 2](connection)

    backend = tls_backend(lab, certificates.server, one_request)
    rpcd = lab.rpcd(PLAIN % "", backend=backend)
    with lab.client() as client:
        for _ in range(4):
            assert client.ask().status == 200
            is_idle.release()
            wait_until(lambda: rpcd.connections() == 1, "the end of the backend's connection")
    assert len(backend.connections) == 4


def test_goodbye(lab, certificates):
    """A connection that is not kept is closed with TLS's own end."""
    ends = []

    def handler(connection):
        connection.request()
        connection.send(answer(headers=[("Connection", "close")]))
        ends.append(connection.socket.recv(1))  # raises without close_notify

    backend = tls_backend(lab, certificates.server, handler)
    lab.rpcd(PLAIN % "", backend=backend)
    with lab.client() as client:
        assert client.ask().status == 200
    wait_until(lambda: ends == [b""], "the end")


# --- bodies ---

@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
@pytest.mark.parametrize("buffering", ["on", "off"])
def test_big_bodies_both_ways(lab, certificates, version, buffering):
    backend = tls_backend(lab, certificates.server, echo, version=version)
    lab.rpcd("client_max_body_size 0;" +
             PLAIN % f"proxy_request_buffering {buffering};", backend=backend)
    data = os.urandom(1 << 20) * 9
    with lab.client() as client:
        for size in (0, 1, 16383, 16384, 16385, 100_000, len(data)):
            response = client.ask(method="PUT", body=data[:size])
            assert response.status == 200
            assert response.body == data[:size], size
    assert len(backend.connections) == 1


def test_slow_sides(lab, certificates):
    """Back-pressure either way, and nothing lost."""
    data = os.urandom(6 << 20)

    def slowly(connection):
        request = connection.head()
        size = int(request.get("Content-Length"))
        body = b""
        while len(body) < size:
            body += connection.read_exactly(min(size - len(body), 400_000))
            time.sleep(0.02)
        connection.send(answer(body))

    backend = tls_backend(lab, certificates.server, slowly)
    lab.rpcd("client_max_body_size 0; proxy_request_buffering off;" + PLAIN % "", backend=backend)
    with lab.client(receive_buffer=8192) as client:
        sender = threading.Thread(target=client.send,
                                  args=(request_bytes("/", "POST", (), data),))
        sender.start()
        head = client.read_until(b"\r\n\r\n")
        assert b" 200 " in head
        body = b""
        while len(body) < len(data):
            body += client.read_exactly(min(300_000, len(data) - len(body)))
            time.sleep(0.02)
        sender.join()
    assert body == data


def until_close(end):
    def handler(connection):
        connection.request()
        connection.send(b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 50_000)
        end(connection)
    return handler


def test_a_body_until_the_end(lab, certificates):
    backend = tls_backend(lab, certificates.server, until_close(lambda c: c.finish()))
    lab.rpcd(PLAIN % "", backend=backend)
    with lab.client() as client:
        response = client.ask()
        assert response.framing == "chunked"
        assert response.body == b"x" * 50_000


def test_a_body_that_was_cut_off(lab, certificates):
    """Without close_notify nobody knows whether that was all (RFC 8446 6.1)."""
    backend = tls_backend(lab, certificates.server, until_close(lambda c: c.close()))
    rpcd = lab.rpcd(PLAIN % "", backend=backend)
    with lab.client() as client:
        with pytest.raises(Incomplete):
            client.ask()
    rpcd.wait_for_text("upstream prematurely closed connection while reading upstream")


def test_a_body_of_known_length_that_was_cut_off(lab, certificates):
    def handler(connection):
        connection.request()
        connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort")
        connection.finish()

    backend = tls_backend(lab, certificates.server, handler)
    lab.rpcd(PLAIN % "", backend=backend)
    with lab.client() as client:
        with pytest.raises(Incomplete):
            client.ask()


def test_garbage_instead_of_records(lab, certificates):
    """What breaks TLS in the middle of a body is an incomplete response, and named in the log."""
    def handler(connection):
        connection.request()
        connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort")
        os.write(connection.socket.fileno(), b"no record of TLS's at all" * 10)
        while os.read(connection.socket.fileno(), 4096):
            pass  # closing with unread bytes could destroy what was sent

    backend = tls_backend(lab, certificates.server, handler)
    rpcd = lab.rpcd(PLAIN % "", backend=backend)
    with lab.client() as client:
        with pytest.raises(Incomplete):
            client.ask()
    rpcd.wait_for_text("SSL_read() failed (SSL: error:")


# --- tunnels ---

def test_websocket(lab, certificates):
    websockets = pytest.importorskip("websockets")
    lab.rpcd("""server { listen {port}; location / {
        proxy_set_header Upgrade $http_upgrade;
        proxy_set_header Connection upgrade;
        proxy_pass https://127.0.0.1:{backend};
    } }""", backend=(port := lab.new_port()))

    async def talk():
        async def echo_messages(connection, *_):
            async for message in connection:
                await connection.send(message)

        context = certificates.server.server_context()
        async with websockets.serve(echo_messages, "127.0.0.1", port, ssl=context,
                                    max_size=None):
            async with websockets.connect(f"ws://127.0.0.1:{lab.port}/", max_size=None) as client:
                for size in (0, 1, 125, 70_000, 4 << 20):
                    message = os.urandom(size)
                    await client.send(message)
                    assert await client.recv() == message

    asyncio.run(talk())


def test_a_tunnel_ends_one_side_at_a_time(lab, certificates):
    got = []

    def handler(connection):
        connection.request()
        connection.send(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: test\r\n"
                        b"Connection: Upgrade\r\n\r\n")
        got.append(connection.read_rest())
        connection.send(b"the last words")
        connection.finish()

    backend = tls_backend(lab, certificates.server, handler)
    lab.rpcd(PLAIN % "proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection upgrade;",
             backend=backend)
    with lab.client() as client:
        assert client.ask(headers=[("Connection", "Upgrade"), ("Upgrade", "test")]).status == 101
        client.send(b"x" * 100_000)
        client.socket.shutdown(1)
        assert client.read_rest() == b"the last words"
    assert got == [b"x" * 100_000]


# --- redirects ---

def test_redirects_of_a_backend_behind_tls(lab, certificates):
    """proxy_redirect default knows the scheme."""
    def redirecting(request):
        port = backend.port
        where = {"/there": f"https://127.0.0.1:{port}/in/x", "/plain": f"http://127.0.0.1:{port}/in/x"}
        return answer(status="302 Found", headers=[("Location", where[request.target[3:]])])
    redirecting.is_reply = True

    backend = lab.backend(redirecting, tls=certificates.server.server_context())
    pair = lab.pair("server { listen {host}:{port}; location /out/ { "
                    "proxy_pass https://127.0.0.1:{backend}/in/; } }", backend=backend)
    nginx, rpcd = pair.ask("/out/there")
    assert rpcd.get("Location") == f"http://example.com:{lab.port}/out/x"
    assert nginx.get("Location") == rpcd.get("Location")
    nginx, rpcd = pair.ask("/out/plain")
    assert nginx.get("Location") == rpcd.get("Location") == f"http://127.0.0.1:{backend.port}/in/x"


# --- what it costs ---

@needs_strace
@pytest.mark.skipif(SANITIZED, reason="sanitizers make system calls of their own")
def test_system_calls_per_request(lab, certificates):
    """One read and one write towards the backend, as without TLS."""
    backend = tls_backend(lab, certificates.server, answer(b"x" * 1000))
    rpcd = lab.rpcd(PLAIN % "", backend=backend)
    with lab.client() as client:
        for _ in range(5):
            assert client.ask().status == 200

        def ask():
            for _ in range(100):
                assert client.ask().status == 200

        try:
            counts, _ = syscalls(rpcd.workers()[0], ask)
        except AssertionError:
            pytest.skip("strace may not attach here")
    assert len(backend.connections) == 1
    calls = sum(count for name, count in counts.items()
                if name not in ("epoll_wait", "epoll_pwait", "poll", "ppoll", "restart_syscall"))
    assert calls <= 4 * 100 + 20, counts
