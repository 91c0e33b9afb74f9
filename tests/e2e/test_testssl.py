"""testssl.sh against the profile that most sites should have: it finds nothing above LOW."""

import json
import shutil
import subprocess

import pytest

from lab.certificates import Authority

SITE = """
server {
    listen 127.0.0.1:{port} ssl;
    server_name example.com;
    tls_profile intermediate;
    {order}
    ssl_certificate {chain};
    ssl_certificate_key {key};
    # Not of TLS, but looked for all the same.
    add_header Strict-Transport-Security "max-age=63072000" always;
    add_header X-Frame-Options DENY always;
    add_header X-Content-Type-Options nosniff always;
    location / { return 200 "ok"; }
}
"""

# Of what there is: protocols, kinds of ciphers, forward secrecy, preferences, the certificate,
# headers, and all known vulnerabilities. Left out: how clients are simulated, every cipher on its own.
CHECKS = ["-p", "-s", "-f", "-P", "-S", "-h", "-U"]
HARMLESS = {"OK", "INFO", "LOW", "DEBUG",
            "WARN"}  # what could not be found out, as on a busy machine
# What has to have been found out, whatever else was.
NEEDED = {"TLS1_2", "TLS1_3", "cipherlist_STRONG", "PFS", "cert_chain_of_trust", "HSTS_time", "heartbleed",
          "ROBOT", "secure_client_renego", "CRIME_TLS", "SWEET32", "LUCKY13"}

pytestmark = [
    pytest.mark.skipif(shutil.which("testssl") is None, reason="no testssl here"),
    # It takes its time, and the loop has no part in this.
    pytest.mark.parametrize("method", ["epoll"], indirect=True, scope="session"),
]


@pytest.fixture(scope="module")
def certificates(tmp_path_factory):
    """An authority, and a certificate that holds for long enough and says where to ask about it."""
    folder = tmp_path_factory.mktemp("certificates")
    root = Authority(folder, "root")
    extensions = ("subjectAltName=DNS:example.com\n"
                  "authorityInfoAccess=OCSP;URI:http://ocsp.example.com/\n"
                  "extendedKeyUsage=serverAuth\nkeyUsage=digitalSignature\n"
                  "basicConstraints=critical,CA:FALSE")
    site = root.issue("site", extensions=extensions, subject="/CN=example.com",
                      dates=("-days", "90"))
    return root, site


def findings(lab, certificates, tmp_path, checks, order):
    """By their names, those that are not harmless."""
    root, site = certificates
    lab.rpcd(SITE, order=order, chain=site.chain, key=site.key)
    report = tmp_path / "report.json"
    result = subprocess.run(
        ["testssl", "--quiet", "--color", "0", "--warnings", "off", "--nodns", "none", "--ip",
         "127.0.0.1", "--add-ca", root.pem, "--jsonfile", report, *checks,
         f"example.com:{lab.port}"],
        stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=300)
    found = json.loads(report.read_text())
    assert len(found) > len(checks), result.stdout + result.stderr
    bad = {one["id"]: (one["severity"], one["finding"]) for one in found
           if one["severity"] not in HARMLESS}
    return bad, {one["id"] for one in found if one["severity"] in ("OK", "INFO")}


def test_the_intermediate_profile(lab, certificates, tmp_path):
    """With an order of suites, as this version of testssl wants one; the next test is about that."""
    bad, good = findings(lab, certificates, tmp_path, CHECKS, "ssl_prefer_server_ciphers on;")
    assert bad == {}
    assert NEEDED - good == set()


def test_the_order_that_the_profile_leaves_to_clients(lab, certificates, tmp_path):
    """Mozilla wants none, as every suite is good and clients know their hardware best. testssl 3.0
    takes exception to that, and to nothing else; 3.2 does not any more."""
    bad, _ = findings(lab, certificates, tmp_path, ["-P"], "")
    assert set(bad) <= {"cipher_order"}
