"""What the configuration sends to backends instead of what the client sent: method and body. Compared
with nginx 1.22 where that does the same."""

import time

import pytest

from lab import Client, answer
from lab.backend import replying

HTTP = """
proxy_http_version 1.1;
proxy_set_header Connection "";
client_body_buffer_size 1k;
client_max_body_size 100k;
server {
    listen {host}:{port};
    location / { proxy_pass http://127.0.0.1:{backend}; }
    location /put/ { proxy_method PUT; proxy_pass http://127.0.0.1:{backend}; }
    location /chosen/ { proxy_method $http_x_method; proxy_pass http://127.0.0.1:{backend}; }
    location /body/ { proxy_set_body "$request_method|$arg_x|$http_x_y\n"; proxy_pass http://127.0.0.1:{backend}; }
    location /empty/ { proxy_set_body ""; proxy_pass http://127.0.0.1:{backend}; }
    location /kept/ {
        proxy_method GET;
        proxy_pass_request_body off;
        proxy_set_header Content-Length "";
        proxy_set_header Connection "";
        proxy_pass http://127.0.0.1:{backend};
        location /kept/not/ { proxy_set_header Connection ""; proxy_pass_request_body on; proxy_set_body new; proxy_pass http://127.0.0.1:{backend}; }
    }
    location /page/ {
        error_page 404 /body/page;
        proxy_intercept_errors on;
        proxy_pass_request_body off;
        proxy_set_header Content-Length "";
        proxy_set_header Connection "";
        proxy_pass http://127.0.0.1:{backend};
    }
    location /page/again/ {
        error_page 404 /;
        proxy_intercept_errors on;
        proxy_set_body first;
        proxy_pass http://127.0.0.1:{backend};
    }
}
"""


def backend_answer(request):
    return answer(b"missing", "404 Not Found") if request.target.startswith("/page") else answer()


@pytest.fixture(scope="module")
def pair(shared_lab):
    backend = shared_lab.backend(replying(backend_answer))
    pair = shared_lab.pair(HTTP, backend=backend)
    pair.backend = backend
    return pair


BODIES = {"none": None, "empty": b"", "small": b"12345", "large": b"x" * 5000}
PATHS = ["/", "/put/x", "/chosen/x", "/body/?x=1%202", "/empty/", "/kept/", "/kept/not/", "/page/", "/page/again/"]


def seen(pair, path, method, body, headers=(("X-Method", "REPORT"), ("X-Y", "z"))):
    """Status and what reached the backend, for nginx and for rpcd."""
    def ask(address):
        before = len(pair.backend.requests)
        with Client(address) as client:
            response = client.ask(path, method, headers, body)
        return response.status, [
            (request.start, request.get("Content-Length"), request.get("Transfer-Encoding"), request.body)
            for request in pair.backend.requests[before:]]
    return pair.both(ask)


@pytest.mark.parametrize("body", BODIES)
@pytest.mark.parametrize("verb", ["GET", "POST", "HEAD", "PUT"])
@pytest.mark.parametrize("path", PATHS)
def test_method_and_body_are_nginxs(pair, path, verb, body):
    nginx, rpcd = seen(pair, path, verb, BODIES[body])
    assert nginx == rpcd


BODY_VARIABLE = """
proxy_http_version 1.1;
proxy_set_header Connection "";
client_body_buffer_size 1k;
log_format body escape=json '{"body": "$request_body"}';
server {
    listen {host}:{port};
    access_log {folder}/body.log body;
    location /wrapped/ { proxy_set_body "<$request_body>"; proxy_pass http://127.0.0.1:{backend}; }
    location /field/ { proxy_set_header X-Body "[$request_body]"; proxy_pass http://127.0.0.1:{backend}; }
    location /page/ { error_page 404 /wrapped/page; proxy_intercept_errors on; proxy_pass http://127.0.0.1:{backend}; }
    location /none/ { return 200 "<$request_body>"; }
}
"""


@pytest.mark.parametrize("body", [None, b"", b"some=body", b"with \"quotes\"", b"x" * 900, b"x" * 5000])
def test_body_as_a_variable_is_nginxs(lab, body):
    backend = lab.backend(replying(backend_answer))
    pair = lab.pair(BODY_VARIABLE, backend=backend)

    def ask(address):
        before = len(backend.requests)
        answers = []
        for path in ("/wrapped/", "/field/", "/page/", "/none/"):
            with Client(address) as client:
                response = client.ask(path, "POST", body=body)
                answers.append((response.status, response.body))
        return answers, [(request.start, request.get("X-Body"), request.body) for request in backend.requests[before:]]

    nginx, rpcd = pair.both(ask)
    assert nginx == rpcd
    for daemon in (pair.nginx, pair.rpcd):
        daemon.wait_for_line(4, "body.log")
    assert pair.nginx.lines("body.log") == pair.rpcd.lines("body.log")


def test_chunked_body_is_read_and_replaced(pair):
    data = b"POST /body/?x=1 HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n" \
           b"GET /put/next HTTP/1.1\r\nHost: h\r\n\r\n"
    def ask(address):
        before = len(pair.backend.requests)
        with Client(address) as client:
            client.send(data)
            assert [client.response().status, client.response().status] == [200, 200]
        return [(request.start, request.body) for request in pair.backend.requests[before:]]
    nginx, rpcd = pair.both(ask)
    assert nginx == rpcd == [("POST /body/?x=1 HTTP/1.1", b"POST|1|\n"), ("PUT /put/next HTTP/1.1", b"")]


def test_size_of_a_body_that_is_kept_back_counts(pair):
    nginx, rpcd = seen(pair, "/kept/", "POST", b"x" * 200_000)
    assert nginx == rpcd == (413, [])


BREAKING = """
server {
    listen {port};
    location /chosen/ { proxy_method $http_x_method; proxy_pass http://127.0.0.1:{backend}; }
    location /head/ { proxy_method HEAD; proxy_pass http://127.0.0.1:{backend}; }
    location /get/ { proxy_method GET; proxy_pass http://127.0.0.1:{backend}; }
    location /kept/ { proxy_pass_request_body off; proxy_pass http://127.0.0.1:{backend}; }
}
"""


@pytest.mark.parametrize("sent", ["", "GET /x HTTP/1.1", "A B"])
def test_what_is_no_method_is_not_sent(lab, sent):
    backend = lab.backend()
    daemon = lab.rpcd(BREAKING, backend=backend)
    with lab.client() as client:
        assert client.ask("/chosen/", headers=[("X-Method", sent)]).status == 500
    assert backend.requests == []
    daemon.wait_for_text("is no method")


def test_head_instead_of_get_has_no_body(lab):
    """nginx announces the body's length and then sends none."""
    backend = lab.backend(answer(b"twelve bytes"))
    lab.rpcd(BREAKING, backend=backend)
    with lab.client() as client:
        for _ in range(3):
            response = client.ask("/head/")
            assert (response.status, response.body) == (200, b"")
    assert [request.method for request in backend.requests] == ["HEAD"] * 3
    assert len(backend.connections) == 1


def test_get_instead_of_head_gives_the_head(lab):
    backend = lab.backend(answer(b"twelve bytes"))
    lab.rpcd(BREAKING, backend=backend)
    with lab.client() as client:
        for _ in range(3):
            response = client.ask("/get/", "HEAD")
            assert (response.status, response.get("Content-Length"), response.body) == (200, "12", b"")
        assert client.ask("/get/").body == b"twelve bytes"
    assert [request.method for request in backend.requests] == ["GET"] * 4


def test_a_body_that_is_kept_back_is_announced_as_empty(lab):
    backend = lab.backend()
    lab.rpcd(BREAKING, backend=backend)
    with lab.client() as client:
        assert client.ask("/kept/", "POST", body=b"secret").status == 200
    assert backend.last.get("Content-Length") == "0"
    assert b"secret" not in backend.last.body


def test_age_of_kept_connections(lab):
    backend = lab.backend()
    lab.rpcd("""
        upstream group { server 127.0.0.1:{backend}; keepalive_time 300ms; }
        server { listen {port}; location / { proxy_pass http://group; } }
    """, backend=backend)
    with lab.client() as client:
        for _ in range(3):
            client.ask("/")
        assert len(backend.connections) == 1
        time.sleep(0.4)
        client.ask("/")  # carries the last request of the old connection
        client.ask("/")
    assert len(backend.connections) == 2


ACCELERATED = """
server {
    listen {port};
    location / { proxy_pass http://127.0.0.1:{backend}; }
    location /files/ { internal; proxy_pass http://127.0.0.1:{files}; }
    location /lost/ { return 200 lost; }
}
"""


def test_x_accel_redirect_keeps_the_first_backends_connection(lab):
    """Without a body to come it is used again; with one it is closed, unread."""
    def accelerate(request):
        body = b"x" * 5 if request.target == "/body" else b""
        return answer(body, headers=[("X-Accel-Redirect", "/files/x"), ("Set-Cookie", "a=b")])

    backend = lab.backend(replying(accelerate))
    files = lab.backend(answer(b"the file"))
    daemon = lab.rpcd("log_format f '$status $upstream_addr $upstream_status';\naccess_log access.log f;" + ACCELERATED,
                      backend=backend, files=files)
    with lab.client() as client:
        for target, connections in (("/", 1), ("/", 1), ("/body", 1), ("/", 2)):
            response = client.ask(target, "POST", body=b"abc")
            assert (response.status, response.body, response.get("Set-Cookie")) == (200, b"the file", "a=b")
            assert len(backend.connections) == connections
    # As in nginx: a GET, and with the body that the first one had.
    assert [(request.start, request.body) for request in files.requests] == [("GET /files/x HTTP/1.1", b"abc")] * 4
    line = daemon.wait_for_line(4)
    assert line == f"200 127.0.0.1:{backend.port} : 127.0.0.1:{files.port} 200 : 200"


def test_x_accel_redirect_in_circles_ends(lab):
    backend = lab.backend(answer(headers=[("X-Accel-Redirect", "/again")]))
    daemon = lab.rpcd(ACCELERATED, backend=backend, files=backend)
    with lab.client() as client:
        assert client.ask("/").status == 500
    assert len(backend.requests) == 11
    daemon.wait_for_text("cycle while internally redirecting")
