"""Lists of folders, compared with nginx byte for byte."""

import os
import socket

import pytest

from lab import wait_until

HTTP = """
server {
    listen {host}:{port};
    root {files};
    error_page 402 =200 /listed/;
    access_log access.log;
    location / { autoindex on; }
    location /off/ { alias {files}/listed/; }
    location /rounded/ { alias {files}/listed/; autoindex on; autoindex_exact_size off; autoindex_localtime on; }
    location /xml/ { alias {files}/listed/; autoindex on; autoindex_format xml; autoindex_localtime on; }
    location /json/ { alias {files}/listed/; autoindex on; autoindex_format json; add_header X-Added "$uri" always; }
    location /jsonp/ { alias {files}/listed/; autoindex on; autoindex_format jsonp; autoindex_exact_size off; }
    location /named/ { alias {files}/listed/; autoindex on; index none.html other; }
    location /gone/ { alias {files}/gone/; autoindex on; }
    location /gone-at-all/ { alias {files}/gone/; autoindex on; index /elsewhere; }
    location /elsewhere { return 200 "elsewhere"; }
    location /file/ { alias {files}/listed/a.txt/; autoindex on; }
    location /page { return 402; }
    location /closed/ { autoindex on; }
    location /packed/ { alias {files}/listed/; autoindex on; gzip on; gzip_min_length 0; }
    location /<&"> { autoindex on; }
}
"""

SIZES = [0, 1, 9999, 10000, 10240, 10751, 10752, 1 << 20, (1 << 20) - 1, (1 << 20) + (1 << 19) - 1, (1 << 20) + (1 << 19),
         (1 << 30) - 1, 1 << 30, (1 << 30) + (1 << 29)]

NAMES = ["a.txt", "B.txt", "b.txt", "with space", "<tag>&\"quotes\".html", "semi;colon?query#part", "100%", "\u00e4\u00f6\u00fc",
         "x" * 50, "x" * 51, "y" * 49, "<" * 52, "\u20ac" * 30, "back\\slash", "tab\tname", "line\nend", "bell\x07", "~tilde",
         "it's", "plus+", "comma,", "colon:"]


@pytest.fixture(scope="module")
def pair(shared_lab):
    files = shared_lab.folder("files")
    listed = files / "listed"
    for name in ("listed/folder", "listed/z<folder>", "listed/.hidden-folder", "listed/" + "f" * 49, "listed/" + "g" * 50,
                 "empty", "indexed", "closed", '<&">'):
        (files / name).mkdir(parents=True)
    for number, name in enumerate(NAMES):
        (listed / name).write_bytes(b"x" * number)
        os.utime(listed / name, (0, 86400 * 365 * number + 12345 * number))
    for size in SIZES:
        with open(listed / f"size{size}", "wb") as file:
            file.truncate(size)
    (listed / ".hidden").write_text("")
    (listed / "link").symlink_to("a.txt")
    (listed / "link-to-folder").symlink_to("folder")
    (listed / "dangling").symlink_to("nowhere")
    (listed / "round").symlink_to("round")
    os.mkfifo(listed / "pipe")
    with socket.socket(socket.AF_UNIX) as unix:
        unix.bind(str(listed / "socket"))
    os.utime(listed / "size0", (0, 4_000_000_000))
    (files / "indexed/index.html").write_text("index")
    (files / "closed").chmod(0o700)
    return shared_lab.pair(HTTP, files=files)


def look(response):
    is_own = b"<hr><center>" in response.body  # an error's page, with the server's name
    return (response.status, None if is_own else response.body, response.all("Content-Type"), response.framing,
            response.all("X-Added"), response.all("Last-Modified"), response.all("ETag"), response.all("Accept-Ranges"))


@pytest.mark.parametrize("target", [
    "/listed/", "/listed", "/empty/", "/indexed/", "/off/", "/rounded/", "/xml/", "/json/", "/jsonp/", "/named/", "/gone/",
    "/gone-at-all/", "/file/", "/page", "/%3C%26%22%3E/", "/listed/folder/", "/listed/link-to-folder/", "/nothing/",
    "/jsonp/?callback=a.b_C9", "/jsonp/?callback=", "/jsonp/?callback=a-b", "/jsonp/?callback=" + "a" * 128,
    "/jsonp/?callback=" + "a" * 129, "/jsonp/?x=1&CALLBACK=f&callback=g", "/json/?callback=f", "/jsonp/?callback=%61",
])
@pytest.mark.parametrize("verb", ["GET", "HEAD", "POST", "PUT"])
def test_as_nginx(pair, target, verb):
    theirs, ours = pair.ask(target, method=verb)
    assert look(ours) == look(theirs)


def test_by_http_1_0(pair):
    theirs, ours = pair.ask("/listed/", version="HTTP/1.0")
    assert look(ours) == look(theirs)


def test_conditions_and_ranges_mean_nothing(pair):
    headers = [("Range", "bytes=0-9"), ("If-None-Match", "*"), ("If-Modified-Since", "Sun, 29 Nov 2026 00:00:00 GMT")]
    theirs, ours = pair.ask("/listed/", headers=headers)
    assert look(ours) == look(theirs) and ours.status == 200


def test_compressed(pair):
    theirs, ours = pair.ask("/packed/", headers=[("Accept-Encoding", "gzip")])
    assert ours.get("Content-Encoding") == theirs.get("Content-Encoding") == "gzip"


def test_many_entries(lab):
    """More than any buffer holds, for a client that reads them later."""
    files = lab.folder("files")
    for number in range(5000):
        (files / f"{number:05}-{'n' * 100}").write_text("")
    pair = lab.pair("server { listen {host}:{port}; root {files}; autoindex on; }", files=files)
    theirs, ours = pair.ask("/")
    assert ours.body == theirs.body and len(ours.body) > 1_000_000


@pytest.mark.skipif(os.geteuid() != 0, reason="everything is closed to somebody")
def test_a_folder_that_nobody_may_read(lab):
    files = lab.folder("files")
    (files / "closed").mkdir(mode=0o711)
    daemon = lab.rpcd("server { listen {port}; root {files}; autoindex on; }", files=files, main="user nobody;")
    with lab.client() as client:
        assert client.ask("/closed/").status == 403
    daemon.wait_for_text('opendir() "')
    wait_until(lambda: "failed (13: Permission denied)" in daemon.text("error.log"), "the reason")
