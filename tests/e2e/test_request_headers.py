"""What headers reach the backend, compared with nginx.

nginx 1.22 speaks HTTP/1.0 with "Connection: close" to backends unless told otherwise; it is told,
as newer versions and rpcd do so by default. Order does not matter, values do."""

import pytest

from lab import Client
from lab.http import request_bytes

HTTP = """
proxy_http_version 1.1;
proxy_set_header Connection "";
upstream group.example { server 127.0.0.1:{backend}; }
server {
    listen {host}:{port};
    server_name example.com;
    location /plain { proxy_pass http://127.0.0.1:{backend}; }
    location /group { proxy_pass http://group.example; }
    location /set {
        proxy_set_header Connection "";
        proxy_set_header Host $host;
        proxy_set_header X-Real-IP $remote_addr;
        proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
        proxy_set_header X-Forwarded-Proto $scheme;
        proxy_pass http://127.0.0.1:{backend};
    }
    location /variables {
        proxy_set_header Connection "";
        proxy_set_header Host $http_host:$server_port;
        proxy_set_header X-All "$request_method|$uri|$args|$is_args|$request_uri|$request|$server_name|$server_protocol|$arg_b|$http_x_client|$cookie_c|$content_length|$content_type|$proxy_host|$proxy_port|$document_uri|$query_string";
        proxy_pass http://127.0.0.1:{backend};
    }
    location /empty {
        proxy_set_header Connection "";
        proxy_set_header Accept-Encoding "";
        proxy_set_header X-Removed "";
        proxy_set_header X-Empty $arg_missing;
        proxy_pass http://127.0.0.1:{backend};
    }
    location /replaced {
        proxy_set_header Connection "";
        proxy_set_header X-Client replaced;
        proxy_set_header Host other.example;
        proxy_set_header User-Agent "";
        proxy_pass http://group.example;
    }
    location /outer {
        proxy_set_header Connection "";
        proxy_set_header X-Outer 1;
        location /outer/inherits { proxy_pass http://127.0.0.1:{backend}; }
        location /outer/replaces {
            proxy_set_header Connection "";
            proxy_set_header X-Inner 1;
            proxy_pass http://127.0.0.1:{backend};
        }
    }
    location /none {
        proxy_pass_request_headers off;
        proxy_pass http://127.0.0.1:{backend};
    }
    location /none-set {
        proxy_set_header Connection "";
        proxy_set_header X-Only "only $http_x_client";
        proxy_pass_request_headers off;
        proxy_pass http://127.0.0.1:{backend};
    }
    location /no-host {
        proxy_set_header Connection "";
        proxy_set_header Host $http_host;
        proxy_pass http://127.0.0.1:{backend};
    }
    location /long {
        proxy_set_header Connection "";
        proxy_set_header X-Long "$http_x_long$http_x_long$http_x_long";
        proxy_pass http://127.0.0.1:{backend};
    }
}
server {
    listen {host}:{underscores};
    underscores_in_headers on;
    location / { proxy_pass http://127.0.0.1:{backend}; }
}
server {
    listen {host}:{invalid};
    ignore_invalid_headers off;
    location / { proxy_pass http://127.0.0.1:{backend}; }
}
"""

PATHS = ["/plain", "/group", "/set", "/variables?a=1&b=2%20x&B=3", "/empty", "/replaced",
         "/outer/inherits", "/outer/replaces", "/none", "/none-set", "/no-host", "/long"]

HEADERS = {
    "none": [],
    "usual": [("User-Agent", "test/1"), ("Accept", "*/*"), ("Accept-Encoding", "gzip"),
              ("Accept-Language", "de")],
    "custom": [("X-Client", "one"), ("X-Removed", "x"), ("X-Outer", "client"), ("x-lower", "y")],
    "repeated": [("X-Client", "one"), ("X-Client", "two"), ("Accept", "a"), ("accept", "b")],
    "forwarded": [("X-Forwarded-For", "10.1.1.1"), ("X-Forwarded-Proto", "spoofed"),
                  ("X-Real-IP", "10.2.2.2")],
    "forwarded twice": [("X-Forwarded-For", "10.1.1.1"), ("X-Forwarded-For", "10.1.1.2")],
    "cookies": [("Cookie", "a=1; c=2"), ("X-Cookie", "z")],
    "cookies twice": [("Cookie", "a=1"), ("Cookie", "c=3")],
    "empty value": [("X-Client", ""), ("Accept", "")],
    "spaces around": [("X-Client", "  padded value   ")],
    "high bytes": [("X-Client", "caf\xe9 \xc3\xa9")],
    "long": [("X-Long", "v" * 3000)],
    "many": [(f"X-Header-{number}", str(number)) for number in range(60)],
    "cache": [("If-None-Match", '"x"'), ("If-Modified-Since", "Thu, 01 Jan 1970 00:00:00 GMT"),
              ("Range", "bytes=0-1"), ("Authorization", "Basic YTpi")],
}


@pytest.fixture(scope="module")
def pair(shared_lab):
    backend = shared_lab.backend()
    shared_lab.underscores = shared_lab.new_port()
    shared_lab.invalid = shared_lab.new_port()
    pair = shared_lab.pair(HTTP, backend=backend, underscores=shared_lab.underscores,
                           invalid=shared_lab.invalid)
    pair.backend = backend
    return pair


def seen_by_backend(pair, data, port=None):
    """The requests that nginx and rpcd make of these bytes, as sorted header lists."""
    seen = len(pair.backend.requests)

    def send(address):
        with Client(address) as client:
            client.send(data)
            return client.response().status

    statuses = pair.both(send, port)
    assert statuses[0] == statuses[1]
    requests = pair.backend.requests[seen:]
    # The port of the request's own connection is the one thing that has to differ.
    return [sorted((name.lower(), value) for name, value in request.headers) for request in requests]


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("headers", HEADERS.values(), ids=HEADERS.keys())
def test_headers_are_those_nginx_sends(pair, path, headers):
    if headers is HEADERS["repeated"] and path.startswith(("/variables", "/none-set")):
        pytest.skip("since 1.23.0 nginx joins repeated headers in $http_name; tested below")
    by_nginx, by_rpcd = seen_by_backend(pair, request_bytes(path, headers=headers))
    assert by_rpcd == by_nginx


@pytest.mark.parametrize("path", PATHS)
def test_headers_of_requests_with_a_body(pair, path):
    data = request_bytes(path, method="POST", body=b"12345", headers=[("Content-Type", "a/b")])
    by_nginx, by_rpcd = seen_by_backend(pair, data)
    assert by_rpcd == by_nginx


@pytest.mark.parametrize("headers", [
    [("X_Under", "u"), ("X-Fine", "f")], [("X.Dot", "d"), ("X-Fine", "f")],
    [("X!Bang", "b"), ("X-Fine", "f")], [("_", "x")], [("1", "digit")],
], ids=["underscore", "dot", "bang", "only underscore", "digit"])
@pytest.mark.parametrize("listener", ["plain", "underscores", "invalid"])
def test_unusual_names(pair, headers, listener):
    port = {"plain": None, "underscores": pair.lab.underscores, "invalid": pair.lab.invalid}[listener]
    by_nginx, by_rpcd = seen_by_backend(pair, request_bytes("/plain", headers=headers), port)
    assert by_rpcd == by_nginx


def test_host_of_requests_without_one(pair):
    for path in ("/plain", "/set", "/no-host"):
        data = request_bytes(path, version="HTTP/1.0", host=None)
        by_nginx, by_rpcd = seen_by_backend(pair, data)
        assert by_rpcd == by_nginx


def test_repeated_headers_in_variables(pair):
    """Joined by commas, as by nginx since 1.23.0."""
    seen = len(pair.backend.requests)
    with Client(pair.lab.port) as client:
        client.ask("/none-set", headers=HEADERS["repeated"])
    assert pair.backend.requests[seen].get("X-Only") == "only one, two"


def test_tabs_around_values_are_not_part_of_them(pair):
    """RFC 9112 5.1; nginx cuts off spaces only."""
    seen = len(pair.backend.requests)
    with Client(pair.lab.port) as client:
        client.send(b"GET /none-set HTTP/1.1\r\nHost: example.com\r\nX-Client:\t padded \t\r\n\r\n")
        client.response()
    assert b"X-Only: only padded\r\n" in pair.backend.requests[seen].head


# From here on rpcd does what RFC 9110 7.6.1 says, and nginx does not.

HOP_BY_HOP = [
    ("Connection", "x-named, keep-alive, close"), ("X-Named", "hop"), ("Keep-Alive", "timeout=5"),
    ("Proxy-Connection", "keep-alive"), ("TE", "trailers"), ("Trailer", "X-T"), ("Upgrade", "h2c"),
    ("HTTP2-Settings", "AAMAAABkAAQAAP__"), ("X-Stays", "here"),
]


def test_hop_by_hop_headers_do_not_pass(lab):
    backend = lab.backend()
    lab.rpcd(HTTP, backend=backend, underscores=lab.new_port(), invalid=lab.new_port())
    with lab.client() as client:
        client.ask("/plain", headers=HOP_BY_HOP)
    names = backend.last.names()
    assert backend.last.get("X-Stays") == "here"
    for name, _ in HOP_BY_HOP[:-1]:
        assert name.lower() not in names


def test_connection_cannot_remove_what_the_proxy_sets(lab):
    """Naming a header in Connection drops the client's own, never what configuration adds."""
    backend = lab.backend()
    lab.rpcd(HTTP, backend=backend, underscores=lab.new_port(), invalid=lab.new_port())
    with lab.client() as client:
        client.ask("/set", headers=[("Connection", "close, X-Real-IP, Host, X-Forwarded-For"),
                                    ("X-Real-IP", "6.6.6.6")])
    assert backend.last.all("X-Real-IP") == ["127.0.0.1"]
    assert backend.last.get("Host") == "example.com"
    assert backend.last.get("X-Forwarded-For") == "127.0.0.1"


def test_no_connection_header_is_sent_by_default(lab):
    """nginx 1.29.7 and later; older ones sent "close"."""
    backend = lab.backend()
    lab.rpcd("server { listen {port}; location / { proxy_pass http://127.0.0.1:{backend}; } }",
             backend=backend)
    with lab.client() as client:
        client.ask("/")
    assert backend.last.version == "HTTP/1.1"
    assert "connection" not in backend.last.names()
    assert backend.last.get("Host") == f"127.0.0.1:{backend.port}"


def test_proxy_http_version_1_0(lab):
    backend = lab.backend(lambda connection: (connection.request(), connection.send(
        b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nold")))
    lab.rpcd("""server { listen {port}; location / {
        proxy_http_version 1.0; proxy_pass http://127.0.0.1:{backend}; } }""", backend=backend)
    with lab.client() as client:
        client.send(request_bytes(method="POST", headers=[("Transfer-Encoding", "chunked")])
                    + b"3\r\nabc\r\n0\r\n\r\n")
        assert client.response().body == b"old"
    assert backend.last.version == "HTTP/1.0"
    assert backend.last.get("Transfer-Encoding") is None
    assert backend.last.body == b"abc"


def test_header_values_from_the_client_cannot_add_lines(lab):
    """$uri is decoded; a newline in it must not start a header of its own."""
    backend = lab.backend()
    lab.rpcd("""server { listen {port}; location / {
        proxy_set_header X-Path $uri; proxy_pass http://127.0.0.1:{backend}; } }""", backend=backend)
    with lab.client() as client:
        client.send(request_bytes("/a%0d%0aX-Injected:%20yes"))
        client.response()
    for request in backend.requests:
        assert "x-injected" not in request.names()
