"""Files, compared with nginx request by request: a tree of files, locations with every setting that
matters to them, and requests that are combinations of paths, methods, conditions, ranges and encodings.
What differs on purpose is in DIFFERENCES; docs/nginx.md says why."""

import itertools
import os
import random
import re

import pytest

from lab.http import Client, Incomplete

TIME = 1_700_000_000  # Tue, 14 Nov 2023 22:13:20 GMT
NOW, BEFORE, AFTER = ("Tue, 14 Nov 2023 22:13:20 GMT", "Tue, 14 Nov 2023 22:13:19 GMT",
                      "Tue, 14 Nov 2023 22:13:21 GMT")
FILES = {
    "index.html": b"the index\n", "a.html": b"<p>a</p>\n", "style.css": b"body { margin: 0 }\n" * 40,
    "ten.txt": b"0123456789", "empty.txt": b"", "one": b"x", "photo.JPG": b"\xff\xd8" * 50,
    "big.bin": bytes(range(256)) * 1200, "sp ace.txt": b"space", "plus+.txt": b"plus", "per%cent.txt": b"percent",
    "d\u00e4.txt": b"umlaut", ".hidden": b"hidden", ".hidden.html": b"hidden html", "double.tar.gz": b"\x1f\x8b",
    "folder/index.html": b"index of folder\n", "folder/b.html": b"b", "second/second.html": b"second\n",
    "bare/file": b"bare", "sp ace/x.txt": b"x", "both/index.html": b"first", "both/second.html": b"not first",
    "index-is-folder/index.html/inside": b"inside", "deep/er/and/deeper.html": b"deep", "dot./x": b"dot",
    "page404.html": b"custom 404\n", "back\\slash": b"backslash", "outside.html": b"in the root",
}

HTTP = r"""
types { text/html html htm; text/css css; image/jpeg jpg jpeg; text/plain txt; }
default_type application/octet-stream;
root {root};
server {
    listen {host}:{port};
    location / { }
    location /sent/ { alias {root}/; sendfile on; sendfile_max_chunk 64k; }
    location /alias/ { alias {root}/; index second.html index.html; }
    location /noslash { alias {root}; }
    location /off/ { alias {root}/; etag off; if_modified_since off; max_ranges 0; }
    location /before/ { alias {root}/; if_modified_since before; max_ranges 2; }
    location /typed/ { alias {root}/; types { } default_type text/x-own; }
    location /untyped/ { alias {root}/; types { text/x-css css; } default_type ""; }
    location ~ ^/regex/(.*)$ { alias {root}/$1; }
    location ~ ^/regex-index/(.*)/$ { alias {root}/$1/; index index.html; }
    location ~ \.re$ { root {root}/folder; try_files /b.html =404; }
    location /try/ { alias {root}/; try_files $uri $uri/ /fallback.txt; }
    location /try-named/ { root {root}; try_files $uri /folder$uri /folder/b.html @named; }
    location @named { return 200 "named $uri"; }
    location = /fallback.txt { return 200 "fell back"; }
    location /many/ { alias {root}/; index none.html $arg_i second.html /absolute.html; }
    location = /absolute.html { return 200 "absolute"; }
    location /error/ { alias {root}/; error_page 403 404 405 /page404.html; }
    location /error-200/ { alias {root}/; error_page 404 =200 /page404.html; }
    location /error-412/ { alias {root}/; error_page 412 416 @failed; }
    location @failed { return 200 "failed $status"; }
    location /expires/hour/ { alias {root}/; expires 1h; add_header X-A a; }
    location /expires/past/ { alias {root}/; expires -1; }
    location /expires/epoch/ { alias {root}/; expires epoch; }
    location /expires/max/ { alias {root}/; expires max; add_header X-A a always; }
    location /expires/modified/ { alias {root}/; expires modified 30d; }
    location /expires/modified-past/ { alias {root}/; expires modified -10s; }
    location /expires/zero/ { alias {root}/; expires 0; }
    location /expires/daily/ { alias {root}/; expires @13h30m; }
    location /expires/made/ { alias {root}/; expires $arg_e; }
    location /expires/made-modified/ { alias {root}/; expires modified $arg_e; }
    location /expires/returned { expires 2h; return 200 "returned"; }
    location /expires/moved { expires 2h; return 302 /elsewhere; }
    location /expires/gone { expires 2h; return 410; }
    location /relative/ { alias {root}/; absolute_redirect off; }
    location /portless/ { alias {root}/; port_in_redirect off; }
    location /named/ { alias {root}/; server_name_in_redirect on; }
    location /cached/ { alias {root}/; open_file_cache max=100 inactive=60s; open_file_cache_errors on; }
    location /links/ { alias {root}/; }
    location /no-links/ { alias {root}/; disable_symlinks on; }
    location /from/ { alias {root}/; disable_symlinks on from={root}; }
    location /from-link/ { alias {root}/folder-link/; disable_symlinks on from={root}/folder-link; }
    location /own-links/ { alias {root}/; disable_symlinks if_not_owner; }
    location /rewritten/ { rewrite ^/rewritten/(.*)$ /$1 break; }
    location /rewritten-alias/ { alias {root}/; rewrite ^/rewritten-alias/(.*)$ /$1 break; }
    location /last/ { rewrite ^/last/(.*)$ /$1 last; }
    location /if/ { if ($arg_x) { root {root}/folder; expires 1h; } rewrite ^/if/(.*)$ /$1 break; }
    location /outer/ { alias {root}/; location ~ \.html$ { add_header X-Inner 1; }
        location /outer/folder/ { add_header X-Nested 1; } }
    location /limited/ { alias {root}/; limit_except GET { deny all; } }
    location /returned.html { return 200 "typed by its name"; }
    location /returned { return 200 "without a name"; }
    location /mapped/ { root $document; }
    location /top { root /; }
    location /open { alias {root}/folder/; }
    location ~ ^/pattern(.*)$ { alias {root}/folder/$1; }
    location /asked/ { root {root}/folder; try_files /$arg_f =404; }
}
server { listen {host}:{port}; server_name first.example second.example; root {root};
    server_name_in_redirect on; }
map $arg_r $document { default {root}; other {root}/folder; relative no-such-folder; }
"""

CLOCK = re.compile(r"[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT")


@pytest.fixture(scope="module")
def pair(shared_lab):
    root = shared_lab.folder("root")
    for name, content in FILES.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    (root / "none-here").mkdir()
    (root / "link.txt").symlink_to("ten.txt")
    (root / "folder-link").symlink_to("folder")
    (root / "dangling").symlink_to("nowhere")
    (root / "loop").symlink_to("loop")
    (root / "folder" / "up").symlink_to("../ten.txt")
    os.mkfifo(root / "fifo")
    if os.geteuid() == 0:
        (root / "foreign").symlink_to("ten.txt")
        os.lchown(root / "foreign", 12345, 12345)
        (root / "foreign-folder").symlink_to("folder")
        os.lchown(root / "foreign-folder", 12345, 12345)
    for path in sorted(root.rglob("*"), reverse=True):
        os.utime(path, (TIME, TIME), follow_symlinks=False)
    pair = shared_lab.pair(HTTP, root=root)
    for daemon in (pair.nginx, pair.rpcd):
        daemon.expects_alerts = True  # files that are none are critical, to both
    return pair


# --- what is asked ---

PATHS = [f"/{name}" for name in (
    "", "index.html", "a.html", "style.css", "ten.txt", "empty.txt", "one", "photo.JPG", "sp%20ace.txt", "plus+.txt",
    "plus%2B.txt", "per%25cent.txt", "d%C3%A4.txt", ".hidden", ".hidden.html", "double.tar.gz", "folder", "folder/",
    "folder/b.html", "second/", "bare", "bare/", "bare?a=b", "sp%20ace", "sp%20ace?a=b%20c", "both/", "index-is-folder/",
    "none", "none/", "none/deeper", "ten.txt/", "ten.txt/x", "a.html?x=y", "deep/er/and/deeper.html", "dot./x", "fifo",
    "link.txt", "folder-link/b.html", "folder-link", "folder-link/", "dangling", "loop", "folder/up", "foreign",
    "foreign-folder/b.html", "foreign-folder/", "x" * 300)]
PREFIXES = ["", "/sent", "/alias", "/noslash", "/off", "/typed", "/untyped", "/regex", "/regex-index", "/try", "/try-named",
            "/many", "/error", "/error-200", "/expires/hour", "/expires/max", "/relative", "/portless", "/named", "/cached",
            "/no-links", "/from", "/own-links", "/rewritten", "/rewritten-alias", "/last", "/outer", "/limited", "/mapped"]
METHODS = ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"]

RANGES = ["bytes=0-", "bytes=0-0", "bytes=3-5", "bytes=-3", "bytes=-0", "bytes=-100000000", "bytes=9-", "bytes=10-", "bytes=100-",
          "bytes=5-3", "bytes=0-1,3-4", "bytes=0-1, 3-4 ,-2", "bytes=0-1,100-", "bytes=100-,200-", "bytes=0-9,0-9", "bytes=0-,1-",
          "bytes=", "bytes=-", "bytes=a-b", "bytes=1", "bytes=1-2x", "bytes = 1-2", "BYTES=1-2", "lines=1-2", "bytes= 1 - 2",
          "bytes=1-2,", "bytes=,1-2", "bytes=1--2", "bytes=18446744073709551616-", "bytes=0-9223372036854775808",
          "bytes=0-9223372036854775807", "bytes=-9223372036854775807", "bytes=0-0,1-1,2-2,3-3,4-4", "bytes=0-0,-1", "bytes=4-2,0-1",
          "bytes=1-1,1-1", "bytes=0-4,5-9", "bytes=0-4,5-9,0-0", "bytes=9-9,0-0"]


def etag(name):
    return f'"{TIME:x}-{len(FILES[name]):x}"'


TAG = etag("ten.txt")
CONDITIONS = [
    *[[("If-None-Match", value)] for value in (
        TAG, "*", '"other"', f'"other", {TAG}', f"W/{TAG}", f"{TAG},", f",{TAG}", f"{TAG}x", f'"a" {TAG}', f" \t, W/{TAG} , x", "",
        TAG[:-1], f'{TAG}{TAG}', f'{TAG} \t , "x"')],
    *[[("If-Match", value)] for value in (TAG, "*", '"other"', f'"other", {TAG}', f"W/{TAG}", "")],
    *[[(name, value)] for name in ("If-Modified-Since", "If-Unmodified-Since") for value in (
        NOW, BEFORE, AFTER, "Tuesday, 14-Nov-23 22:13:20 GMT", "Tue Nov 14 22:13:20 2023", "nonsense", "", NOW + "; length=10",
        "Tue, 14 Nov 2023 22:13:20", "Mon, 14 Nov 2023 22:13:20 GMT", "Tue, 14 nov 2023 22:13:20 GMT", "Tue, 31 Feb 2023 22:13:20 GMT",
        "Thu, 29 Feb 2024 10:00:00 GMT", "Wed, 29 Feb 2023 10:00:00 GMT", "Tue, 14 Nov 2023 24:13:20 GMT", "Fri, 31 Dec 9999 23:59:59 GMT",
        "Thu, 01 Jan 1970 00:00:00 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994", "Sat, 1 Jan 2023 00:00:00 GMT",
        "Tue,14 Nov 2023 22:13:20 GMT")],
    [("If-Modified-Since", NOW), ("If-None-Match", '"other"')],
    [("If-Modified-Since", BEFORE), ("If-None-Match", TAG)],
    [("If-Unmodified-Since", BEFORE), ("If-None-Match", TAG)],
    [("If-Match", TAG), ("If-None-Match", TAG)],
]
IF_RANGES = [TAG, f"W/{TAG}", '"other"', NOW, BEFORE, AFTER, "nonsense", '"', '""', "", "Tue Nov 14 22:13:20 2023"]

# No path leads out of the root, however it is written.
TRAVERSALS = [
    "/../ten.txt", "/%2e%2e/ten.txt", "/..%2ften.txt", "/folder/..%2f..%2f..%2fetc/passwd", "/folder/%2e%2e/%2e%2e/etc/passwd",
    "/folder/..%5c..%5cetc", "/folder/..\\..\\etc", "/%252e%252e/etc/passwd", "/folder/%c0%ae%c0%ae/etc/passwd", "/ten.txt%00.html",
    "/%00", "/folder//../ten.txt", "/folder/./../ten.txt", "/folder/../../ten.txt", "/.../ten.txt", "/..;/ten.txt", "/folder/..;/x",
    "//etc/passwd", "///etc/passwd", "/folder/%2e%2e%2f%2e%2e%2fetc%2fpasswd", "/%2e%2e%2f%2e%2e%2fetc%2fpasswd", "/..%252f..%252fetc/passwd",
    "/alias../ten.txt", "/alias/../ten.txt", "/alias/%2e%2e/ten.txt", "/back%5cslash", "/back\\slash", "/regex/..%2f..%2fetc/passwd",
    "/regex/%2e%2e/%2e%2e/etc/passwd", "/sent/..%2f..%2fetc/passwd", "/top/etc/none", "/folder/..", "/folder/.", "/folder/b.html/..",
    "/%2e", "/%2E%2E", "/folder/%2e", "/x/..", "/x/../ten.txt", "/open../ten.txt", "/open../", "/open..", "/open%2e%2e/ten.txt", "/pattern../ten.txt",
    "/asked/?f=../ten.txt", "/asked/?f=b.html", "/asked/?f=../../../../etc/passwd", "/asked/?f=..", "/ten.txt%2f", "/ten.txt%2fx", "/folder%2fb.html", "/%66older/b.html"]


def generate():
    """Every request, as (target, method, fields, host)."""
    for prefix, path in itertools.product(PREFIXES, PATHS):
        yield prefix + path, "GET", []
    chosen = random.Random(6)
    places = [prefix + path for prefix in PREFIXES for path in PATHS]
    for method in METHODS[1:]:
        for place in chosen.sample(places, 60):
            yield place, method, []
    for prefix, value in itertools.product(("", "/sent", "/off", "/before", "/error-412", "/cached"), RANGES):
        yield f"{prefix}/ten.txt", "GET", [("Range", value)]
    for name, value in itertools.product(("big.bin", "empty.txt", "one", "style.css"), RANGES):
        yield f"/{name}", "GET", [("Range", value)]
        yield f"/untyped/{name}", "HEAD", [("Range", value)]
    for prefix, fields in itertools.product(("", "/off", "/before", "/expires/hour", "/error-412", "/cached"), CONDITIONS):
        yield f"{prefix}/ten.txt", "GET", fields
    for target, fields in itertools.product(("/returned", "/none", "/folder", "/error-200/none", "/error/none", "/expires/returned"),
                                            CONDITIONS[::3]):
        yield target, "GET", fields
    for condition, value in itertools.product(CONDITIONS[::2], RANGES[:12:3]):
        yield "/ten.txt", "GET", [*condition, ("Range", value)]
    for condition, value in itertools.product(IF_RANGES, ("bytes=1-2", "bytes=0-1,3-4", "bytes=100-", "x")):
        yield "/ten.txt", "GET", [("If-Range", condition), ("Range", value)]
        yield "/off/ten.txt", "HEAD", [("If-Range", condition), ("Range", value)]
    for kind in ("hour", "past", "epoch", "max", "modified", "modified-past", "zero", "daily"):
        for target in (f"/expires/{kind}/ten.txt", f"/expires/{kind}/none", f"/expires/{kind}/folder"):
            yield target, "GET", []
            yield target, "HEAD", [("If-None-Match", TAG)]
    for value in ("1h", "-1h", "epoch", "max", "off", "", "@13h", "@25h", "nonsense", "+1d", "0", "-0", "1y", "5ms", "modified", "-"):
        yield f"/expires/made/ten.txt?e={value}", "GET", []
        yield f"/expires/made-modified/ten.txt?e={value}", "GET", []
    yield from ((target, "GET", []) for target in (
        "/expires/returned", "/expires/moved", "/expires/gone", "/many/?i=index.html", "/many/folder/?i=b.html", "/many/bare/",
        "/many/folder/?i=/folder/b.html", "/many/?i=../folder/b.html", "/mapped/b.html?r=other", "/mapped/b.html?r=relative", "/from-link/b.html",
        "/from-link/up", "/from-link/", "/links/link.txt", "/links/folder-link/up", "/if/b.html?x=1", "/if/ten.txt?x=1", "/if/ten.txt",
        "/returned.html", "/returned.htm", "/returned.css/x", "/returned/x.css", "/x.re", "/folder/x.re", "/try/fallback", "/outer/folder/b.html",
        "/aliasten.txt", "/noslash/ten.txt", "/noslash", "/noslashx", "/error/folder", "/error/", "/error/bare/"))
    yield from ((target, "GET", []) for target in TRAVERSALS)
    yield from ((target, "HEAD", []) for target in TRAVERSALS[::3])


def with_host(requests):
    for target, method, fields in requests:
        yield target, method, fields, "one.example"
    for target in ("/folder", "/named/folder", "/portless/folder", "/relative/folder", "/sp%20ace?x"):
        for host in ("first.example", "second.example", "second.example:99", "10.1.2.3", "[::1]", "UPPER.example"):
            yield target, "GET", [], host


# --- what differs on purpose ---

def is_shown_twice(target, nginx, rpcd):
    """A 416 has the fields of an error, not also those of the 200 that it might have been."""
    return nginx["status"] == rpcd["status"] == "416 Requested Range Not Satisfiable" and \
        nginx["body"] == rpcd["body"] and rpcd["fields"] == [
            field for field in nginx["fields"] if field[0] not in ("expires", "cache-control", "x-a", "etag")]


def is_outside(target, nginx, rpcd):
    """What nginx finds by joining a name that is outside of the root does not exist."""
    return ".." in target.replace("%2e", ".") and rpcd["status"] == "404 Not Found"


DIFFERENCES = (is_shown_twice, is_outside)

# --- the comparison ---

IGNORED = ("server", "date", "connection", "keep-alive")


def describe(response, address, method):
    fields = sorted((name.lower(), value.replace(address, "ADDRESS")) for name, value in response.headers
                    if name.lower() not in IGNORED)
    body = response.body.replace(address.encode(), b"ADDRESS")
    boundary = re.search(r"boundary=(\d{20})$", dict(fields).get("content-type", ""))
    if boundary:
        body = body.replace(boundary.group(1).encode(), b"BOUNDARY")
        fields = [(name, value.replace(boundary.group(1), "BOUNDARY")) for name, value in fields]
    is_page = method == "HEAD" and response.status >= 300 and response.get("Content-Type") == "text/html"
    if is_page or b"<hr><center>" in body:  # with the server's name in it
        body = re.sub(rb"<hr><center>.*</center>", b"", body)
        fields = [(name, value) for name, value in fields if name != "content-length"]
    return {"status": response.start.split(" ", 1)[1], "fields": fields, "body": body}


def differ_in_seconds(nginx, rpcd):
    """Whether nothing differs but a time that is counted from now, by a second or two."""
    def without_clock(outcome):
        return {**outcome, "fields": [(name, re.sub(r"max-age=\d+", "max-age", CLOCK.sub("TIME", value)) if name in ("expires", "cache-control")
                                       else value) for name, value in outcome["fields"]]}

    def ages(outcome):
        return [int(age) for name, value in outcome["fields"] if name == "cache-control" for age in re.findall(r"max-age=(\d+)", value)]
    return without_clock(nginx) == without_clock(rpcd) and \
        all(abs(one - other) <= 5 for one, other in zip(ages(nginx), ages(rpcd)))


class Side:
    def __init__(self, address):
        self.address = address
        self.client = None

    def ask(self, target, method, fields, host):
        body = b"some body" if method in ("POST", "PUT", "PATCH") else None
        is_fresh = self.client is None
        if is_fresh:
            self.client = Client(self.address)
        try:
            response = self.client.ask(target, method, fields, body, host=host)
        except (Incomplete, OSError) as error:
            self.drop()
            if not is_fresh:  # nginx closes after a 412, although it says otherwise
                return self.ask(target, method, fields, host)
            return {"status": f"none: {type(error).__name__}", "fields": [], "body": b""}
        if response.framing == "close" or response.get("Connection", "").lower() == "close":
            self.drop()
        return describe(response, self.address[0], method)

    def drop(self):
        self.client.close()
        self.client = None


def test_every_answer_is_nginxs(pair):
    sides = [Side(address) for address in pair.addresses()]
    requests = list(with_host(generate()))
    assert len(requests) >= 1000
    found, used, statuses = [], set(), set()
    for target, method, fields, host in requests:
        nginx, rpcd = (side.ask(target, method, fields, host) for side in sides)
        statuses.add(nginx["status"][:3])
        if nginx == rpcd or differ_in_seconds(nginx, rpcd):
            continue
        known = [row for row in DIFFERENCES if row(target, nginx, rpcd)]
        used.update(known)
        if not known:
            found.append(f"{method} {target} {fields} {host}\n  nginx {short(nginx)}\n  rpcd  {short(rpcd)}")
    for side in sides:
        if side.client is not None:
            side.drop()
    assert not found, f"{len(found)} of {len(requests)} differ:\n" + "\n".join(found[:40])
    assert used == set(DIFFERENCES), "some differences have gone"
    assert statuses >= {"200", "206", "301", "304", "400", "403", "404", "405", "412", "416", "500"}


def short(outcome):
    return f"{outcome['status']} {outcome['fields']} {outcome['body'][:120]!r}"
