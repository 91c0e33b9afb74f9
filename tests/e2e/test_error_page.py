"""error_page, internal redirects, named locations and proxy_intercept_errors, compared with nginx."""

import pytest

from lab import Client
from lab.backend import answer, replying

HTTP = """
upstream dead { server 127.0.0.1:{closed}; }
server {
    listen {host}:{port};
    error_page 404 /missing.html;
    error_page 403 =200 /allowed?from=403;
    error_page 502 504 = @fallback;
    error_page 413 /large;
    error_page 400 =402 /bad;
    add_header X-Where server always;

    location / { return 404; }
    location = /missing.html { internal; return 200 "missing $uri $request_uri $request_method"; }
    location = /internal { internal; return 200 "never"; }
    location = /allowed { return 200 "allowed $args"; }
    location = /forbidden { return 403; }
    location = /with-text { return 403 "own text"; }
    location = /dead { proxy_pass http://dead; add_header X-Where dead always; }
    location = /large { return 200 "too large"; }
    location = /bad { return 200 "bad"; }
    location = /small { client_max_body_size 10; proxy_pass http://127.0.0.1:{backend}; }
    location = /small-page { client_max_body_size 10; error_page 413 /small-too; proxy_pass http://127.0.0.1:{backend}; }
    location = /small-too { client_max_body_size 10; proxy_pass http://127.0.0.1:{backend}; }
    location @fallback {
        add_header X-Where fallback always;
        proxy_set_header X-Error "$status";
        proxy_pass http://127.0.0.1:{backend};
    }
    location = /nothing-named { error_page 404 @nowhere; return 404; }
    location = /url { error_page 404 http://example.org/gone; return 404; }
    location = /url-301 { error_page 404 =301 http://example.org/gone; return 404; }
    location = /url-200 { error_page 404 =200 http://example.org/gone; return 404; }
    location = /variable { error_page 404 /pages$uri?x=$arg_y; return 404; }
    location /pages/ { return 200 "page $uri $args"; }
    location = /moved { error_page 301 302 /instead; return 302 /elsewhere; }
    location = /moved-backend { error_page 302 /backend/x; return 302 /elsewhere; }
    location /follow/ {
        proxy_intercept_errors on;
        error_page 302 = @follow;
        proxy_pass http://127.0.0.1:{backend};
    }
    location @follow { set $target $upstream_http_x_backend; proxy_set_header X-T $target; proxy_pass http://127.0.0.1:{backend}; }
    location = /instead { return 200 "instead"; }
    location = /twice { error_page 404 /twice-403; return 404; }
    location = /twice-403 { error_page 403 /never; return 403; }
    location = /recursive { error_page 404 /recursive-403; recursive_error_pages on; return 404; }
    location = /recursive-403 { error_page 403 /recursive-end; recursive_error_pages on; return 403; }
    location = /recursive-end { return 200 "end"; }
    location = /round { error_page 404 /round; recursive_error_pages on; return 404; }
    location = /proxied-page { error_page 404 /backend/page?status=503; return 404; }
    location = /proxied-own { error_page 404 = /backend/page?status=503; return 404; }
    location /backend/ { proxy_pass http://127.0.0.1:{backend}; }
    location /intercept/ {
        proxy_intercept_errors on;
        error_page 404 /missing.html;
        error_page 401 =401 /login;
        error_page 500 @fallback;
        proxy_pass http://127.0.0.1:{backend};
    }
    location = /login { return 200 "log in"; }
    location /kept/ { proxy_pass http://127.0.0.1:{backend}; }
    location = /to-post { error_page 403 = @fallback; if ($request_method = POST) { return 403; } return 200; }
    location = /body-again { error_page 502 /backend/again; proxy_pass http://dead; }
    location = /body-named { error_page 502 @fallback; proxy_pass http://dead; }
    location = /close { error_page 444 /instead; return 444; }
}
"""


def reply(request):
    status = request.target.partition("status=")[2][:3] or "200"
    headers = [("X-Backend", "yes")]
    if status == "401":
        headers.append(("WWW-Authenticate", 'Basic realm="there"'))
    return answer(f"backend {request.method} {request.target} {len(request.body or b'')} {request.get('X-T')}".encode(),
                  f"{status} Told", headers)


@pytest.fixture(scope="module")
def pair(shared_lab):
    return shared_lab.pair(HTTP, backend=shared_lab.backend(replying(reply)),
                           closed=shared_lab.new_port())


def look(response):
    is_ours = b"<hr><center>" in response.body
    return (response.status, response.get("Location"), response.all("X-Where"),
            response.get("X-Backend"), response.get("WWW-Authenticate"),
            None if is_ours else response.body)


TARGETS = [
    "/", "/x", "/missing.html", "/internal", "/allowed", "/forbidden", "/with-text", "/dead?a=b",
    "/nothing-named", "/url", "/url-301", "/url-200", "/variable?y=1%20", "/moved", "/moved-backend", "/follow/?status=302", "/twice",
    "/recursive", "/round", "/proxied-page", "/proxied-own", "/intercept/ok", "/intercept/?status=404",
    "/intercept/?status=401", "/intercept/?status=500", "/intercept/?status=403", "/kept/?status=404",
    "/to-post",
]


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("verb", ["GET", "HEAD", "POST"])
def test_answers_as_nginx_does(pair, target, verb):
    theirs, ours = pair.ask(target, method=verb)
    assert look(ours) == look(theirs)


@pytest.mark.parametrize("target", ["/body-again", "/body-named", "/small", "/small-page", "/to-post", "/forbidden"])
@pytest.mark.parametrize("size", [0, 5, 100, 40000])
def test_hands_bodies_on_as_nginx_does(pair, target, size):
    if target == "/small-page":
        size = min(size, 5000)  # what is still on its way nginx asks the page's backend to wait for
    theirs, ours = pair.ask(target, method="POST", body=b"x" * size)
    assert look(ours) == look(theirs)


@pytest.mark.parametrize("target", ["/made", "/backend"])
@pytest.mark.parametrize("is_chunked", [False, True])
def test_pages_for_bodies_that_are_too_large(lab, target, is_chunked):
    backend = lab.backend(replying(reply))
    pair = lab.pair("""server { listen {host}:{port}; client_max_body_size 10;
        error_page 413 /page$uri;
        location /page/made { return 200 "made"; }
        location / { proxy_pass http://127.0.0.1:{backend}; } }""", backend=backend)

    # In one piece: nginx asks the page's backend to wait for what of the body is still on its way.
    if is_chunked:
        framing = "Transfer-Encoding: chunked"
        body = (b"3e8\r\n" + b"x" * 1000 + b"\r\n") * 5 + b"0\r\n\r\n"
    else:
        framing = "Content-Length: 5000"
        body = b"x" * 5000
    data = f"POST {target} HTTP/1.1\r\nHost: a\r\n{framing}\r\n\r\n".encode() + body

    def once(address):
        with Client(address) as client:
            client.send(data)
            response = client.response()
            return response.status, response.body

    theirs, ours = pair.both(once)
    assert ours == theirs


def test_bad_requests_get_their_page_too(pair):
    def once(address):
        with Client(address) as client:
            client.send(b"GET / HTTP/1.1\r\nHost: a b\r\n\r\n")
            response = client.response()
            return response.status, response.body
    theirs, ours = pair.both(once)
    assert ours == theirs == (402, b"bad")


def test_backends_answer_for_what_was_not_understood(lab):
    """They get a request of our own, with nothing of the client's in it."""
    backend = lab.backend(answer(b"bad"))
    lab.rpcd("""server { listen {host}:{port}; error_page 400 /bad;
        location /bad { proxy_pass http://127.0.0.1:{backend}; } }""", backend=backend)
    for data in (b"G\x01T /x HTTP/1.1\r\n\r\n", b"POST /x HTTP/1.1\r\nX-A: 1\r\nHost : a\r\n\r\n"):
        with lab.client() as client:
            client.send(data)
            response = client.response()
            assert (response.status, response.body) == (400, b"bad")
        assert backend.last.start == "GET /bad HTTP/1.1"
        assert backend.last.get("X-A") is None


AGENTS = [
    "", "Mozilla/4.0 (compatible; MSIE 7.0; Windows NT 6.0)", "MSIE 6", "MSIE 6.", "MSIE 6.0", "x MSIE 10.0; Opera 9", "Opera/9.80",
    "Mozilla/5.0 (X11) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0 Safari/537.36", "Chrome/1", "chrome/1",
    "Mozilla/5.0 (X11; rv:1) Gecko/20100101 Firefox/1", "Gecko/1 Chrome/1", "Opera Chrome/1", "curl/8",
]


@pytest.mark.parametrize("setting", ["", "msie_padding off;", "msie_padding on;"])
def test_pages_are_long_enough_for_browsers_with_their_own(lab, setting):
    pair = lab.pair("""server { listen {host}:{port}; {setting} location /moved { return 301 /x; } location /text { return 404 "x"; }
        location / { return 404; } location /failed { return 500; } location /small { return 200; } }""", setting=setting)

    def paddings(address):
        found = []
        for agent in AGENTS:
            for target in ("/", "/failed", "/moved", "/text", "/small"):
                with Client(address) as client:
                    response = client.ask(target, headers=[("User-Agent", agent)] if agent else [])
                    assert response.get("Content-Length") == str(len(response.body))
                    found.append(response.body.partition(b"</html>\r\n")[2])
        return found

    theirs, ours = pair.both(paddings)
    assert ours == theirs
    assert any(ours) == (setting != "msie_padding off;")


def test_closes_without_a_page(pair):
    def once(address):
        with Client(address) as client:
            client.send(b"GET /close HTTP/1.1\r\nHost: a\r\n\r\n")
            return client.is_closed()
    assert pair.both(once) == [True, True]


def test_logs_all_attempts(lab):
    backend = lab.backend(replying(reply))
    daemon = lab.rpcd("""
        log_format tries '$status $upstream_addr $upstream_status';
        access_log {folder}/access.log tries;
        server { listen {host}:{port}; error_page 502 @next;
            location / { proxy_pass http://127.0.0.1:{closed}; }
            location @next { proxy_pass http://127.0.0.1:{backend}; } }""",
                      backend=backend, closed=(closed := lab.new_port()))
    with Client(lab.port) as client:
        assert client.ask("/").status == 502
    daemon.wait_for_line()
    line = daemon.lines()[0]
    assert line == f"502 127.0.0.1:{closed} : 127.0.0.1:{backend.port} 502 : 200"


@pytest.mark.parametrize("status", ["304 Not Modified", "204 No Content"])
def test_pages_without_a_body_are_announced_as_empty(lab, status):
    """With the error's status they would have one; nginx announces it, and the client reads the next
    answer as that."""
    def page(request):
        if request.target == "/missing.html" and request.get("If-None-Match"):
            return f"HTTP/1.1 {status}\r\nETag: \"x\"\r\nContent-Length: 60\r\n\r\n".encode()
        return answer(request.target.encode(), "404 Not Found" if request.target == "/x" else "200 OK")

    backend = lab.backend(replying(page))
    lab.rpcd("""upstream group { server 127.0.0.1:{backend}; keepalive 4; }
        server { listen {port}; proxy_intercept_errors on; error_page 404 /missing.html;
            location / { proxy_pass http://group; } }""", backend=backend)
    with lab.client(timeout=5) as client:
        response = client.ask("/x", headers=[("If-None-Match", '"x"')])
        assert (response.status, response.get("Content-Length"), response.body) == (404, "0", b"")
        assert response.get("Transfer-Encoding") is None
        assert client.ask("/next").body == b"/next"
        response = client.ask("/x")
        assert (response.status, response.body) == (404, b"/missing.html")
