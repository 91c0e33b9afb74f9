"""grpc_pass: calls go to a backend by HTTP/2, both directions as they come, trailers in the end."""

import threading

import pytest

from lab import Incomplete, wait_until
from lab.certificates import Authority
from lab.http import request_bytes
from lab.http2 import Server, answering, frame, speaking

HTTP = """
upstream calls { server 127.0.0.1:{backend}; keepalive 4; }
server {
    listen {host}:{port};
    client_max_body_size 0;
    location / { grpc_pass grpc://calls; }
    location /set/ { grpc_set_header X-Own "$uri"; grpc_set_header Host own.example; grpc_hide_header x-secret;
                     grpc_pass calls; }
    location /variable/ { set $to grpc://127.0.0.1:{backend}; grpc_pass $to; }
    location /name/ { set $to calls; grpc_pass $to; }
    location /bound/ { grpc_bind 127.0.0.31; grpc_socket_keepalive on; grpc_pass grpc://calls; }
    location /fast/ { grpc_read_timeout 300ms; grpc_pass grpc://calls; }
    location /page/ { grpc_intercept_errors on; error_page 404 /answered; grpc_pass grpc://calls; }
    location /answered { return 200 "page"; }
    location /error/ { error_page 502 = @status; grpc_buffer_size 1k; grpc_pass grpc://calls; }
    location @status { add_header grpc-status 14; return 204; }
    location /small/ { grpc_buffer_size 1k; grpc_pass grpc://calls; }
}
"""
OK = [("grpc-status", "0")]


def call(message):
    """A message as it lies in a body."""
    return b"\0" + len(message).to_bytes(4, "big") + message


def start(lab, handler, **options):
    backend = lab.backend(handler)
    return backend, lab.rpcd(HTTP, backend=backend, **options)


# --- what goes there and comes back ---

def test_a_call(lab):
    backend, _ = start(lab, answering(call(b"pong"), headers=[("content-type", "application/grpc")],
                                      trailers=OK))
    with lab.client() as client:
        for _ in range(2):
            client.send(request_bytes("/pkg.Service/Method", method="POST", body=call(b"ping"), headers=[
                ("TE", "trailers"), ("Content-Type", "application/grpc"), ("grpc-timeout", "1S")]))
            head = client.read_until(b"\r\n\r\n")
            assert b"Transfer-Encoding: chunked" in head and b"content-type: application/grpc" in head
            assert client.read_until(b"\r\n\r\n") == b"9\r\n" + call(b"pong") + b"\r\n0\r\ngrpc-status: 0\r\n\r\n"
    request = backend.last
    assert request.headers[:4] == [(":method", "POST"), (":scheme", "http"),
                                   (":path", "/pkg.Service/Method"), (":authority", "calls")]
    assert request.get("te") == "trailers" and request.get("grpc-timeout") == "1S"
    assert request.get("content-length") == "9" and request.body == call(b"ping")
    assert len(backend.connections) == 1


@pytest.mark.parametrize("target", ["/variable/x", "/name/x"])
def test_where_variables_say_where_to(lab, target):
    backend, _ = start(lab, answering(b"ok", trailers=OK))
    with lab.client() as client:
        assert client.ask(target, method="POST", body=b"x").status == 200
    assert backend.last.get(":path") == target


def test_fields(lab):
    backend, _ = start(lab, answering(b"ok", headers=[("x-secret", "1"), ("x-open", "1")]))
    with lab.client() as client:
        response = client.ask("/set/x", headers=[("Connection", "x-hop, keep-alive"), ("X-Hop", "1"),
                                                 ("TE", "gzip")])
    assert response.get("x-secret") is None and response.get("x-open") == "1"
    assert backend.last.get("x-own") == "/set/x" and backend.last.get(":authority") == "own.example"
    assert not {"te", "x-hop", "connection", "content-length"} & set(backend.last.names())


def test_comes_from_where_it_is_bound_to(lab):
    backend, daemon = start(lab, answering(trailers=OK))
    with lab.client() as client:
        assert client.ask("/bound/").status == 200
        assert client.ask("/").status == 200
    sources = [connection.socket.getpeername()[0] for connection in backend.connections]
    assert sources == ["127.0.0.31", "127.0.0.1"]


def test_over_tls(lab):
    certificate = Authority(lab.folder("certificates"), "root").issue("backend")
    context = certificate.server_context()
    context.set_alpn_protocols(["h2"])
    backend = lab.backend(answering(b"ok", trailers=OK), tls=context)
    trusted = certificate.folder / "root.pem"
    lab.rpcd(f"""server {{ listen {lab.port};
        grpc_ssl_verify on; grpc_ssl_trusted_certificate {trusted}; grpc_ssl_server_name on;
        location / {{ grpc_ssl_name backend.test; grpc_pass grpcs://127.0.0.1:{backend.port}; }}
        location /other/ {{ grpc_ssl_name other.test; grpc_pass grpcs://127.0.0.1:{backend.port}; }} }}""")
    with lab.client() as client:
        assert client.ask().status == 200
        assert client.ask("/other/").status == 502
    assert backend.last.get(":scheme") == "https"
    assert backend.connections[0].asked_name == "backend.test"


# --- streams ---

def test_messages_of_both_sides_pass_at_once(lab):
    """Each is answered before the next is sent."""
    def handler(connection):
        server = Server(connection)
        request = server.head()
        server.respond(request, b"", end=False)
        seen = 0
        while not request.ended or seen < len(request.body):
            if len(request.body) > seen:
                server.send_body(request, request.body[seen:], end=False)
                seen = len(request.body)
            elif not request.ended:
                server.step()
        server.h2.send_headers(request.stream, OK, end_stream=True)
        server.flush()
        server.until(lambda: False)
    start(lab, handler)
    with lab.client() as client:
        client.send(request_bytes("/", method="POST", headers=[("Transfer-Encoding", "chunked")]))
        client.read_until(b"\r\n\r\n")
        for number in range(20):
            message = call(b"message %d" % number)
            client.send(b"%x\r\n%s\r\n" % (len(message), message))
            assert client.read_until(b"\r\n") == b"%x\r\n" % len(message)
            assert client.read_exactly(len(message) + 2) == message + b"\r\n"
        client.send(b"0\r\n\r\n")
        assert client.read_until(b"\r\n\r\n") == b"0\r\ngrpc-status: 0\r\n\r\n"


def test_an_answer_of_trailers_alone(lab):
    """A failed call may have nothing but one head."""
    backend, _ = start(lab, answering(b"", headers=[("content-type", "application/grpc"),
                                                    ("grpc-status", "5"), ("grpc-message", "none")]))
    with lab.client() as client:
        for _ in range(2):
            response = client.ask(method="POST", body=call(b"x"))
            assert response.status == 200 and response.get("grpc-status") == "5" and response.body == b""
    assert len(backend.connections) == 1


@pytest.mark.parametrize("is_at_once", [True, False])
def test_an_answer_without_messages(lab, is_at_once):
    """A head and then trailers, in one piece or not: without them nobody knows how the call went."""
    def reply(server, request):
        server.h2.send_headers(request.stream, [(":status", "200"), ("content-type", "application/grpc")])
        if not is_at_once:
            server.flush()
            server.h2.ping(b"12345678")
            server.flush()
            server.until(lambda: server.pongs)
        server.h2.send_headers(request.stream, [("grpc-status", "5")], end_stream=True)
        server.flush()
    start(lab, speaking(reply))
    with lab.client() as client:
        client.send(request_bytes("/", method="POST", body=call(b"x")))
        client.read_until(b"\r\n\r\n")
        assert client.read_until(b"\r\n\r\n") == b"0\r\ngrpc-status: 5\r\n\r\n"


def test_a_client_that_leaves_cancels_the_call(lab):
    cancelled = []

    def handler(connection):
        server = Server(connection)
        request = server.head()
        server.respond(request, b"x", end=False)
        server.until(lambda: request.stream in server.resets)
        cancelled.append(request.stream)
        server.respond(server.request(), b"next", trailers=OK)
        server.until(lambda: False)
    backend, _ = start(lab, handler)
    with lab.client() as client:
        client.send(request_bytes("/", method="POST", headers=[("Transfer-Encoding", "chunked")]))
        client.send(b"1\r\nx\r\n")
        client.read_until(b"1\r\nx\r\n")
    wait_until(lambda: cancelled, "the cancel")
    with lab.client() as client:
        assert client.ask(method="POST", body=b"x").body == b"next"
    assert len(backend.connections) == 1


# --- errors ---

def test_errors_of_our_own(lab):
    backend, daemon = start(lab, answering(b"x" * 3000, headers=[("x", "y" * 2000)], status="404"))
    with lab.client() as client:
        assert client.ask("/page/").body == b"page"
        assert client.ask("/small/").status == 502
        response = client.ask("/error/bad/")
        assert response.status == 204 and response.get("grpc-status") == "14"
    daemon.wait_for_text('upstream: "grpc://127.0.0.1')


def test_silence(lab):
    start(lab, lambda connection: Server(connection).until(lambda: False))
    with lab.client() as client:
        assert client.ask("/fast/").status == 504


def only(data):
    def handler(connection):
        server = Server(connection)
        request = server.request()
        server.raw(data(server, request))
        server.until(lambda: False)
    return handler


def head(server, request, fields, flags=4):
    return frame(1, flags, request.stream, server.h2.encoder.encode(fields))


AS_NGINX = {
    "an answer": answering(b"hello", trailers=OK),
    "an error": answering(b"no", status="503"),
    "nothing": lambda connection: None,
    "closed after the request": lambda connection: Server(connection).request(),
    "HTTP/1": lambda connection: connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"),
    "reset": only(lambda s, r: frame(3, 0, r.stream, b"\0\0\0\2")),
    "refused": only(lambda s, r: frame(3, 0, r.stream, b"\0\0\0\7")),
    "goaway": only(lambda s, r: frame(7, 0, 0, b"\0\0\0\0\0\0\0\0")),
    "no status": only(lambda s, r: head(s, r, [("a", "b")], 5)),
    "bad status": only(lambda s, r: head(s, r, [(":status", "2x0")], 5)),
    "upper case": only(lambda s, r: head(s, r, [(":status", "200"), ("A", "b")], 5)),
    "bad compression": only(lambda s, r: frame(1, 5, r.stream, b"\xff\xff\xff\xff\xff")),
    "data first": only(lambda s, r: frame(0, 1, r.stream, b"x")),
    "another stream": only(lambda s, r: frame(1, 5, r.stream + 2, b"\x88")),
    "pushed": only(lambda s, r: frame(5, 4, r.stream, b"\0\0\0\2\x82")),
    "a frame too large": only(lambda s, r: b"\xff\xff\xff\0\0\0\0\0\1"),
}


@pytest.mark.parametrize("name", AS_NGINX)
def test_as_nginx(lab, name):
    """The same status, and a body of the same bytes when there is one."""
    backend = lab.backend(AS_NGINX[name])
    pair = lab.pair("""server { listen {host}:{port};
        location / { grpc_pass grpc://127.0.0.1:{backend}; } }""", backend=backend)
    nginx, rpcd = pair.ask(method="POST", body=b"x")
    assert nginx.status == rpcd.status
    assert rpcd.status >= 500 or nginx.body == rpcd.body


@pytest.mark.parametrize("name, data", [
    ("reset", lambda s, r: frame(3, 0, r.stream, b"\0\0\0\2")),
    ("end", None),
])
def test_broken_off_as_nginx(lab, name, data):
    has_begun = threading.Semaphore(0)

    def handler(connection):
        server = Server(connection)
        request = server.request()
        server.respond(request, b"begin", end=False)
        has_begun.acquire(timeout=20)
        if data is not None:
            server.raw(data(server, request))
            server.until(lambda: False)
    backend = lab.backend(handler)
    pair = lab.pair("""server { listen {host}:{port};
        location / { grpc_pass grpc://127.0.0.1:{backend}; } }""", backend=backend)
    for address in pair.addresses():
        with lab.client(address) as client:
            client.send(request_bytes("/", method="POST", body=b"x"))
            while b"begin" not in client.buffer:
                assert client.fill()
            has_begun.release()
            with pytest.raises(Incomplete):
                client.response()


def test_a_failure_of_one_backend(lab):
    """grpc_next_upstream, with conditions of its own."""
    first = lab.backend(answering(b"", status="503"))
    second = lab.backend(answering(b"ok", trailers=OK))
    lab.rpcd("""upstream calls { server 127.0.0.1:{first} max_fails=0; server 127.0.0.1:{second}; }
        server { listen {port}; grpc_next_upstream http_503 non_idempotent; proxy_next_upstream off;
        location / { grpc_pass grpc://calls; } location /off/ { grpc_next_upstream off; grpc_pass grpc://calls; } }""",
             first=first, second=second)
    with lab.client() as client:
        assert {client.ask(method="POST", body=b"x").status for _ in range(4)} == {200}
        assert {client.ask("/off/").status for _ in range(4)} == {200, 503}
