"""Stapling: what the authority says of a certificate is sent along with it, from a file or from a
responder that is asked off the way of handshakes, once for all workers."""

import os
import re
import shutil
import signal
import subprocess
import time

import pytest

from lab import SecureClient, wait_until
from lab.certificates import Authority, Certificate, certificate_folder, openssl
from lab.daemon import RPCD
from lab.dns import Name
from lab.ocsp import OpensslResponder, Responder, http_answer, make_answer


class Certificates:
    def __init__(self, folder):
        self.folder = folder
        self.authority = Authority(folder, "authority")
        self.other = Authority(folder, "other")
        self.server = self.authority.issue("server", ["DNS:a.test"])
        self.sibling = self.authority.issue("sibling", ["DNS:b.test"])
        self.rsa = self.issue_rsa("rsa")
        self.answer = make_answer(self.authority, self.server)
        self.foreign = make_answer(self.authority, self.sibling, name="foreign")
        self.revoked = make_answer(self.authority, self.server, "R", name="revoked")
        self.forged = make_answer(self.authority, self.server, signer=self.other, name="forged")

    def issue_rsa(self, name):
        certificate = Certificate(self.folder, name)
        openssl("genpkey", "-algorithm", "RSA", "-out", certificate.key, folder=self.folder)
        self.authority.sign(certificate, "/CN=somebody", "subjectAltName=DNS:a.test")
        return certificate


@pytest.fixture(scope="module")
def certificates():
    with certificate_folder() as folder:
        yield Certificates(folder)


@pytest.fixture
def values(certificates):
    return {"chain": certificates.server.chain, "key": certificates.server.key,
            "authority": certificates.authority.pem, "rsa_chain": certificates.rsa.chain,
            "rsa_key": certificates.rsa.key}


@pytest.fixture
def responder(lab, certificates):
    responder = Responder(http_answer(certificates.answer))
    lab.backends.append(responder)
    return responder


SITE = """
server { listen {host}:{port} ssl; server_name a.test; ssl_certificate {chain};
         ssl_certificate_key {key}; ssl_trusted_certificate {authority}; %s return 200 ok; }
"""
FROM_RESPONDER = SITE % "ssl_stapling on; ssl_stapling_verify on; ssl_stapling_responder {url};"
UNVERIFIED = SITE % "ssl_stapling on; ssl_stapling_responder {url};"


def handshake(address, arguments=()):
    """What openssl s_client says that asks for an answer."""
    host, port = address if isinstance(address, tuple) else ("127.0.0.1", address)
    result = subprocess.run(
        ["openssl", "s_client", "-connect", f"{host}:{port}", "-servername", "a.test", "-status",
         *arguments], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=30)
    assert "OCSP response:" in result.stdout, result.stdout + result.stderr
    return result.stdout


def status_of(address, arguments=()):
    """"good", "revoked" ..., or None when nothing is sent."""
    found = re.search(r"Cert Status: (\w+)", handshake(address, arguments))
    return found and found.group(1)


def wait_for_staple(address, arguments=()):
    wait_until(lambda: status_of(address, arguments) == "good", "an answer")


# --- from a responder ---

def test_as_nginx_does(lab, certificates, values):
    """Both send what openssl's own responder says."""
    responder = OpensslResponder(certificates.authority, [certificates.server], lab.new_port())
    lab.backends.append(responder)
    pair = lab.pair(FROM_RESPONDER, url=responder.url, **values)
    for address in pair.addresses():
        wait_for_staple(address)
        assert status_of(address, ["-tls1_2"]) == "good"


def test_a_request(lab, certificates, values, responder):
    lab.rpcd(SITE % "ssl_stapling on; ssl_stapling_responder {url}some/path;", url=responder.url,
             **values)
    wait_for_staple(lab.port)
    assert len(responder.requests) == 1
    line, host = responder.requests[0].splitlines()[:2]
    assert re.fullmatch(r"GET /some/path/[A-Za-z0-9%]+ HTTP/1.0", line)
    assert host == f"Host: 127.0.0.1:{responder.port}"


def test_who_does_not_ask_gets_nothing(lab, values, responder):
    lab.rpcd(FROM_RESPONDER, url=responder.url, **values)
    wait_for_staple(lab.port)
    with SecureClient(lab.port, "a.test") as client:
        assert client.ask().body == b"ok"


def test_the_responder_of_the_certificate(lab, certificates, values, responder):
    """Without a directive the certificate says who is to be asked."""
    made = Certificate(certificates.folder, "pointing")
    certificates.authority._make_key(made)
    certificates.authority.sign(made, "/CN=somebody",
                                f"authorityInfoAccess=OCSP;URI:{responder.url}")
    responder.answer = http_answer(make_answer(certificates.authority, made, name="pointing"))
    lab.rpcd(SITE % "ssl_stapling on; ssl_stapling_verify on;",
             **{**values, "chain": made.chain, "key": made.key})
    wait_for_staple(lab.port)


def test_a_name_is_resolved(lab, values, responder):
    names = lab.name_server({"ocsp.test": Name(("127.0.0.1",))})
    lab.rpcd("resolver {names};" + FROM_RESPONDER, names=names,
             url=f"http://ocsp.test:{responder.port}/", **values)
    wait_for_staple(lab.port)
    assert names.asked("ocsp.test") == 1
    assert f"Host: ocsp.test:{responder.port}" in responder.requests[0]


def test_another_address_of_a_name(lab, certificates, values):
    """Nobody listens at the first one."""
    responder = Responder(http_answer(certificates.answer), address="127.0.0.9")
    lab.backends.append(responder)
    names = lab.name_server({"ocsp.test": Name(("127.0.0.1", "127.0.0.9"))})
    rpcd = lab.rpcd("resolver {names};" + FROM_RESPONDER, names=names,
                    url=f"http://ocsp.test:{responder.port}/", **values)
    wait_for_staple(lab.port)
    rpcd.wait_for_text(", peer: 127.0.0.1, ")


def test_a_name_of_this_machine_without_a_resolver(lab, values, responder):
    lab.rpcd(FROM_RESPONDER, url=f"http://localhost:{responder.port}/", **values)
    wait_for_staple(lab.port)


def test_both_kinds_of_keys(lab, certificates, values, responder):
    """Each certificate has an answer of its own."""
    rsa = make_answer(certificates.authority, certificates.rsa, name="rsa")
    other = Responder(http_answer(rsa))
    lab.backends.append(other)
    responder.answer = http_answer(certificates.answer)
    seen = set()

    def answer_by_serial():
        for one in (responder.answer, http_answer(rsa)):
            responder.answer = one
            for arguments in (["-cipher", "ECDHE-ECDSA-AES128-GCM-SHA256", "-tls1_2"],
                              ["-cipher", "ECDHE-RSA-AES128-GCM-SHA256", "-tls1_2"]):
                if status_of(lab.port, arguments) == "good":
                    seen.add(arguments[1])
        return len(seen) == 2
    rpcd = lab.rpcd(SITE % "ssl_certificate {rsa_chain}; ssl_certificate_key {rsa_key}; "
                    "ssl_stapling on; ssl_stapling_verify on; ssl_stapling_responder {url};",
                    url=responder.url, **values)
    handshake(lab.port)
    wait_until(lambda: len(responder.requests) == 2, "two questions")
    paths = {request.split()[1] for request in responder.requests}
    assert len(paths) == 2
    wait_until(lambda: status_of(lab.port, ["-cipher", "ECDHE-ECDSA-AES128-GCM-SHA256",
                                            "-tls1_2"]) == "good", "the answer for ECDSA")
    assert status_of(lab.port, ["-cipher", "ECDHE-RSA-AES128-GCM-SHA256", "-tls1_2"]) is None
    rpcd.wait_for_text("certificate status not found in the OCSP response while requesting "
                       f"certificate status, responder: 127.0.0.1:{responder.port}")


def test_nobody_has_to_ask_first(lab, certificates, values, responder):
    """The answer is there for the first client, also after a reload with a new certificate."""
    rpcd = lab.rpcd(FROM_RESPONDER, url=responder.url, workers=2, **values)
    wait_until(lambda: responder.heard == 1, "the question")
    assert status_of(lab.port) == "good"
    new = certificates.authority.issue("ahead", ["DNS:a.test"])
    responder.answer = http_answer(make_answer(certificates.authority, new, name="ahead"))
    lab.reload(rpcd, FROM_RESPONDER, url=responder.url, workers=2,
               **{**values, "chain": new.chain, "key": new.key})
    wait_until(lambda: responder.heard == 2, "another question")
    assert [status_of(lab.port) for _ in range(4)] == ["good"] * 4
    assert len(responder.requests) == 2


# --- workers and reloads ---

def test_one_asks_for_all(lab, values, responder):
    rpcd = lab.rpcd(FROM_RESPONDER, url=responder.url, workers=4, **values)
    wait_for_staple(lab.port)
    for _ in range(30):
        handshake(lab.port)
    assert len(responder.requests) == 1
    # It is there before anybody asks a new worker, and whatever becomes of the responder.
    responder.close()
    for worker in rpcd.workers():
        os.kill(worker, signal.SIGKILL)
    rpcd.expects_alerts = True
    wait_until(lambda: len(rpcd.children()) == 4, "new workers")
    for _ in range(8):
        assert status_of(lab.port) == "good"


def test_a_reload_keeps_it(lab, certificates, values, responder):
    rpcd = lab.rpcd(FROM_RESPONDER, url=responder.url, workers=2, **values)
    wait_for_staple(lab.port)
    for setting in ("", "ssl_prefer_server_ciphers on;", "ssl_ecdh_curve X25519;"):
        lab.reload(rpcd, FROM_RESPONDER + f"server {{ listen {{host}}:{{other}}; }} {setting}",
                   url=responder.url, other=lab.new_port(), workers=2, **values)
        for _ in range(4):
            assert status_of(lab.port) == "good"
    assert len(responder.requests) == 1


def test_a_renewed_certificate_is_asked_about(lab, certificates, values, responder):
    place = lab.folder("live")
    for source, name in ((certificates.server.chain, "chain"), (certificates.server.key, "key")):
        shutil.copy(source, place / name)
    rpcd = lab.rpcd(FROM_RESPONDER, url=responder.url,
                    **{**values, "chain": place / "chain", "key": place / "key"})
    wait_for_staple(lab.port)
    new = certificates.authority.issue("renewed", ["DNS:a.test"])
    responder.answer = http_answer(make_answer(certificates.authority, new, name="renewed"))
    for source, name in ((new.chain, "chain"), (new.key, "key")):
        shutil.copy(source, place / f"{name}.tmp")
        os.rename(place / f"{name}.tmp", place / name)
    rpcd.send_signal(signal.SIGHUP)
    wait_until(lambda: handshake(lab.port) and len(responder.requests) == 2, "another question")
    wait_for_staple(lab.port)


# --- responders that are of no use ---

def expect_no_staple(lab, rpcd, complaint):
    """Handshakes are as quick as ever, with the reason logged."""
    assert status_of(lab.port) is None
    rpcd.wait_for_text(complaint)
    started = time.monotonic()
    for _ in range(10):
        with SecureClient(lab.port, "a.test") as client:
            assert client.ask().body == b"ok"
    assert time.monotonic() - started < 2
    assert status_of(lab.port) is None


def test_nobody_listens(lab, values):
    port = lab.new_port()
    rpcd = lab.rpcd(FROM_RESPONDER, url=f"http://127.0.0.1:{port}/", **values)
    expect_no_staple(lab, rpcd, "connect() to OCSP responder failed: Connection refused while "
                     f"requesting certificate status, responder: 127.0.0.1:{port}, peer: 127.0.0.1, "
                     f'certificate: "{values["chain"]}"')


def test_silence(lab, values, responder):
    """Nobody waits for it."""
    responder.answer = None
    lab.rpcd(FROM_RESPONDER, url=responder.url, **values)
    handshake(lab.port)
    wait_until(lambda: responder.requests, "the question")
    started = time.monotonic()
    for _ in range(10):
        with SecureClient(lab.port, "a.test") as client:
            assert client.ask().body == b"ok"
    assert time.monotonic() - started < 2
    assert status_of(lab.port) is None


def test_a_name_that_does_not_exist(lab, values):
    names = lab.name_server({})
    rpcd = lab.rpcd("resolver {names};" + FROM_RESPONDER, names=names, url="http://ocsp.test/",
                    **values)
    expect_no_staple(lab, rpcd, "OCSP responder could not be resolved: Host not found while")


@pytest.mark.parametrize("answer, complaint", [
    (b"garbage\r\n\r\n", "OCSP responder sent invalid response"),
    (http_answer(b"garbage"), "d2i_OCSP_RESPONSE() failed"),
    (http_answer(b"", "404 Not Found"), "OCSP responder sent status 404"),
    (http_answer(b"x", media_type="text/html"),
     'OCSP responder sent invalid "Content-Type" header: "text/html"'),
    (http_answer(b"\x30\x03\x0a\x01\x03"), "OCSP response not successful (3: trylater)"),
    (b"HTTP/1.0 200 OK\r\nContent-Type: application/ocsp-response\r\n\r\n" + bytes(1 << 20),
     "OCSP responder sent more than 16384 bytes"),
    (b"HTTP/1.0 200 OK\r\nContent-Length: 10\r\n\r\nshort",
     "OCSP responder sent invalid response: the connection was closed too early"),
    (b"HTTP/1.0 200 OK\r\nX: " + bytes(1 << 20), "OCSP responder sent invalid response"),
], ids=["garbage", "no-der", "status", "type", "trylater", "large", "short", "large-head"])
def test_answers_that_are_none(lab, values, responder, answer, complaint):
    responder.answer = answer
    rpcd = lab.rpcd(FROM_RESPONDER, url=responder.url, **values)
    expect_no_staple(lab, rpcd, complaint)


@pytest.mark.parametrize("kind, complaint", [
    ("revoked", 'certificate status "revoked" in the OCSP response'),
    ("foreign", "certificate status not found in the OCSP response"),
    ("forged", "OCSP_basic_verify() failed"),
])
def test_answers_that_are_not_accepted(lab, certificates, values, responder, kind, complaint):
    responder.answer = http_answer(getattr(certificates, kind))
    rpcd = lab.rpcd(FROM_RESPONDER, url=responder.url, **values)
    expect_no_staple(lab, rpcd, complaint)


def test_the_issuer_may_sign_without_showing_itself(lab, certificates, values, responder):
    """It is known: it has issued the certificate."""
    bare = make_answer(certificates.authority, certificates.server, name="bare",
                       options=["-resp_no_certs"])
    assert len(bare) < len(certificates.answer) - 300
    responder.answer = http_answer(bare)
    lab.rpcd(FROM_RESPONDER, url=responder.url, **values)
    wait_for_staple(lab.port)


def test_without_verification_anybody_may_sign(lab, certificates, values, responder):
    """As in nginx: clients judge for themselves."""
    responder.answer = http_answer(certificates.forged)
    pair = lab.pair(UNVERIFIED, url=responder.url, **values)
    for address in pair.addresses():
        wait_for_staple(address)


# --- from a file ---

def test_a_file(lab, certificates, values):
    pair = lab.pair(SITE % "ssl_stapling on; ssl_stapling_file {file};",
                    file=os.path.join(certificates.folder, "answer.der"), **values)
    for address in pair.addresses():
        assert status_of(address) == "good"
        assert status_of(address, ["-tls1_2"]) == "good"


def test_a_file_that_is_no_answer(lab, certificates, values):
    daemon = lab.new_rpcd()
    daemon.compile(lab.text_for(daemon, SITE % "ssl_stapling on; ssl_stapling_file {key};",
                                **values))
    result = subprocess.run([RPCD, "-p", daemon.folder, daemon.folder / "site.rpt"],
                            capture_output=True, text=True, timeout=30)
    lab.daemons.remove(daemon)
    assert result.returncode == 1
    assert re.search(r'site.conf:\d+: ssl_stapling_file ".*/server.key": SSL: ', result.stderr)


# --- nobody to ask ---

@pytest.mark.parametrize("settings, warning", [
    ("ssl_stapling on;", '"ssl_stapling" ignored, no OCSP responder URL in the certificate "{chain}"'),
    ("ssl_stapling on; ssl_stapling_responder https://ocsp.test/;",
     '"ssl_stapling" ignored, invalid OCSP responder URL "https://ocsp.test/" for the certificate '
     '"{chain}"'),
], ids=["silent-certificate", "https"])
def test_nobody_can_be_asked(lab, certificates, values, settings, warning):
    rpcd = lab.rpcd(SITE % settings, **values)
    rpcd.wait_for_text(warning.replace("{chain}", str(values["chain"])))
    assert status_of(lab.port) is None


def test_the_issuer_is_not_known(lab, values, responder):
    rpcd = lab.rpcd("server { listen {host}:{port} ssl; ssl_certificate {chain}; "
                    "ssl_certificate_key {key}; ssl_stapling on; ssl_stapling_responder {url}; "
                    "return 200 ok; }", url=responder.url, **values)
    rpcd.wait_for_text('"ssl_stapling" ignored, issuer certificate not found for certificate')
    assert status_of(lab.port) is None
