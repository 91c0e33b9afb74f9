"""What headers reach the client, compared with nginx where the two should agree."""

import gzip
import re

import pytest

from lab import Client, answer
from lab.backend import replying
from lab.http import ask_raw, chunked, request_bytes

HTTP = """
proxy_http_version 1.1;
proxy_set_header Connection "";
add_header X-Http http;
server {
    listen {host}:{port};
    location /plain { proxy_pass http://127.0.0.1:{backend}; }
    location /hide {
        proxy_hide_header X-Secret;
        proxy_hide_header content-language;
        proxy_pass http://127.0.0.1:{backend};
    }
    location /hide/again { proxy_pass http://127.0.0.1:{backend}; }
    location /pass {
        proxy_pass_header Server;
        proxy_pass_header Date;
        proxy_pass_header X-Pad;
        proxy_pass http://127.0.0.1:{backend};
    }
    location /add {
        add_header X-Added "added $request_method $upstream_http_x_secret";
        add_header X-Status $status always;
        add_header X-Empty "";
        add_header X-Upstream $upstream_status always;
        proxy_pass http://127.0.0.1:{backend};
    }
    location /return-200 { add_header X-A a; add_header X-B b always; return 200 "text"; }
    location /return-204 { add_header X-A a; add_header X-B b always; return 204; }
    location /return-301 { add_header X-A a; add_header X-B b always; return 301 /elsewhere; }
    location /return-307 { add_header X-A a; add_header X-B b always; return 307 /elsewhere; }
    location /return-404 { add_header X-A a; add_header X-B b always; return 404; }
    location /return-500 { add_header X-A a; add_header X-B b always; return 500 "oops"; }
    location /inherits { return 200 "inherited"; }
}
"""

REPLIES = {
    "200": ("200 OK", []),
    "404": ("404 Not Found", []),
    "201": ("201 Created", [("Location", "/made")]),
    "many": ("200 OK", [(f"X-Many-{number}", "v") for number in range(50)]),
}

HEADERS = [
    ("Server", "backend/1"), ("Date", "Thu, 01 Jan 2015 00:00:00 GMT"), ("X-Secret", "s3cret"),
    ("Content-Type", "text/html; charset=utf-8"), ("Content-Language", "de"), ("Set-Cookie", "a=1"),
    ("Set-Cookie", "b=2; Path=/"), ("ETag", '"tag"'), ("Last-Modified", "Thu, 01 Jan 2015 00:00:00 GMT"),
    ("Cache-Control", "max-age=1"), ("Expires", "Thu, 01 Jan 2030 00:00:00 GMT"), ("Vary", "Accept"),
    ("X-Pad", "padding"), ("X_Underscore", "kept"), ("WWW-Authenticate", "Basic"),
    ("Content-Encoding", "identity"), ("Accept-Ranges", "bytes"), ("Link", "</a>; rel=b"),
]

PATHS = ["/plain", "/hide", "/hide/again", "/pass", "/add", "/return-200", "/return-204",
         "/return-301", "/return-307", "/return-404", "/return-500", "/inherits"]

# What differs by nature, or by what the body of an error page says.
VOLATILE = {"server", "date", "connection", "content-length"}


@pytest.fixture(scope="module")
def pair(shared_lab):
    reply = {}

    @replying
    def current(_request):
        return reply["bytes"]

    pair = shared_lab.pair(HTTP, backend=shared_lab.backend(current))
    pair.reply = reply
    return pair


def comparable(response, keep=()):
    return sorted((name.lower(), value) for name, value in response.headers
                  if name.lower() in keep or name.lower() not in VOLATILE)


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("reply", REPLIES)
@pytest.mark.parametrize("method_name", ["GET", "HEAD"])
def test_headers_are_those_nginx_sends(pair, path, reply, method_name):
    status, extra = REPLIES[reply]
    pair.reply["bytes"] = answer(b"body", status, HEADERS + extra)
    by_nginx, by_rpcd = pair.ask(path, method=method_name, headers=[("Connection", "close")])
    assert by_rpcd.start == by_nginx.start
    keep = ("server", "date") if path == "/pass" else ()
    assert comparable(by_rpcd, keep) == comparable(by_nginx, keep)


HTTP_DATE = re.compile(
    r"(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d (Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) \d{4} "
    r"\d\d:\d\d:\d\d GMT")

PLAIN = "server { listen {port}; %s location / { proxy_pass http://127.0.0.1:{backend}; } }"


def test_server_and_date_are_our_own(lab):
    lab.rpcd(PLAIN % "", backend=lab.backend(answer(headers=HEADERS)))
    with lab.client() as client:
        response = client.ask()
    assert len(response.all("Server")) == 1
    assert response.get("Server").startswith("rpcd/")
    assert len(response.all("Date")) == 1
    assert HTTP_DATE.fullmatch(response.get("Date"))
    assert "2015" not in response.get("Date")


def test_server_tokens_off_hides_the_version(lab):
    lab.rpcd(PLAIN % "server_tokens off; location /gone { return 410; }", backend=lab.backend())
    with lab.client() as client:
        assert client.ask().get("Server") == "rpcd"
        page = client.ask("/gone").body
    assert b"rpcd" in page and b"rpcd/" not in page


def test_hop_by_hop_headers_of_the_backend_do_not_pass(lab):
    headers = [("Connection", "X-Named, keep-alive"), ("X-Named", "hop"), ("Keep-Alive", "timeout=9"),
               ("Proxy-Connection", "close"), ("TE", "x"), ("Trailer", "X-T"), ("Upgrade", "h2c"),
               ("X-Stays", "here")]
    lab.rpcd(PLAIN % "", backend=lab.backend(answer(headers=headers)))
    with lab.client() as client:
        response = client.ask()
        assert response.get("X-Stays") == "here"
        for name in ("X-Named", "Keep-Alive", "Proxy-Connection", "TE", "Trailer", "Upgrade"):
            assert response.get(name) is None, name
        assert "x-named" not in response.get("Connection", "").lower()
        assert client.ask().status == 200


def test_connection_close_of_the_backend_is_the_backends(lab):
    lab.rpcd(PLAIN % "", backend=lab.backend(
        lambda connection: (connection.request(),
                            connection.send(answer(headers=[("Connection", "close")])))))
    with lab.client() as client:
        for _ in range(3):
            response = client.ask()
            assert response.status == 200
            assert response.get("Connection", "keep-alive") == "keep-alive"


def test_content_length_is_ours(lab):
    """A HEAD response keeps the length the backend told; a chunked one gets none."""
    lab.rpcd(PLAIN % "", backend=lab.backend(
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n"))
    response = ask_raw(lab.port, request_bytes())
    assert response.all("Transfer-Encoding") == ["chunked"]
    assert response.get("Content-Length") is None


def test_x_accel_headers_are_hidden(lab):
    """nginx hides Date, Server, X-Pad and X-Accel-…, which speak to the proxy."""
    lab.rpcd(PLAIN % "", backend=lab.backend(answer(headers=[("X-Accel-Expires", "5"), ("X-Pad", "x"),
                                                             ("X-Accel-Buffering", "no")])))
    response = ask_raw(lab.port, request_bytes())
    for name in ("X-Accel-Expires", "X-Accel-Buffering", "X-Pad"):
        assert response.get(name) is None


def test_headers_of_error_pages_made_for_bad_backends(lab):
    lab.rpcd(PLAIN % "add_header X-A a; add_header X-B $status always;", backend=lab.new_port())
    response = ask_raw(lab.port, request_bytes())
    assert response.status == 502
    assert response.get("Content-Type") == "text/html"
    assert response.get("X-A") is None
    assert response.get("X-B") == "502"


def test_add_header_values_cannot_add_lines(lab):
    lab.rpcd("server { listen {port}; location / { add_header X-Path $uri; return 200 \"ok\"; } }")
    response = ask_raw(lab.port, request_bytes("/a%0d%0aX-Injected:%20yes"))
    assert response.get("X-Injected") is None


def test_types_and_rewritten_redirects_cannot_add_lines(lab):
    """What nginx sends as it is written ends a line; here it cannot."""
    backend = lab.backend(replying(lambda r: answer(
        b"", status="302 Found", headers=[("Location", f"http://127.0.0.1:{backend.port}/new/x")])))
    lab.rpcd("""server {
        listen {port};
        location /type { default_type "text/plain\\r\\nX-Forged: type"; return 200 "text"; }
        location "/a\\r\\nX-Forged: path/" { proxy_pass http://127.0.0.1:{backend}/new/; } }""",
             backend=backend)
    with lab.client() as client:
        response = client.ask("/type")
        assert response.get("Content-Type") == "text/plain  X-Forged: type"
        assert response.get("X-Forged") is None
        response = client.ask("/a%0d%0aX-Forged:%20path/")
        assert response.status == 302 and response.get("X-Forged") is None
        assert response.get("Location").endswith("/a  X-Forged: path/x")


def test_an_answer_that_is_given_up_leaves_nothing(lab):
    """Where the configuration cannot be followed the client gets an error of ours."""
    backend = lab.backend(answer(b"fine", "200 Fine thanks", [("X-Backend", "yes")]))
    daemon = lab.rpcd("""map $arg_x $broken { "~^(a+)+$" 1; default 0; }
        server { listen {port}; add_header X-Broken $broken;
            location / { proxy_pass http://127.0.0.1:{backend}; } }""", backend=backend)
    response = ask_raw(lab.port, request_bytes(f"/?x={'a' * 40}!"))
    assert (response.status, response.reason) == (500, "Internal Server Error")
    assert response.get("X-Backend") is None
    daemon.wait_for_text("exceeded its match limit")
    assert ask_raw(lab.port, request_bytes("/?x=b")).reason == "Fine thanks"


WITHOUT_CHUNKS = """
server {
    listen {host}:{port};
    chunked_transfer_encoding off;
    location / { proxy_pass http://127.0.0.1:{backend}; }
    location /chunks/ { chunked_transfer_encoding on; proxy_pass http://127.0.0.1:{backend}; }
    location /gzip/ { gzip on; gzip_types text/plain; proxy_pass http://127.0.0.1:{backend}; }
    location /text/ { return 200 "text"; }
}
"""


@pytest.mark.parametrize("verb", ["GET", "HEAD"])
@pytest.mark.parametrize("path", ["/", "/length", "/chunks/", "/gzip/", "/gzip/length", "/text/"])
def test_chunked_transfer_encoding_off(lab, path, verb):
    """Where no length is known the end of the connection says where the body ends."""
    body = b"line of text\n" * 1000

    def handler(connection):
        while (request := connection.request()) is not None:
            content = body if request.method == "GET" else b""
            head = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"
            if request.target.endswith("length"):
                connection.send(head + b"Content-Length: %d\r\n\r\n" % len(body) + content)
            else:
                connection.send(head + b"Transfer-Encoding: chunked\r\n\r\n" +
                                (chunked(content) if content else b""))

    pair = lab.pair(WITHOUT_CHUNKS, backend=lab.backend(handler))

    def ask(address):
        with Client(address) as client:
            response = client.ask(path, verb, headers=[("Accept-Encoding", "gzip")])
            content = response.body
            if response.get("Content-Encoding") == "gzip" and verb == "GET":
                content = gzip.decompress(content)
            return (response.status, response.framing, response.get("Transfer-Encoding"),
                    response.get("Connection"), response.get("Content-Length"), content)

    theirs, ours = pair.both(ask)
    assert ours == theirs
    if verb == "GET" and path in ("/", "/gzip/", "/gzip/length"):
        assert ours[1] == "close" and ours[5] == body


def test_a_body_without_chunks_that_is_cut_off(lab):
    """The client must not take it for a whole one."""
    def handler(connection):
        connection.request()
        connection.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n")

    lab.rpcd(WITHOUT_CHUNKS, backend=lab.backend(handler))
    with Client(lab.port) as client:
        client.send(request_bytes("/"))
        with pytest.raises(ConnectionResetError):
            while client.fill():
                pass
