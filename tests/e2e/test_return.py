"""Answers made by the proxy itself: return, error pages, redirects; compared with nginx."""

import pytest

from lab import Client

HTTP = """
server {
    listen {host}:{port};
    server_name example.com;
    default_type text/x-default;
    location = /text { return 200 "hello"; }
    location = /empty { return 200 ""; }
    location = /bare { return 200; }
    location = /variables {
        set $greeting "good";
        return 200 "$greeting ${greeting}bye $host $scheme $request_method $uri $args $arg_a $server_port";
    }
    location = /quotes { return 200 "a\\"b\\\\c\\n\\td 'e'"; }
    location = /single { return 200 'a\\'b "c" \\n'; }
    location = /dollar { return 200 "$1|$2|$arg_none|"; }
    location = /type { default_type application/json; return 200 '{"a": 1}'; }
    location = /url { return http://example.org/x?$args; }
    location = /https { return https://$host$request_uri; }
    location = /301 { return 301 http://example.org/moved; }
    location = /302-path { return 302 /elsewhere; }
    location = /302-relative { return 302 elsewhere; }
    location = /303 { return 303 $scheme://$host/see; }
    location = /307 { return 307 /kept$is_args$args; }
    location = /308 { return 308 /permanent; }
    location = /204 { return 204; }
    location = /304 { return 304; }
    location = /400 { return 400; }
    location = /401 { return 401; }
    location = /402 { return 402; }
    location = /403 { return 403; }
    location = /404 { return 404; }
    location = /405 { return 405; }
    location = /408 { return 408; }
    location = /410 { return 410; }
    location = /413 { return 413; }
    location = /414 { return 414; }
    location = /418 { return 418; }
    location = /421 { return 421; }
    location = /429 { return 429; }
    location = /444 { return 444; }
    location = /451 { return 451; }
    location = /499 { return 499; }
    location = /500 { return 500; }
    location = /501 { return 501; }
    location = /502 { return 502; }
    location = /503 { return 503; }
    location = /504 { return 504; }
    location = /505 { return 505; }
    location = /507 { return 507; }
    location = /599 { return 599; }
    location = /999 { return 999; }
    location = /404-text { return 404 "nothing $uri\\n"; }
    location = /503-text { return 503 "later"; }
    location = /404-empty { return 404 $arg_none; }
    location = /404-nothing { return 404 ""; }
    location = /301-bare { return 301; }
    location = /302-empty { return 302 ""; }
    location = /250-text { return 250 "odd"; }
    location ~ ^/capture/(\\w+)/(?<named>\\w+) { return 200 "$1-$2-$named"; }
    location ~ ^/keep/(\\w+) { set $kept $1; return 302 /got/$kept?from=$1; }
    location /set/ {
        set $a 1;
        set $b "${a}2";
        set $a "3$b";
        return 200 "$a $b";
    }
    location /long/ { return 200 "$arg_x$arg_x$arg_x$arg_x"; }
}
server { listen {host}:{port}; server_name whole.example; return 301 https://$host$request_uri; }
server { listen {host}:{port}; server_name set.example; set $who server; location / { return 200 "$who"; }
    location /own { set $who location; return 200 "$who"; } }
server { listen {host}:{port}; server_name gone.example; return 410; location / { return 200 "unseen"; } }
"""

PATHS = [
    "/text", "/empty", "/bare", "/variables", "/variables?a=1&b=2", "/variables?A=1", "/quotes",
    "/single", "/dollar", "/type", "/url", "/url?a=b", "/https?x=%20", "/301", "/302-path",
    "/302-relative", "/303", "/307", "/307?q", "/308", "/204", "/304", "/404-text", "/503-text",
    "/250-text", "/404-empty", "/404-nothing", "/301-bare", "/302-empty", "/capture/one/two", "/keep/this", "/set/", "/long/?x=" + "y" * 900, "/none",
]

STATUSES = [400, 401, 402, 403, 404, 405, 410, 413, 414, 418, 421, 429, 451, 500, 501, 502, 503, 504,
            505, 507, 599, 999]


@pytest.fixture(scope="module")
def pair(shared_lab):
    return shared_lab.pair(HTTP)


def gist(response, with_body=True):
    # A 304 has no content whose type could be told (RFC 9110 15.4.5), though nginx does.
    content_type = response.get("Content-Type") if response.status != 304 else None
    return (response.start, response.body if with_body else None, response.get("Location"),
            content_type, response.get("Connection"))


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("method_name", ["GET", "HEAD", "POST"])
def test_answers_are_nginxs(pair, path, method_name):
    by_nginx, by_rpcd = pair.ask(path, method=method_name)
    # Pages for statuses without a text name the server; their bodies are compared below.
    with_body = by_nginx.status == 200 or b"<html>" not in by_nginx.body
    assert gist(by_rpcd, with_body) == gist(by_nginx, with_body)


@pytest.mark.parametrize("version", ["HTTP/1.0", "HTTP/1.1"])
@pytest.mark.parametrize("path", ["/text", "/301", "/404", "/204"])
def test_answers_to_old_clients(pair, path, version):
    by_nginx, by_rpcd = pair.ask(path, version=version)
    assert gist(by_rpcd, False) == gist(by_nginx, False)


@pytest.mark.parametrize("status", STATUSES)
def test_error_statuses_and_their_pages(pair, status):
    by_nginx, by_rpcd = pair.ask(f"/{status}")
    assert by_rpcd.status == by_nginx.status
    assert by_rpcd.get("Content-Type") == by_nginx.get("Content-Type")
    assert by_rpcd.get("Connection") == by_nginx.get("Connection")
    # nginx has no page for statuses it does not know; ours may say more, but not less.
    if by_nginx.body:
        title = by_nginx.body.split(b"<title>")[1].split(b"</title>")[0]
        assert b"<title>" + title + b"</title>" in by_rpcd.body


@pytest.mark.parametrize("status", [408, 444, 499])
def test_statuses_that_close_without_an_answer(pair, status):
    def ask(address):
        with Client(address) as client:
            client.send(f"GET /{status} HTTP/1.1\r\nHost: example.com\r\n\r\n")
            return client.is_closed()

    assert pair.both(ask) == [True, True]


@pytest.mark.parametrize("host, path", [
    ("whole.example", "/"), ("whole.example", "/a?b=c"), ("set.example", "/"), ("set.example", "/own"),
    ("gone.example", "/"),
])
def test_answers_of_the_server_level(pair, host, path):
    by_nginx, by_rpcd = pair.ask(path, host=host)
    assert gist(by_rpcd, by_nginx.status == 200) == gist(by_nginx, by_nginx.status == 200)


def test_error_pages_are_complete_html_with_our_name(lab):
    lab.rpcd(HTTP)
    with lab.client() as client:
        response = client.ask("/404")
    assert response.get("Content-Type") == "text/html"
    assert response.body.startswith(b"<html>")
    assert response.body.rstrip().endswith(b"</html>")
    assert b"404 Not Found" in response.body
    assert b"rpcd" in response.body


def test_a_pipelined_mix(lab):
    lab.rpcd(HTTP)
    with lab.client() as client:
        paths = ["/text", "/301", "/404", "/204", "/text", "/none", "/text"]
        client.send("".join(f"GET {path} HTTP/1.1\r\nHost: example.com\r\n\r\n" for path in paths))
        statuses = [client.response().status for _ in paths]
    assert statuses == [200, 301, 404, 204, 200, 404, 200]
