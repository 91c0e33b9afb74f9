"""gzip and gunzip: which responses they apply to, compared with nginx over a generated set of requests,
and that bodies come out as they went in."""

import gzip
import random
import zlib

import pytest

from lab.backend import replying
from lab.http import chunked

LOCATIONS = {
    "/plain/": "",
    "/off/": "gzip off;",
    "/types/": "gzip_types text/plain Application/JSON text/css;",
    "/any/": "gzip_types *;",
    "/long/": "gzip_min_length 1k; gzip_types text/plain;",
    "/best/": "gzip_comp_level 9; gzip_window 8k; gzip_hash 4k;",
    "/vary/": "gzip_vary on;",
    "/old/": "gzip_http_version 1.0;",
    "/msie/": 'gzip_disable msie6 "Opera [1-4]\\.";',
    "/msie/inner/": 'gzip_disable curl;',
    "/expired/": "gzip_proxied expired;",
    "/no-cache/": "gzip_proxied no-cache no-store;",
    "/private/": "gzip_proxied private auth;",
    "/untagged/": "gzip_proxied no_last_modified no_etag;",
    "/proxied/": "gzip_proxied any;",
    "/mixed/": "gzip_proxied any off;",
    "/added/": 'gzip_proxied private; add_header Cache-Control private; add_header ETag "own";',
    "/expires/": 'gzip_proxied no-cache; add_header Expires "Thu, 01 Jan 1970 00:00:01 GMT";',
    "/gunzip/": "gunzip on; gzip_vary on;",
    "/both/": "gunzip on; gzip off;",
    "/cookie/": "if ($http_x_plain) { gzip off; } gzip_vary on;",
    "/dated/": "proxy_pass_header Date; gzip_proxied expired;",
}

HTTP = """
gzip on;
server {
    listen {host}:{port};
""" + "".join(f"""
    location {path} {{ {settings} proxy_pass http://127.0.0.1:{{backend}}; }}"""
              for path, settings in LOCATIONS.items()) + """
    location /return/ { gzip_vary on; gzip_types text/plain; default_type text/plain; return 200 "$arg_t$arg_t$arg_t"; }
    location /page/404 { return 404; }
    location /page/403 { return 403; }
    location /page/500 { return 500; }
    location /page/302 { return 302 /elsewhere; }
    location /page/typed { default_type "text/html; charset=utf-8"; return 200 "long enough to be compressed"; }
    location /page/status { error_page 404 =200 /return/?t=abcdefghijk; return 404; }
}
"""

ACCEPTED = ["gzip", "gzip, deflate, br", "deflate, gzip;q=1.0, *;q=0.5", "identity", "*", "gzip;q=0",
            "gzip;q=0.0", "gzip;q=0.001", "gzip; q=0.5", "gzip;q=1.001", "gzip;q=2", "gzip;q=.5", "x-gzip",
            "br;q=1, gzip", "GZIP", "gzipped", "xgzipgzip", "gzip ;q=0", "gzip;level=9", "gzip;", "", "gz",
            "gzip;q=0.1234", "gzip;q=1.", "gzip;Q=0", "gzip,gzip;q=0", None]
TYPES = ["text/html", "text/html; charset=utf-8", "text/html;charset=utf-8", "TEXT/HTML", "text/plain",
         "text/html; boundary=x", "text/html ; charset=utf-8", "application/json", "image/png", "text/css;x=1;Charset=a",
         None, "text/html;"]
SIZES = [0, 1, 19, 20, 21, 200, 1023, 1024, 5000, 40000, 300000]
STATUSES = ["200 OK"] * 5 + ["404 Not Found", "403 Forbidden", "500 Error", "201 Created", "301 Moved",
                             "204 No Content", "304 Not Modified"]
VIAS = [None, None, "1.1 proxy", ""]
CONTROLS = [None, None, "no-cache", "max-age=1, no-store", "private", "private; x", "max-age=0; no-cache",
            "no-cache=set-cookie", "NO-STORE", "public"]
EXPIRES = [None, None, None, "Thu, 01 Jan 1970 00:00:01 GMT", "Thu, 31 Dec 2099 23:59:59 GMT", "0", "-1"]
TAGS = [None, '"tag"', 'W/"weak"', "bare", '"']
MODIFIED = [None, None, "Thu, 01 Jan 2015 00:00:00 GMT"]
ENCODINGS = [None] * 6 + ["gzip", "GZip", "br", "identity"]
AGENTS = [None, "curl/7", "Mozilla/4.0 (compatible; MSIE 6.0; Windows NT 5.1)", "Opera 3.1",
          "Mozilla/4.0 (compatible; MSIE 6.0; Windows NT 5.1; SV1)", "x MSIE 5.5", "MSIE 7.0", "xmsie 6.0; MSIE 4.01 "]
DATES = [None, "Thu, 01 Jan 2015 00:00:00 GMT", "Wed, 31 Dec 1969 23:59:59 GMT", "then"]

VOLATILE = {"server", "date"}
CASES = 1200


def text(size):
    words = ["one", "two", "three", "<p>", "four\n", "&amp;"]
    source = random.Random(size)
    return " ".join(source.choice(words) for _ in range(size // 3 + 1)).encode()[:size]


def choose(number):
    """A request and what the backend answers to it."""
    source = random.Random(number)
    fields = [(name, source.choice(values)) for name, values in
              (("Content-Type", TYPES), ("Cache-Control", CONTROLS), ("Expires", EXPIRES), ("ETag", TAGS),
               ("Last-Modified", MODIFIED), ("Content-Encoding", ENCODINGS), ("Date", DATES),
               ("Accept-Ranges", [None, "bytes"]), ("Vary", [None, None, "Origin"]))]
    fields = [(name, value) for name, value in fields if value is not None]
    asked = [("Accept-Encoding", source.choice(ACCEPTED[:3] + ACCEPTED)), ("Via", source.choice(VIAS)),
             ("User-Agent", source.choice(AGENTS)), ("X-Plain", source.choice([None, "1"])),
             ("Authorization", source.choice([None, None, "Basic eDp5"]))]
    asked = [(name, value) for name, value in asked if value is not None]
    body = text(source.choice(SIZES))
    if dict(fields).get("Content-Encoding", "").lower() == "gzip":
        body = gzip.compress(body)
    status = source.choice(STATUSES)
    if status[:3] in ("204", "304"):
        body = b""
        # nginx would open a body that is not there, and close the connection.
        fields = [field for field in fields if field[0] != "Content-Encoding"]
    reply = f"HTTP/1.1 {status}\r\n" + "".join(f"{name}: {value}\r\n" for name, value in fields)
    if source.random() < 0.3 and status[:3] not in ("204", "304"):
        half = len(body) // 2
        reply = reply.encode() + b"Transfer-Encoding: chunked\r\n\r\n" + chunked(*filter(None, (body[:half], body[half:])))
    elif status[:3] in ("204", "304"):
        reply = reply.encode() + b"\r\n"
    else:
        reply = reply.encode() + b"Content-Length: %d\r\n\r\n" % len(body) + body
    return {"target": source.choice(list(LOCATIONS)), "headers": asked, "reply": reply,
            "method": source.choice(["GET"] * 5 + ["HEAD"]),
            "version": source.choice(["HTTP/1.1"] * 6 + ["HTTP/1.0"])}


@pytest.fixture(scope="module")
def pair(shared_lab):
    reply = {}

    @replying
    def current(_request):
        return reply["bytes"]

    pair = shared_lab.pair(HTTP, backend=shared_lab.backend(current))
    pair.reply = reply
    return pair


def comparable(response):
    return sorted((name.lower(), value) for name, value in response.headers if name.lower() not in VOLATILE)


def content(response):
    if response.get("Content-Encoding", "").lower() == "gzip" and response.body:
        return gzip.decompress(response.body)
    return response.body


def compare(pair, **request):
    by_nginx, by_rpcd = pair.ask(request.pop("target"), **request)
    assert by_rpcd.start == by_nginx.start
    assert comparable(by_rpcd) == comparable(by_nginx)
    assert by_rpcd.framing == by_nginx.framing
    assert content(by_rpcd) == content(by_nginx)
    return by_rpcd


@pytest.mark.parametrize("group", range(20))
def test_decisions_are_nginx_s(pair, group):
    coded = 0
    for number in range(group, CASES, 20):
        case = choose(number)
        pair.reply["bytes"] = case.pop("reply")
        try:
            response = compare(pair, **case)
        except AssertionError as error:
            head = pair.reply["bytes"].split(b"\r\n\r\n")[0]
            raise AssertionError(f"case {number}: {case}, {head}: {error}") from error
        coded += response.get("Content-Encoding") == "gzip"
    assert coded > 0


@pytest.mark.parametrize("accepted", ACCEPTED)
def test_accept_encoding_is_read_as_nginx_does(pair, accepted):
    pair.reply["bytes"] = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 200\r\n\r\n" + text(200)
    compare(pair, target="/plain/", headers=[("Accept-Encoding", accepted)] if accepted is not None else [])


@pytest.mark.parametrize("target", ["/return/?t=abcdefg", "/return/?t=a", "/page/status", "/page/typed"])
@pytest.mark.parametrize("verb", ["GET", "HEAD"])
def test_answers_of_the_configuration_are_compressed_too(pair, target, verb):
    compare(pair, target=target, method=verb, headers=[("Accept-Encoding", "gzip")])


@pytest.mark.parametrize("status", [302, 403, 404, 500])
@pytest.mark.parametrize("verb", ["GET", "HEAD"])
def test_pages_of_errors_are_compressed_too(pair, status, verb):
    answers = pair.ask(f"/page/{status}", method=verb, headers=[("Accept-Encoding", "gzip")])
    for by_nginx, by_rpcd in [answers]:
        assert by_rpcd.status == by_nginx.status
        assert by_rpcd.get("Content-Encoding") == by_nginx.get("Content-Encoding")
        assert by_rpcd.framing == by_nginx.framing
        assert verb == "HEAD" or f"{status}".encode() in content(by_rpcd)
