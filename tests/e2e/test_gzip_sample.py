"""The sample of compression does what it says."""

import gzip

import pytest

from lab import answer
from lab.backend import replying
from lab.daemon import REPOSITORY
from lab.sample import Sample

ACCEPT = [("Accept-Encoding", "gzip")]
TEXT = b"some text " * 500


@pytest.fixture
def client(lab):
    sample = Sample(lab, REPOSITORY / "samples/compression.conf")
    root = lab.folder("site")
    (root / "assets").mkdir()
    (root / "assets" / "app.js").write_bytes(TEXT)
    (root / "assets" / "app.js.gz").write_bytes(gzip.compress(b"made beforehand"))
    sample.text = sample.text.replace("/var/www/example.com", str(root))
    sample.use_backend(3000, lab.backend(replying(lambda request: answer(
        TEXT, headers=[("Content-Type", request.get("X-Type", "application/json"))]))))
    sample.use_backend(3001, lab.backend(answer(gzip.compress(TEXT), headers=[("Content-Encoding", "gzip")])))
    sample.start()
    with lab.client(sample.ports["80"]) as client:
        yield client


def test_text_of_the_application(client):
    response = client.ask("/", headers=ACCEPT)
    assert gzip.decompress(response.body) == TEXT
    assert response.get("Vary") == "Accept-Encoding"
    assert client.ask("/", headers=ACCEPT + [("Via", "1.1 cache")]).get("Content-Encoding") == "gzip"
    assert client.ask("/", headers=ACCEPT + [("X-Type", "image/webp")]).body == TEXT
    plain = client.ask("/")
    assert (plain.body, plain.get("Vary")) == (TEXT, "Accept-Encoding")
    assert client.ask("/account/", headers=ACCEPT).body == TEXT


def test_files_made_beforehand(client):
    response = client.ask("/assets/app.js", headers=ACCEPT)
    assert gzip.decompress(response.body) == b"made beforehand"
    assert response.get("Content-Type") == "text/javascript"
    assert client.ask("/assets/app.js").body == TEXT


def test_what_is_kept_compressed(client):
    assert gzip.decompress(client.ask("/archive/", headers=ACCEPT).body) == TEXT
    assert client.ask("/archive/").body == TEXT


def test_events(client):
    response = client.ask("/events/", headers=ACCEPT + [("X-Type", "text/event-stream")])
    assert gzip.decompress(response.body) == TEXT
