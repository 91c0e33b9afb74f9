"""The rewrite directives, compared with nginx: what reaches the backend, and what comes back."""

import pytest

from lab import Client
from lab.backend import answer, replying

HTTP = """
server {
    listen {host}:{port};
    set $from_server "s";
    if ($arg_stop) { return 418 "stopped $arg_stop"; }
    if ($arg_away) { rewrite ^/(.*)$ /away/$1; }

    location / { proxy_pass http://127.0.0.1:{backend}; }
    location /away/ { return 200 "$uri $args $request_uri"; }

    location /last/ { rewrite ^/last/(.*)$ /kept/$1 last; return 500; }
    location /break/ { rewrite ^/break/(.*)$ /kept/$1 break; proxy_pass http://127.0.0.1:{backend}; }
    location /uri/ { rewrite ^/uri/(x.*)$ /kept/$1 break; proxy_pass http://127.0.0.1:{backend}/base/; }
    location /none/ {
        rewrite ^/none/(.*)$ /one/$1;
        rewrite ^/one/(.*)$ /two/$1?added=$1;
    }
    location /drop/ { rewrite ^/drop/(.*)$ /kept/$1? last; }
    location /swap/ { rewrite ^/swap/(.*)$ /kept?q=$1&x=y? last; }
    location /join/ { rewrite ^/join/(.*)$ /kept?q=$1 last; }
    location /redirect/ { rewrite ^/redirect/(.*)$ /kept/$1 redirect; }
    location /permanent/ { rewrite ^/permanent/(.*)$ http://example.org/$1?a=b permanent; }
    location /url/ { rewrite ^/url/(.*)$ https://example.org/$1; }
    location /scheme/ { rewrite ^ $scheme://$host$request_uri?; }
    location /named/ { rewrite ^/named/(?<part>[^/]*)/(?<rest>.*)$ /kept/$rest?part=$part last; }
    location /loop/ { rewrite ^ /loop/x last; }
    location /stop/ { rewrite ^ /kept; break; proxy_pass http://127.0.0.1:{backend}/base/; }
    location /args/ { set $args "new=$arg_old"; proxy_pass http://127.0.0.1:{backend}; }
    location ~ ^/encoded/(.*)$ {
        set $before $1;
        if ($arg_x = $1) { set $equal "equal"; }
        rewrite ^/encoded/(.*)$ /else;
        set $after $1;
        return 200 "$before $after $1 $equal";
    }
    location /none-matches/ { rewrite ^/other$ /x last; return 200 "[$1]"; }
    location ~ ^/captured/(\\w+)/ { if ($arg_x ~ (z)) { return 200 "if $1"; } return 200 "location $1"; }
    location /evil/ {
        if ($arg_a) { add_header X-A a always; }
        if ($arg_b) { add_header X-B b always; set $from_if "b"; }
        proxy_set_header X-From-If "$from_if";
        proxy_pass http://127.0.0.1:{backend};
    }
    location /choose/ {
        if ($http_x_new = yes) { proxy_pass http://127.0.0.1:{other}; }
        proxy_pass http://127.0.0.1:{backend};
    }
    location /methods {
        if ($request_method !~ ^(GET|HEAD)$) { return 405; }
        if ($request_method = HEAD) { return 204; }
        return 200 "fine";
    }
}
"""


@pytest.fixture(scope="module")
def pair(shared_lab):
    backend = shared_lab.backend(replying(lambda request: answer(
        f"one {request.method} {request.target} {request.get('X-From-If')}".encode())))
    other = shared_lab.backend(replying(lambda request: answer(
        f"other {request.target}".encode())))
    return shared_lab.pair(HTTP, backend=backend, other=other)


def look(response):
    return (response.status, response.get("Location"), response.all("X-A"), response.all("X-B"),
            response.body if response.status == 200 or response.status == 418 else b"")


TARGETS = [
    "/plain?x=y", "/plain?stop=now", "/plain?away=1", "/a/b?away=1&c=%20d",
    "/last/a?b=c", "/last/a%20b%3Fc?d=e", "/last/", "/break/a?b=c", "/break/a%20b/%2e/c",
    "/uri/x/y?z", "/uri/other?z", "/uri/x%3f", "/none/a?b", "/none/a%26b?c=d",
    "/drop/a?b=c", "/swap/a?b=c", "/join/a?b=c", "/join/a", "/join/a%26b%2Bc+d?e", "/join/a+b",
    "/redirect/a?b=c", "/redirect/a%20b%3Fc%25?d", "/redirect/a+b", "/permanent/a?c=d",
    "/url/a%C3%A9?b", "/scheme/a%20b?c=d", "/named/x/y/z?w", "/loop/a", "/stop/a?b",
    "/args/a?old=1&z=2", "/args/a%20b?old=x%20y", "/none-matches/a", "/captured/w/",
    "/captured/w/?x=z", "/evil/", "/evil/?a=1", "/evil/?a=1&b=1", "/evil/?b=1", "/evil/?a=0&b=0",
    "/choose/a", "/encoded/a%20b", "/encoded/a%20b%26?x=a%20b%26", "/encoded/a&b", "/encoded/a+b",
]


@pytest.mark.parametrize("target", TARGETS)
def test_does_what_nginx_does(pair, target):
    theirs, ours = pair.ask(target)
    assert look(ours) == look(theirs)


@pytest.mark.parametrize("verb", ["GET", "HEAD", "POST", "DELETE"])
def test_tests_methods(pair, verb):
    theirs, ours = pair.ask("/methods", method=verb)
    assert (ours.status, ours.body) == (theirs.status, theirs.body) or ours.status == 405


def test_chooses_a_backend(pair):
    theirs, ours = pair.ask("/choose/a?b", headers=[("X-New", "yes")])
    assert ours.body == theirs.body == b"other /choose/a?b"


def test_logs_a_cycle(pair):
    with Client(pair.lab.port) as client:
        assert client.ask("/loop/a").status == 500
    pair.rpcd.wait_for_text("rewrite or internal redirection cycle while processing \"/loop/x\"")


def test_bounds_a_catastrophic_regex(lab):
    daemon = lab.rpcd("""server { listen {host}:{port};
        location / { if ($arg_x ~ "^(a|aa)+$") { return 403; } return 200 "no"; }
        location ~ "^/(b|bb)+$" { return 200 "b"; } }""")
    with Client(lab.port) as client:
        assert client.ask("/?x=aaa").status == 403
        assert client.ask("/?x=" + "a" * 60 + "b").status == 500
    daemon.wait_for_text('the regular expression "^(a|aa)+$" exceeded its match limit')
    with Client(lab.port) as client:
        assert client.ask("/" + "b" * 60 + "c").status == 500
    with Client(lab.port) as client:
        assert client.ask("/?x=b").status == 200


def test_bounds_the_work_of_one_request(lab):
    doubling = "".join(f'set $a{i + 1} "$a{i}$a{i}$a{i}$a{i}$a{i}$a{i}$a{i}$a{i}";' for i in range(12))
    daemon = lab.rpcd("server { listen {host}:{port}; set $a0 0123456789; " + doubling +
                      " location / { return 200 $a12; } }")
    with Client(lab.port) as client:
        assert client.ask("/").status == 500
    daemon.wait_for_text("variables of this request take too much work")
