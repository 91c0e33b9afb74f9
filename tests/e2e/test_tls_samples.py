"""The samples that speak TLS, by curl and openssl: what their comments promise is so."""

import os
import re
import subprocess

import pytest

from lab import answer
from lab.certificates import Authority
from lab.daemon import REPOSITORY, RPC
from lab.sample import Sample

SAMPLES = REPOSITORY / "samples"
HSTS = "strict-transport-security"
LETSENCRYPT = "/etc/letsencrypt/live/example.com"
SSL = "/etc/ssl/example.com"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("certificates")


@pytest.fixture(scope="module")
def root(folder):
    return Authority(folder, "root")


@pytest.fixture(scope="module")
def certificate(folder, root):
    """Of an authority below the root, for all names of the samples."""
    issuing = Authority(folder, "issuing", parent=root)
    return issuing.issue("site", names=("DNS:example.com", "DNS:www.example.com"))


@pytest.fixture(scope="module")
def rsa_certificate(root):
    return root.issue("rsa", names=("DNS:www.example.com",), algorithm="RSA")


class Answer:
    """What curl printed, with the ends of lines as text has them: `version`, `status`, `fields` with names in lower case, `body`."""

    def __init__(self, output):
        head, _, self.body = output.partition("\n\n")
        line, *fields = head.split("\n")
        self.version, self.status = line.split()[:2]
        self.fields = {name.lower(): value.strip() for name, _, value in
                       (field.partition(":") for field in fields)}


def run(*command, status=0, text="", **options):
    result = subprocess.run([str(word) for word in command], input=text, capture_output=True,
                            text=True, timeout=60, **options)
    assert status is None or result.returncode == status, result.stdout + result.stderr
    return result


def curl(root, url, *options, address="127.0.0.1", status=0):
    """Asks for a URL with the port in it, whatever its host, at an address of this machine."""
    host, port = re.match(r"https?://([^:/]+):(\d+)", url).groups()
    result = run("curl", "-sS", "-i", "--cacert", root.pem, "--resolve", f"{host}:{port}:{address}",
                 *options, url, status=status)
    return Answer(result.stdout) if status == 0 else result.stderr


def handshake(port, *options, host="www.example.com", status=0):
    return run("openssl", "s_client", "-connect", f"127.0.0.1:{port}", "-servername", host, *options,
               status=status).stdout


def numbered(lab, count=2):
    """Backends that answer with their number, and 404 for /absent."""
    def handler(number):
        def handle(connection):
            while (request := connection.request()) is not None:
                status = "404 Not Found" if request.target == "/absent" else "200 OK"
                connection.send(answer(b"%d %s" % (number, request.get("X-Forwarded-Proto").encode()),
                                       status=status))
        return handle
    return [lab.backend(handler(number)) for number in range(count)]


@pytest.fixture
def site(lab, certificate):
    sample = Sample(lab, SAMPLES / "tls-site.conf")
    sample.use_file(f"{LETSENCRYPT}/fullchain.pem", certificate.chain)
    sample.use_file(f"{LETSENCRYPT}/privkey.pem", certificate.key)
    for port, backend in zip((3000, 3001), numbered(lab)):
        sample.use_backend(port, backend)
    sample.daemon = sample.start()
    return sample


def test_site_answers(site, root):
    url = f"https://example.com:{site.ports['443']}/"
    first = curl(root, url)
    assert (first.version, first.status) == ("HTTP/2", "200")
    assert first.fields[HSTS] == "max-age=63072000; includeSubDomains"
    assert {first.body, curl(root, url).body} == {"0 https", "1 https"}
    assert curl(root, url, "--http1.1").version == "HTTP/1.1"
    assert curl(root, url, address="[::1]").status == "200"
    assert curl(root, url, "--tls-max", "1.2").version == "HTTP/2"


def test_site_protects_errors(site, root):
    missing = curl(root, f"https://example.com:{site.ports['443']}/absent")
    assert missing.status == "404"
    assert HSTS in missing.fields


def test_site_refuses_what_is_old(site):
    port = site.ports["443"]
    for options in (["-tls1_1", "-cipher", "ALL@SECLEVEL=0"],
                    ["-tls1_2", "-cipher", "ECDHE-ECDSA-AES128-SHA"]):
        handshake(port, *options, status=1)
    assert "ECDHE-ECDSA-AES256-GCM-SHA384" in handshake(port, "-tls1_2", "-cipher",
                                                        "ECDHE-ECDSA-AES256-GCM-SHA384")


@pytest.mark.parametrize("version", ["-tls1_2", "-tls1_3"])
def test_site_resumes_sessions(site, version, tmp_path):
    port, kept = site.ports["443"], tmp_path / "session"
    request = "GET / HTTP/1.0\r\nHost: example.com\r\n\r\n"
    first = run("openssl", "s_client", "-connect", f"127.0.0.1:{port}", version, "-ign_eof",
                "-sess_out", kept, text=request).stdout
    assert "\nNew, TLSv1" in first
    again = run("openssl", "s_client", "-connect", f"127.0.0.1:{port}", version, "-ign_eof",
                "-sess_in", kept, text=request).stdout
    assert "\nReused, TLSv1" in again


def test_site_tells_who_speaks_plainly(site, root):
    plain = curl(root, f"http://example.com:{site.ports['443']}/")
    assert plain.status == "400"
    assert "The plain HTTP request was sent to HTTPS port" in plain.body


def test_site_is_in_order(site, root):
    """As an operator would ask before a reload."""
    environment = {**os.environ, "SSL_CERT_FILE": str(root.pem), "SSL_CERT_DIR": "/nonexistent"}
    result = run(RPC, "lint", "--certs", "--fail-on", "note", site.daemon.folder / "site.conf",
                 env=environment)
    assert result.stdout == ""


def test_older_way_to_http2(lab, root, certificate, rsa_certificate):
    sample = Sample(lab, SAMPLES / "tls-http2-older.conf")
    for kind, made in (("ecdsa", certificate), ("rsa", rsa_certificate)):
        sample.use_file(f"{SSL}/{kind}.pem", made.chain)
        sample.use_file(f"{SSL}/{kind}.key", made.key)
    sample.use_backend(3000, numbered(lab)[0])
    sample.start()
    port = sample.ports["443"]
    got = curl(root, f"https://www.example.com:{port}/")
    assert (got.version, got.status, got.body) == ("HTTP/2", "200", "0 https")
    assert curl(root, f"https://www.example.com:{port}/", address="[::1]").status == "200"
    for algorithm, kind in (("RSA", "rsaEncryption"), ("ECDSA", "id-ecPublicKey")):
        shown = handshake(port, "-tls1_2", "-cipher", f"ECDHE-{algorithm}-AES128-GCM-SHA256")
        text = run("openssl", "x509", "-noout", "-text", text=shown).stdout
        assert kind in text
    assert "unrecognized name" in curl(root, f"https://other.test:{port}/", status=35)


def test_redirects_and_hsts(lab, root, certificate):
    sample = Sample(lab, SAMPLES / "tls-redirect-hsts.conf")
    sample.use_file(f"{SSL}/fullchain.pem", certificate.chain)
    sample.use_file(f"{SSL}/privkey.pem", certificate.key)
    sample.use_backend(3000, numbered(lab)[0])
    sample.start()
    plain, secure = sample.ports["80"], sample.ports["443"]
    redirect = curl(root, f"http://example.com:{plain}/a?b=c")
    assert (redirect.status, redirect.fields["location"]) == ("301", "https://www.example.com/a?b=c")
    assert HSTS not in redirect.fields
    bare = curl(root, f"https://example.com:{secure}/a?b=c")
    assert (bare.status, bare.fields["location"]) == ("301", "https://www.example.com/a?b=c")
    assert bare.fields[HSTS] == "max-age=63072000"
    got = curl(root, f"https://www.example.com:{secure}/")
    assert (got.status, got.body, got.fields[HSTS]) == ("200", "0 https", "max-age=63072000")


def test_in_front_of_an_application(lab, root, certificate):
    sample = Sample(lab, SAMPLES / "tls.conf")
    sample.use_file(f"{SSL}/fullchain.pem", certificate.chain)
    sample.use_file(f"{SSL}/privkey.pem", certificate.key)
    sample.use_backend(3000, numbered(lab)[0])
    sample.start()
    got = curl(root, f"https://example.com:{sample.ports['443']}/")
    assert (got.version, got.status, got.body) == ("HTTP/2", "200", "0 https")
    assert got.fields[HSTS] == "max-age=31536000"
