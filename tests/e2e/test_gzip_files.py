"""gzip, gunzip and gzip_static for files, compared with nginx over a generated set of requests."""

import gzip
import os
import random

import pytest

LOCATIONS = {
    "/plain/": "",
    "/off/": "gzip off;",
    "/on/": "gzip_static on;",
    "/on/vary/": "gzip_static on; gzip_vary on;",
    "/always/": "gzip_static always; gzip_vary on;",
    "/opened/": "gzip_static always; gunzip on; gzip_vary on;",
    "/cached/": "gzip_static on; open_file_cache max=10; open_file_cache_errors on;",
    "/proxied/": "gzip_static on; gzip_proxied expired no-cache; expires 1h;",
    "/expires/": "gzip_proxied no-cache; expires -1; etag off;",
    "/untagged/": "etag off; gzip_static on;",
    "/missing/": "gzip_static on; gzip_vary on; error_page 404 /plain/a.html;",
}

HTTP = """
gzip on;
types { text/html html; text/plain txt; application/octet-stream bin; }
gzip_types text/plain;
server {
    listen {host}:{port};
""" + "".join(f"""
    location {path} {{ alias {{files}}/; {settings} }}""" for path, settings in LOCATIONS.items()) + """
}
"""

NAMES = ["a.html", "a.html", "only.txt", "b.txt", "b.bin", "tiny.txt", "empty.html", "none.html", "folder.txt", "big.html",
         "sub/", "sub", "unreadable.txt"]
ACCEPTED = ["gzip", "gzip", "gzip, deflate", "gzip;q=0", "br", None]
VOLATILE = {"server", "date", "expires"}
CASES = 900


def make_files(folder):
    source = random.Random(1)
    def words(size):
        return " ".join(source.choice(["one", "two", "<p>", "three\n"]) for _ in range(size // 3))[:size].encode()
    def write(name, content):
        (folder / name).write_bytes(content)
        os.utime(folder / name, (1_500_000_000, 1_500_000_000))
    (folder / "sub").mkdir(parents=True)
    (folder / "folder.txt.gz").mkdir()
    write("a.html", words(3000))
    write("a.html.gz", gzip.compress(b"from a.html.gz", mtime=0))
    write("only.txt.gz", gzip.compress(words(2000), mtime=0))
    write("b.txt", words(5000))
    write("b.bin", words(5000))
    write("tiny.txt", b"tiny")
    write("empty.html", b"")
    write("folder.txt", words(100))
    write("big.html", words(500_000))
    write("sub/index.html", words(400))
    write("sub/index.html.gz", gzip.compress(b"the index", mtime=0))
    write("unreadable.txt", words(300))
    (folder / "unreadable.txt.gz").symlink_to("unreadable.txt.gz")


@pytest.fixture(scope="module")
def pair(shared_lab):
    files = shared_lab.folder("compressed")
    make_files(files)
    pair = shared_lab.pair(HTTP, files=files)
    tags = pair.ask("/off/a.html")[0].get("ETag"), pair.ask("/always/a.html")[0].get("ETag")
    pair.tags = [tag for strong in tags for tag in (strong, f"W/{strong}")] + ['"other"']
    return pair


def choose(number, tags):
    source = random.Random(number)
    dates = ["Fri, 14 Jul 2017 02:40:00 GMT", "Thu, 01 Jan 2015 00:00:00 GMT"]
    target = source.choice(list(LOCATIONS)) + source.choice(NAMES)
    asked = [("Accept-Encoding", source.choice(ACCEPTED)), ("Via", source.choice([None] * 4 + ["1.1 x"])),
             ("If-None-Match", source.choice([None] * 8 + tags)), ("If-Match", source.choice([None] * 12 + tags)),
             ("If-Modified-Since", source.choice([None] * 6 + dates))]
    if "gzip_static" not in LOCATIONS[target[:target.index("/", 1) + 1]] and "vary" not in target:
        asked += [("Range", source.choice([None, "bytes=0-9", "bytes=5-", "bytes=0-1,5-6", "bytes=900000-"])),
                  ("If-Range", source.choice([None] * 3 + tags + dates))]
    return {"target": target, "headers": [(name, value) for name, value in asked if value is not None],
            "method": source.choice(["GET"] * 6 + ["HEAD", "POST"]), "version": source.choice(["HTTP/1.1"] * 6 + ["HTTP/1.0"])}


def content(response):
    if response.get("Content-Encoding") == "gzip" and response.body:
        return gzip.decompress(response.body)
    return response.body


def comparable(response):
    """The boundary of parts is random, pages of errors have a name and a length of their own."""
    fields = sorted((name.lower(), value.split("boundary")[0]) for name, value in response.headers
                    if name.lower() not in VOLATILE)
    if response.get("Content-Encoding") and response.get("Content-Length"):
        # nginx has ranges of FILE.gz since 1.23.2.
        fields = [field for field in fields if field[0] != "accept-ranges"]
    if response.status >= 300:
        fields = [field for field in fields if field[0] not in ("content-length", "location")]
    return fields


@pytest.mark.parametrize("group", range(15))
def test_files_are_compressed_as_by_nginx(pair, group):
    for number in range(group, CASES, 15):
        case = choose(number, pair.tags)
        by_nginx, by_rpcd = pair.ask(**case)
        assert by_rpcd.start == by_nginx.start, case
        if by_nginx.status in (412, 416):
            continue  # what else it says is the business of tests of files
        assert comparable(by_rpcd) == comparable(by_nginx), case
        is_divided = by_nginx.get("Content-Type", "").startswith("multipart")
        if by_nginx.status < 300 and not is_divided:
            assert content(by_rpcd) == content(by_nginx), case


def test_a_range_of_a_precompressed_file(pair):
    """As in nginx since 1.23.2; the older one sends it all."""
    by_rpcd = pair.ask("/always/a.html", headers=[("Range", "bytes=0-1")])[1]
    assert by_rpcd.status == 206
    assert by_rpcd.body == b"\x1f\x8b"
    assert by_rpcd.get("Content-Encoding") == "gzip"
    opened = pair.ask("/opened/a.html", headers=[("Range", "bytes=0-1")])[1]
    assert (opened.status, opened.body) == (200, b"from a.html.gz")
    assert opened.get("Accept-Ranges") is None
