"""Certificates of clients: who gets in, what is told of them, and what those see who do not."""

import base64
import pathlib
import re
import shutil
import socket
import ssl
import subprocess
import urllib.parse

import pytest

from lab import SecureClient, client_context, wait_until
from lab.certificates import Authority, certificate_folder
from lab.daemon import REPOSITORY, RPCD

TLS12, TLS13 = ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3


class Certificates:
    """Made once; nothing of it is trusted outside of a test."""

    def __init__(self, folder):
        self.folder = folder
        self.authority = Authority(folder, "authority")
        self.other = Authority(folder, "other")
        self.third = Authority(folder, "third")
        self.middle = Authority(folder, "middle", self.authority)
        self.lower = Authority(folder, "lower", self.middle)
        self.server = self.authority.issue("server", ["DNS:a.test", "DNS:b.test"])
        self.client = self.authority.issue(
            "client", [], '/C=DE/O=Example, "Inc"/CN=the client \u00e4')
        self.soon = self.authority.issue("soon", [], dates=("-days", "3"))
        self.deep = self.middle.issue("deep", [])
        self.deeper = self.lower.issue("deeper", [])
        self.stranger = self.other.issue("stranger", [])
        self.third_one = self.third.issue("third_one", [])
        self.expired = self.authority.issue("expired", [], dates=("-days", "-1"))
        self.revoked = self.authority.issue("revoked", [])
        self.revocations = self.authority.revoke(self.revoked)
        self.both = folder + "/both.pem"
        with open(self.both, "w") as file:
            for one in (self.authority, self.other, self.authority):
                file.write(one.pem.read_text())


@pytest.fixture(scope="module")
def certificates():
    with certificate_folder() as folder:
        yield Certificates(folder)


@pytest.fixture
def values(certificates):
    return {"chain": certificates.server.chain, "key": certificates.server.key,
            "authority": certificates.authority.pem, "other": certificates.other.pem,
            "third": certificates.third.pem, "both": certificates.both,
            "crl": certificates.revocations}


# Debian's nginx has no TLS 1.3 unless it is told.
CERTIFICATE = "ssl_certificate {chain}; ssl_certificate_key {key}; ssl_protocols TLSv1.2 TLSv1.3;"
SITE = "server { listen {host}:{port} ssl; server_name a.test; " + CERTIFICATE + " %s }"


def context_with(certificate, version=None):
    context = client_context(version=version)
    if certificate is not None:
        context.load_cert_chain(certificate.chain, certificate.key)
    return context


def ask(address, certificate=None, version=None, name="a.test", protocol="HTTP/1.1", **options):
    options.setdefault("host", name)
    with SecureClient(address, name, context_with(certificate, version)) as client:
        return client.ask(version=protocol, **options)


def in_both(pair, certificate=None, **options):
    return pair.both(lambda address: ask(address, certificate, **options))


def forge(certificates, folder):
    """The client's certificate, with a signature that is not its authority's."""
    der = bytearray(ssl.PEM_cert_to_DER_cert(
        re.search("-----BEGIN.*-----END CERTIFICATE-----", certificates.client.pem.read_text(),
                  re.DOTALL).group()))
    der[-1] ^= 1
    path = folder / "forged.pem"
    path.write_text(ssl.DER_cert_to_PEM_cert(bytes(der)))
    return path


def waiting_bytes(tcp):
    """What the server has not read yet."""
    ports = [f"{address[1]:04X}" for address in (tcp.getpeername(), tcp.getsockname())]
    for line in pathlib.Path("/proc/net/tcp").read_text().splitlines()[1:]:
        fields = line.split()
        if [field.rpartition(":")[2] for field in fields[1:3]] == ports:
            return int(fields[4].partition(":")[2], 16)
    return 0


def split_records(flight):
    while flight:
        size = 5 + int.from_bytes(flight[3:5], "big")
        yield flight[:size]
        flight = flight[size:]


def ask_in_pieces(address, context, request):
    """Every record of the handshake is sent when the one before has been read."""
    inward, outward = ssl.MemoryBIO(), ssl.MemoryBIO()
    stream = context.wrap_bio(inward, outward, server_hostname="a.test")
    with socket.create_connection(address, timeout=30) as tcp:
        tcp.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

        def complete(call):
            while True:
                try:
                    result = call()
                except ssl.SSLWantReadError:
                    result = None
                for record in split_records(outward.read()):
                    tcp.sendall(record)
                    wait_until(lambda: waiting_bytes(tcp) == 0)
                if result is not None:
                    return result
                inward.write(tcp.recv(65536))
        complete(lambda: stream.do_handshake() or True)
        complete(lambda: stream.write(request))
        return complete(lambda: stream.read(65536))


# --- who gets in ---

NONE = "no certificate"
REFUSED, LACKING = b"The SSL certificate error", b"No required SSL certificate was sent"


@pytest.mark.parametrize("mode, expected", [
    ("on", {NONE: LACKING, "client": b"SUCCESS", "stranger": REFUSED, "expired": REFUSED,
            "revoked": REFUSED}),
    ("optional", {NONE: b"NONE", "client": b"SUCCESS", "stranger": REFUSED, "expired": REFUSED,
                  "revoked": REFUSED}),
    ("optional_no_ca",
     {NONE: b"NONE", "client": b"SUCCESS", "expired": REFUSED, "revoked": REFUSED,
      "stranger": b"FAILED:unable to verify the first certificate"}),
    ("off", {NONE: b"NONE", "client": b"NONE", "stranger": b"NONE"}),
])
@pytest.mark.parametrize("version", [TLS12, TLS13])
def test_modes(lab, certificates, values, mode, expected, version):
    pair = lab.pair(SITE % f"ssl_verify_client {mode}; ssl_client_certificate {{authority}}; "
                    "ssl_crl {crl}; return 200 $ssl_client_verify;", **values)
    for name, text in expected.items():
        for response in in_both(pair, getattr(certificates, name, None), version=version):
            if text in (REFUSED, LACKING):
                assert response.status == 400, name
                assert b"<center>" + text + b"</center>" in response.body
                assert b"<title>400 " + text + b"</title>" in response.body
                assert response.get("Connection") == "close"
            else:
                assert (response.status, response.body) == (200, text), name


@pytest.mark.parametrize("version", [TLS12, TLS13])
def test_a_forged_certificate_that_comes_slowly(lab, certificates, values, version):
    """What OpenSSL has to say about it is not taken for a failure of what comes next."""
    lab.rpcd(SITE % "ssl_verify_client on; ssl_client_certificate {authority}; return 200 in;",
             **values)
    context = client_context(version=version)
    context.load_cert_chain(forge(certificates, lab.folder("forged")), certificates.client.key)
    answer = ask_in_pieces(("127.0.0.1", lab.port), context, b"GET / HTTP/1.1\r\nHost: a.test\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 400 ") and REFUSED in answer


def test_the_log_says_why(lab, certificates, values):
    rpcd = lab.rpcd(SITE % "ssl_verify_client on; ssl_client_certificate {authority}; return 200;",
                    **values)
    ask(lab.port, certificates.expired)
    rpcd.wait_for_text("client SSL certificate verify error: (10:certificate has expired), client: "
                       "127.0.0.1, server: a.test, request: ")
    ask(lab.port)
    rpcd.wait_for_text("client sent no required SSL certificate, client: 127.0.0.1, server: a.test")


@pytest.mark.parametrize("setting, deep, deeper", [
    ("ssl_verify_depth 0;", 400, 400), ("", 200, 400), ("ssl_verify_depth 2;", 200, 200)])
def test_depth(lab, certificates, values, setting, deep, deeper):
    pair = lab.pair(SITE % "ssl_verify_client on; ssl_client_certificate {authority}; "
                    f"{setting} return 200 in;", **values)
    for certificate, status in ((certificates.client, 200), (certificates.deep, deep),
                                (certificates.deeper, deeper)):
        assert [response.status for response in in_both(pair, certificate)] == [status, status]


def test_several_authorities(lab, certificates, values):
    """Of one file, and of the other directive; only the first's names are told to clients."""
    pair = lab.pair(SITE % "ssl_verify_client on; ssl_client_certificate {both}; "
                    "ssl_trusted_certificate {third}; return 200 $ssl_client_verify;", **values)
    for certificate in (certificates.client, certificates.stranger, certificates.third_one):
        for response in in_both(pair, certificate):
            assert response.body == b"SUCCESS"
    names = pair.both(authority_names)
    assert names[0] == names[1] == ["CN = authority", "CN = other"]


def authority_names(address):
    host, port = address
    text = subprocess.run(["openssl", "s_client", "-connect", f"{host}:{port}", "-servername",
                           "a.test"], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          timeout=30).stdout
    if "Acceptable client certificate CA names" not in text:
        return []
    listed = text.split("Acceptable client certificate CA names\n", 1)[1].splitlines()
    return sorted(line for line in listed[:5] if line.startswith("CN = "))


def test_only_trusted_ones(lab, certificates, values):
    """As nginx 1.27: no authority needs to be told to clients."""
    lab.rpcd(SITE % "ssl_verify_client on; ssl_trusted_certificate {authority}; "
             "return 200 $ssl_client_verify;", **values)
    assert ask(lab.port, certificates.client).body == b"SUCCESS"
    assert authority_names(("127.0.0.1", lab.port)) == []
    assert ask(lab.port, certificates.stranger).status == 400


# --- what is told ---

VARIABLES = ["serial", "fingerprint", "s_dn", "i_dn", "s_dn_legacy", "i_dn_legacy", "v_start",
             "v_end", "v_remain", "verify", "escaped_cert", "raw_cert", "cert"]


@pytest.mark.parametrize("version", [TLS12, TLS13])
def test_variables(lab, certificates, values, version):
    told = "".join(f"{name}=$ssl_client_{name};" for name in VARIABLES)
    pair = lab.pair(SITE % ("ssl_verify_client optional; ssl_client_certificate {authority}; "
                            f"return 200 '{told}';"), **values)
    for certificate in (None, certificates.client, certificates.soon):
        of_nginx, of_rpcd = in_both(pair, certificate, version=version)
        assert of_rpcd.body == of_nginx.body
        if certificate is None:
            assert b"verify=NONE;" in of_rpcd.body and b"serial=;" in of_rpcd.body
        else:
            escaped = re.search(rb"escaped_cert=([^;]+)", of_rpcd.body).group(1).decode()
            assert urllib.parse.unquote(escaped) == certificate.pem.read_text()
    assert b"v_remain=2;" in of_rpcd.body


@pytest.mark.parametrize("version", [TLS12, TLS13])
def test_a_resumed_session(lab, certificates, values, version):
    """It says who the client is, as the first one did."""
    pair = lab.pair("ssl_session_cache shared:clients:1m;" + SITE %
                    ("ssl_verify_client on; ssl_client_certificate {authority}; "
                     "return 200 '$ssl_session_reused $ssl_client_verify $ssl_client_serial';"),
                    **values)
    for address in pair.addresses():
        context, session, bodies = context_with(certificates.client, version), None, []
        for _ in range(2):
            with SecureClient(address, "a.test", context, session=session) as client:
                bodies.append(client.ask(host="a.test").body)
                session = client.socket.session
        assert bodies[0].startswith(b". SUCCESS ")
        assert bodies[1] == b"r" + bodies[0][1:]


def test_variables_of_plain_connections(lab, values):
    pair = lab.pair("log_format f '$ssl_client_verify $ssl_client_serial';"
                    "access_log access.log f; server { listen {host}:{port}; return 200 "
                    "'$ssl_client_verify,$ssl_client_cert'; }", **values)
    assert [response.body for response in pair.ask()] == [b",", b","]
    assert pair.rpcd.wait_for_line() == pair.nginx.wait_for_line() == "- -"


def test_a_certificate_for_a_backend(lab, certificates, values):
    """One that is folded must not smuggle lines in."""
    backend = lab.backend()
    lab.rpcd(SITE % "ssl_verify_client on; ssl_client_certificate {authority}; location / { "
             "proxy_set_header X-Escaped $ssl_client_escaped_cert; "
             "proxy_set_header X-Folded $ssl_client_cert; "
             "proxy_set_header X-Name $ssl_client_s_dn; proxy_pass http://127.0.0.1:{backend}; }",
             backend=backend, **values)
    assert ask(lab.port, certificates.client).status == 200
    pem = certificates.client.pem.read_text()
    assert urllib.parse.unquote(backend.last.get("X-Escaped")) == pem
    folded = backend.last.get("X-Folded")
    inside = folded.replace("-----BEGIN CERTIFICATE-----", "").replace(
        "-----END CERTIFICATE-----", "")
    assert base64.b64decode("".join(inside.split())) == ssl.PEM_cert_to_DER_cert(pem)
    assert backend.last.get("X-Name").startswith("CN=the client ")


# --- what those see who do not get in ---

def test_error_pages(lab, certificates, values):
    pair = lab.pair(SITE % """
        ssl_verify_client on; ssl_client_certificate {authority};
        error_page 495 /bad; error_page 496 =403 /none;
        location = /bad { return 418 "bad $ssl_client_verify"; }
        location = /none { return 403 "none $ssl_client_verify"; }
        location / { return 200 in; }""", **values)
    for response in in_both(pair, certificates.expired):
        assert response.status == 400
        assert response.body == b"bad FAILED:certificate has expired"
    for response in in_both(pair):
        assert response.status == 403 and response.body == b"none NONE"
    for response in in_both(pair, certificates.client):
        assert response.body == b"in"


def test_a_redirect_for_those_without(lab, values):
    pair = lab.pair(SITE % "ssl_verify_client on; ssl_client_certificate {authority}; "
                    "error_page 495 496 = https://help.test/; return 200 in;", **values)
    for response in in_both(pair):
        assert response.status == 302 and response.get("Location") == "https://help.test/"


def test_the_status_in_logs(lab, certificates, values):
    pair = lab.pair("log_format f '$status'; access_log access.log f;" + SITE %
                    "ssl_verify_client on; ssl_client_certificate {authority}; return 200 in;",
                    **values)
    in_both(pair)
    in_both(pair, certificates.expired)
    in_both(pair, certificates.client)
    for daemon in (pair.nginx, pair.rpcd):
        daemon.wait_for_line(3)
        assert daemon.lines() == ["400", "400", "200"]


# --- other servers on the same address ---

SEVERAL = """
server { listen {host}:{port} ssl default_server; server_name default.test; """ + CERTIFICATE + """
         error_page 421 /misdirected; location = /misdirected { return 200 "421 default"; }
         location / { return 200 default; } }
server { listen {host}:{port} ssl; server_name open.test; """ + CERTIFICATE + """ return 200 open; }
server { listen {host}:{port} ssl; server_name closed.test also.test; """ + CERTIFICATE + """
         ssl_verify_client on; ssl_client_certificate {authority}; return 200 closed; }
server { listen {host}:{port} ssl; server_name asking.test; """ + CERTIFICATE + """
         ssl_verify_client optional; ssl_client_certificate {other}; return 200 asking; }
"""


@pytest.mark.parametrize("name, host, status", [
    ("open.test", "open.test", 200),
    ("open.test", "closed.test", 421),
    ("open.test", "asking.test", 421),
    ("open.test", "default.test", 200),
    ("closed.test", "closed.test", 200),
    ("closed.test", "CLOSED.test", 200),
    ("closed.test", "also.test", 421),
    ("closed.test", "open.test", 200),
    ("closed.test", "asking.test", 421),
    ("asking.test", "asking.test", 400),
    ("asking.test", "closed.test", 421),
    ("unknown.test", "closed.test", 400),
    ("unknown.test", "unknown.test", 200),
    (None, "closed.test", 400),
    (None, "asking.test", 200),
    ("open.test", None, 200),
])
def test_another_server(lab, certificates, values, name, host, status):
    """421 where it would go around the certificate that was asked for, or not."""
    pair = lab.pair(SEVERAL, **values)
    protocol = "HTTP/1.1" if host else "HTTP/1.0"
    answers = in_both(pair, certificates.client, name=name, host=host, protocol=protocol)
    assert [response.status for response in answers] == [status, status]
    if status == 200:
        server = (host or "default").lower().partition(".")[0].replace("unknown", "default")
        assert answers[0].body == answers[1].body == server.encode()


def test_no_host_is_another_server(lab, certificates, values):
    """Nobody gets around a certificate by leaving it out."""
    pair = lab.pair("server { listen {host}:{port} ssl default_server; " + CERTIFICATE +
                    "ssl_verify_client on; ssl_client_certificate {authority}; return 200 closed; }"
                    "server { listen {host}:{port} ssl; server_name open.test; " + CERTIFICATE +
                    "return 200 open; }", **values)
    for certificate in (None, certificates.client):
        for response in in_both(pair, certificate, name="open.test", host=None,
                                protocol="HTTP/1.0"):
            assert response.status == 421


TWO_AUTHORITIES = """
server { listen {host}:{port} ssl default_server; server_name first.test; """ + CERTIFICATE + """
         ssl_verify_client on; ssl_client_certificate {authority}; return 200 first; }
server { listen {host}:{port} ssl; server_name second.test; """ + CERTIFICATE + """
         ssl_verify_client on; ssl_client_certificate {other}; return 200 second; }
server { listen {host}:{port} ssl; server_name like-first.test; """ + CERTIFICATE + """
         ssl_verify_client optional; ssl_client_certificate {authority}; return 200 alike; }
"""


@pytest.mark.parametrize("version", [TLS12, TLS13])
@pytest.mark.parametrize("name", [None, "unknown.test"])
def test_authorities_of_the_default_server_vouch_for_nobody_elsewhere(lab, certificates, values,
                                                                      name, version):
    """nginx lets a client that names no server in with whatever the default server believes."""
    lab.rpcd(TWO_AUTHORITIES, **values)

    def status(host, certificate):
        return ask(lab.port, certificate, version, name, host=host).status
    assert status("first.test", certificates.client) == 200
    assert status("like-first.test", certificates.client) == 200
    assert status("second.test", certificates.client) == 421
    assert status("second.test", certificates.stranger) == 421
    assert status("second.test", None) == 400
    assert ask(lab.port, certificates.stranger, version, "second.test").status == 200


def test_421_is_of_the_server_that_was_named(lab, certificates, values):
    pair = lab.pair(SEVERAL, **values)
    for response in in_both(pair, certificates.client, name="default.test", host="closed.test"):
        assert response.status == 421 and response.body == b"421 default"
    pair.rpcd.wait_for_text("client attempted to request the server name different from the one "
                            "that was negotiated")


# --- by HTTP/2 ---

def curl(lab, name, certificate=None, host=None):
    """Status and body of a request by HTTP/2."""
    command = ["curl", "-s", "-k", "--http2", "--resolve", f"{name}:{lab.port}:127.0.0.1",
               "-w", "\n%{http_version} %{http_code}"]
    if certificate is not None:
        command += ["--cert", certificate.chain, "--key", certificate.key]
    if host is not None:
        command += ["-H", f"Host: {host}"]
    result = subprocess.run([*command, f"https://{name}:{lab.port}/"], capture_output=True,
                            text=True, timeout=30)
    body, _, last = result.stdout.rpartition("\n")
    version, status = last.split()
    assert version == "2", result
    return int(status), body


def test_by_http2(lab, certificates, values):
    lab.rpcd("http2 on;" + SEVERAL.replace("return 200 closed", "return 200 $ssl_client_s_dn"),
             **values)
    assert curl(lab, "open.test") == (200, "open")
    status, body = curl(lab, "closed.test", certificates.client)
    assert status == 200 and body.startswith("CN=the client")
    status, body = curl(lab, "closed.test")
    assert status == 400 and "No required SSL certificate was sent" in body
    status, body = curl(lab, "closed.test", certificates.expired)
    assert status == 400 and "The SSL certificate error" in body
    for certificate in (None, certificates.client):
        assert curl(lab, "open.test", certificate, host="closed.test")[0] == 421
    assert curl(lab, "default.test", host="closed.test") == (421, "421 default")


# --- files that do not work ---

@pytest.mark.parametrize("settings, complaint", [
    ("ssl_client_certificate missing.pem;",
     r'ssl_client_certificate ".*/missing.pem": No such file'),
    ("ssl_client_certificate {key};",
     r'ssl_client_certificate ".*/server.key": it holds no certificate'),
    ("ssl_client_certificate {authority}; ssl_trusted_certificate missing.pem;",
     r'ssl_trusted_certificate ".*/missing.pem": No such file'),
    ("ssl_client_certificate {authority}; ssl_crl {key};",
     r'ssl_crl ".*/server.key": it holds no list of revoked certificates'),
])
def test_files_that_do_not_work(lab, values, settings, complaint):
    daemon = lab.new_rpcd()
    daemon.compile(lab.text_for(daemon, SITE % f"ssl_verify_client on; {settings} return 200;",
                                **values))
    result = subprocess.run([RPCD, "-p", daemon.folder, daemon.folder / "site.rpt"],
                            capture_output=True, text=True, timeout=30)
    lab.daemons.remove(daemon)
    assert result.returncode == 1
    assert re.search(r"site.conf:\d+: " + complaint, result.stderr), result.stderr


def test_a_reload_brings_a_new_list_of_revoked_ones(lab, certificates, values):
    """Also for those who come back with a session."""
    place = lab.folder("live")
    shutil.copy(certificates.revocations, place / "crl.pem")
    victim = certificates.authority.issue("victim", [])
    rpcd = lab.rpcd(SITE % "ssl_verify_client on; ssl_client_certificate {authority}; "
                    "ssl_crl {place}/crl.pem; return 200 in;", place=place, **values)
    context = context_with(victim, TLS12)
    with SecureClient(lab.port, "a.test", context) as client:
        assert client.ask(host="a.test").status == 200
        session = client.socket.session
    shutil.copy(certificates.authority.revoke(victim), place / "crl.pem")
    lab.reload(rpcd, SITE % "ssl_verify_client on; ssl_client_certificate {authority}; "
               "ssl_crl {place}/crl.pem; return 200 still;", place=place, **values)
    with SecureClient(lab.port, "a.test", context, session=session) as client:
        assert client.ask(host="a.test").status == 400


@pytest.mark.parametrize("version", [TLS12, TLS13])
@pytest.mark.parametrize("change", ["ssl_client_certificate {authority}; ssl_crl {crl};",
                                    "ssl_client_certificate {other};"])
def test_a_reload_ends_connections_that_were_judged_otherwise(lab, certificates, values, version,
                                                              change):
    """Whoever was let in once would stay as long as the connection does; others keep theirs."""
    site = SITE % ("ssl_verify_client on; %s return 200 in;") + \
        "server { listen {host}:{port} ssl; server_name open.test; " + CERTIFICATE + \
        "return 200 open; }"
    rpcd = lab.rpcd(site % "ssl_client_certificate {authority};", **values)
    context = context_with(certificates.revoked, version)
    with SecureClient(lab.port, "a.test", context) as client, \
            SecureClient(lab.port, "open.test", context) as other:
        assert client.ask(host="a.test").status == 200
        assert other.ask(host="open.test").status == 200
        lab.reload(rpcd, site % change, **values)
        assert client.socket.recv(1) == b""
        assert other.ask(host="open.test").status == 200


def test_a_reload_keeps_connections_that_are_judged_alike(lab, certificates, values):
    site = SITE % "ssl_verify_client %s; ssl_client_certificate {authority}; return 200 in;"
    rpcd = lab.rpcd(site % "on", **values)
    with SecureClient(lab.port, "a.test", context_with(certificates.client)) as client:
        assert client.ask(host="a.test").status == 200
        lab.reload(rpcd, site % "optional", **values)
        assert client.ask(host="a.test").status == 200


# --- the sample ---

def test_the_sample(lab, certificates, values):
    text = (REPOSITORY / "samples/client-certificates.conf").read_text()
    backend = lab.backend()
    http = text[text.index("http {") + len("http {"):text.rindex("}")]
    for old, new in (("listen [::]:443 ssl;", ""), ("listen 443", "listen {host}:{port}"),
                     ("/etc/ssl/inside.example.com/fullchain.pem", "{chain}"),
                     ("/etc/ssl/inside.example.com/privkey.pem", "{key}"),
                     ("/etc/ssl/people/authority.pem", "{authority}"),
                     ("/etc/ssl/people/revoked.pem", "{crl}"), (":3000", ":{backend}")):
        assert old in http
        http = http.replace(old, new)
    lab.rpcd(http, backend=backend, **values)
    assert ask(lab.port, certificates.client).body == b"ok"
    assert backend.last.get("X-Client-Name").startswith("CN=the client")
    assert b"help desk" in ask(lab.port).body
    for certificate in (certificates.revoked, certificates.expired):
        response = ask(lab.port, certificate)
        assert response.status == 403 and b"renew" in response.body
