"""HTTP/2 under load by h2load: no stream fails, neither by TLS nor without, nor over reloads.
RPC_LOAD_STREAMS makes it more of them; 200000 is what a release is measured with."""

import os
import shutil
import subprocess

import pytest

from lab.certificates import Authority

STREAMS = int(os.environ.get("RPC_LOAD_STREAMS", "20000"))
RELOADS = 20

# It is its own backend, as that one is fast enough.
SITE = """
http2 on;
keepalive_requests 1000000000;
upstream back { server {host}:{back_port}; keepalive 200; keepalive_requests 1000000000; }
server {
    listen {host}:{port};
    listen {host}:{tls_port} ssl;
    ssl_certificate {folder}/site.pem;
    ssl_certificate_key {folder}/site.key;
    location / { add_header X-Table {table}; proxy_pass http://back; }
}
server { listen {host}:{back_port}; return 200 "hello, world"; }
"""

pytestmark = pytest.mark.skipif(shutil.which("h2load") is None, reason="no h2load")


@pytest.fixture
def site(lab):
    lab.tls_port, lab.back_port = lab.new_port(), lab.new_port()
    certificates = Authority(lab.folder("authority"), "authority")
    certificates.issue("site", names=("DNS:localhost", "IP:127.0.0.1"))
    lab.options = {"events": "worker_connections 4096;", "workers": 2, "tls_port": lab.tls_port,
                   "back_port": lab.back_port, "folder": certificates.folder}
    lab.daemon = lab.rpcd(SITE, table="first", **lab.options)
    return lab


def start_load(lab, scheme):
    port = lab.tls_port if scheme == "https" else lab.port
    return subprocess.Popen(["h2load", "-c", "100", "-m", "10", "-n", str(STREAMS),
                             f"{scheme}://127.0.0.1:{port}/"], stdout=subprocess.PIPE, text=True)


def check(load):
    said = load.communicate(timeout=240)[0]
    assert f"{STREAMS} succeeded, 0 failed, 0 errored, 0 timeout" in said, said
    assert f"status codes: {STREAMS} 2xx" in said, said


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_no_stream_fails(site, scheme):
    check(start_load(site, scheme))


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_no_stream_fails_over_reloads(site, scheme):
    load = start_load(site, scheme)
    for number in range(RELOADS):
        site.reload(site.daemon, SITE, table=f"of-reload-{number}", **site.options)
    check(load)
