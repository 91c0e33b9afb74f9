"""The sample of files beside an application, and renewal of certificates by a web root, as certbot does it."""

import os
import shutil
import ssl

import pytest

from lab import SecureClient, answer, client_context, wait_until
from lab.backend import replying
from lab.certificates import Authority
from lab.daemon import REPOSITORY
from lab.sample import Sample

SITE = "/var/www/example.com"
CHALLENGES = "/var/www/acme"


@pytest.fixture
def site(lab):
    """The sample, running: `site.root`, `site.challenges` and `site.client`."""
    sample = Sample(lab, REPOSITORY / "samples/assets.conf")
    sample.root, sample.challenges = lab.folder("site"), lab.folder("challenges")
    (sample.root / "dist").mkdir()
    (sample.root / "dist" / "app.4f2a.js").write_text("alert(1)")
    (sample.root / "page.html").write_text("<p>page</p>")
    (sample.root / "maintenance.html").write_text("back soon")
    sample.text = sample.text.replace(CHALLENGES, str(sample.challenges)).replace(SITE, str(sample.root))
    sample.use_backend(3000, lab.backend(replying(lambda request: answer(b"from the application"))))
    sample.daemon = sample.start()
    sample.client = lab.client(sample.ports["80"])
    yield sample
    sample.client.close()


def test_assets_pages_and_the_application(site):
    asset = site.client.ask("/assets/app.4f2a.js")
    assert asset.body == b"alert(1)" and asset.get("Content-Type") == "text/javascript"
    assert asset.get("Cache-Control") == "max-age=315360000"
    page = site.client.ask("/page.html")
    assert page.body == b"<p>page</p>" and page.get("Content-Type") == "text/html" and page.get("Expires")
    assert site.client.ask("/page.html", headers=[("If-None-Match", page.get("ETag"))]).status == 304
    assert site.client.ask("/anything/else").body == b"from the application"
    assert site.client.ask("/").body == b"from the application"
    assert site.client.ask("/assets/none.js").status == 404
    assert site.client.ask("/maintenance.html").status == 404


def test_maintenance(site):
    (site.root / "maintenance.on").touch()
    (site.challenges / ".well-known" / "acme-challenge").mkdir(parents=True)
    (site.challenges / ".well-known" / "acme-challenge" / "token").write_text("token.thumbprint")
    wait_until(lambda: site.client.ask("/other").status == 503, "the page")
    page = site.client.ask("/page.html")
    assert page.status == 503 and page.body == b"back soon" and page.get("Retry-After") == "120"
    challenge = site.client.ask("/.well-known/acme-challenge/token")
    assert challenge.body == b"token.thumbprint" and challenge.get("Content-Type") == "text/plain"


def test_assets_have_no_way_out(site):
    (site.root.parent / "outside").write_text("secret")
    (site.root / "dist" / "link").symlink_to("/etc/passwd")
    for path in ("/assets/../../outside", "/assets/..%2f..%2foutside", "/assets/%2e%2e/%2e%2e/outside", "/assets/....//outside",
                 "/assets/..%252f..%252foutside", "/..%2foutside", "/assets/..%5c..%5coutside"):
        assert site.client.ask(path).body != b"secret"
        if not site.client.buffer and path.startswith(("/assets/..", "/assets/%2e", "/..%2f")):
            site.client.close()
            site.client = site.lab.client(site.ports["80"])
    if os.geteuid() == 0:
        os.lchown(site.root / "dist" / "link", 12345, 12345)
        assert site.client.ask("/assets/link").status == 403


def test_a_certificate_is_renewed_by_a_web_root(lab):
    """The challenge is a file that is there for a moment, the certificate's files are replaced, `rpcd` is told, and
    the next handshake shows the new one. Kept connections go on."""
    authority = Authority(lab.folder("authority"), "authority")
    webroot, live, tls = lab.folder("webroot"), lab.folder("live"), lab.new_port()
    trusting = client_context(authority)

    def install(name):
        issued = authority.issue(name, names=("DNS:www.example.com",))
        for source, target in ((issued.chain, "fullchain.pem"), (issued.key, "privkey.pem")):
            shutil.copy(source, live / "new")
            os.rename(live / "new", live / target)
        return ssl.PEM_cert_to_DER_cert(issued.pem.read_text())

    first = install("first")
    rpcd = lab.rpcd("""
        server { listen {host}:{port}; location /.well-known/acme-challenge/ { root {webroot}; default_type text/plain; }
                 location / { return 308 https://www.example.com$request_uri; } }
        server { listen {host}:{tls} ssl; ssl_certificate {live}/fullchain.pem; ssl_certificate_key {live}/privkey.pem;
                 location / { return 200 "here"; } }
        """, webroot=webroot, live=live, tls=tls, workers=2)
    kept = SecureClient(tls, "www.example.com", trusting)
    assert kept.certificate == first and kept.ask().body == b"here"

    folder = webroot / ".well-known" / "acme-challenge"
    folder.mkdir(parents=True)
    (folder / "t0ken-_").write_text("t0ken-_.thumbprint")
    with lab.client() as authority_asks:
        challenge = authority_asks.ask("/.well-known/acme-challenge/t0ken-_", host="www.example.com")
        assert challenge.status == 200 and challenge.body == b"t0ken-_.thumbprint"
        shutil.rmtree(webroot / ".well-known")
        assert authority_asks.ask("/.well-known/acme-challenge/t0ken-_").status == 404

    second = install("second")
    rpcd.reload()

    def shown():
        with SecureClient(tls, "www.example.com", trusting) as client:
            return client.certificate
    wait_until(lambda: shown() == second, "the new certificate")
    wait_until(lambda: {shown() for _ in range(8)} == {second}, "it in all workers")
    assert kept.ask().body == b"here"
    kept.close()
