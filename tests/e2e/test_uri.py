"""What request line reaches the backend: proxy_pass with and without a URI part, with variables, in
every kind of location, compared with nginx case by case."""

import pytest

from lab import answer

HTTP = """
proxy_http_version 1.1;
upstream group { server 127.0.0.1:{backend}; }
server {
    listen {host}:{port};
    location /untouched/ { proxy_pass http://127.0.0.1:{backend}; }
    location /root/ { proxy_pass http://127.0.0.1:{backend}/; }
    location /replaced/ { proxy_pass http://127.0.0.1:{backend}/new/; }
    location /joined { proxy_pass http://127.0.0.1:{backend}/base; }
    location = /exact/ { proxy_pass http://127.0.0.1:{backend}/precise; }
    location ^~ /caret/ { proxy_pass http://127.0.0.1:{backend}/caret-new/; }
    location ~ ^/regex/ { proxy_pass http://127.0.0.1:{backend}; }
    location ~ ^/capture/(\\w*)(.*)$ { proxy_pass http://127.0.0.1:{backend}/to/$1$2; }
    location ~ ^/named/(?<rest>.*)$ {
        proxy_pass http://127.0.0.1:{backend}/got/$rest$is_args$args;
    }
    location /variable/ { set $target 127.0.0.1:{backend}; proxy_pass http://$target; }
    location /variable-path/ {
        set $target 127.0.0.1:{backend};
        proxy_pass http://$target/fixed?from=$args;
    }
    location /request-uri/ { proxy_pass http://127.0.0.1:{backend}$request_uri; }
    location /group/ { proxy_pass http://group; }
    location /group-path/ { proxy_pass http://group/in/the/group/; }
    location /query/ { proxy_pass http://127.0.0.1:{backend}/q?fixed=1; }
    location /outer/ {
        proxy_pass http://127.0.0.1:{backend}/out/;
        location /outer/inner/ { proxy_pass http://127.0.0.1:{backend}/in/; }
        location /outer/plain/ { proxy_pass http://127.0.0.1:{backend}; }
    }
    location "/with space/" { proxy_pass http://127.0.0.1:{backend}/no/space/; }
}
"""

LOCATIONS = [
    "/untouched/", "/root/", "/replaced/", "/joined", "/joined/", "/exact/", "/caret/", "/regex/",
    "/capture/", "/named/", "/variable/", "/variable-path/", "/request-uri/", "/group/",
    "/group-path/", "/query/", "/outer/", "/outer/inner/", "/outer/plain/", "/with%20space/",
]

RESTS = [
    "", "a", "a/b/c", "a?x=1", "a?x=%20&y=a+b", "?", "?only=args", "a?", "a??b", "a%20b", "a%2Fb",
    "a%2fb/%2e/c", "a//b", "a///b//", "a/./b", "a/../b", "a/b/..", "%61%62", "a%3Fb", "a%25b",
    "a%252Fb", "a+b", "a;v=1,2", "a:b@c", "a'b(c)*!$&=~", "a%C3%A4", "a%7Cb%22%3C%3E", "a%5Cb",
    "a%23b", "long/" + "x" * 200,
]


@pytest.fixture(scope="module")
def pair(shared_lab):
    backend = shared_lab.backend()
    pair = shared_lab.pair(HTTP, backend=backend)
    pair.backend = backend
    return pair


@pytest.mark.parametrize("location", LOCATIONS)
@pytest.mark.parametrize("rest", RESTS)
def test_request_line_is_as_nginx_sends_it(pair, location, rest):
    seen = len(pair.backend.requests)
    by_nginx, by_rpcd = pair.ask(location + rest)
    assert by_rpcd.status == by_nginx.status
    if by_nginx.status == 200:
        line_of_nginx, line_of_rpcd = (request.start for request in pair.backend.requests[seen:])
        assert line_of_rpcd == well_formed(line_of_nginx)


def well_formed(line):
    """nginx writes captures as they are, decoded, so that a space splits the request line. rpcd keeps
    the line whole."""
    method_name, rest = line.split(" ", 1)
    target, version = rest.rsplit(" ", 1)
    return f"{method_name} {target.replace(' ', '%20')} {version}"


@pytest.mark.parametrize("target", [
    "http://example.com/root/absolute?x=1", "http://example.com/untouched/a%20b",
    "HTTP://example.com/root/", "http://other.example/root/b", "/root/..%2f..%2fx", "/root/../root/b",
    "/./root//c", "/roo%74/d", "/%2froot/e",
])
def test_targets_of_other_forms(pair, target):
    seen = len(pair.backend.requests)
    by_nginx, by_rpcd = pair.ask(target)
    assert by_rpcd.status == by_nginx.status
    lines = [request.start for request in pair.backend.requests[seen:]]
    assert len(set(lines)) <= 1, lines


@pytest.mark.parametrize("target", [
    "/root/..%2f..%2f..%2fetc", "/..", "/../x", "/a/../../x", "/%2e%2e/x", "/root/%00", "/root/%zz",
    "/root/%4",
])
def test_targets_that_leave_the_root_or_do_not_decode(pair, target):
    seen = len(pair.backend.requests)
    by_nginx, by_rpcd = pair.ask(target)
    assert (by_nginx.status, by_rpcd.status) == (400, 400)
    assert len(pair.backend.requests) == seen


MERGE = """
server {
    listen {host}:{port};
    merge_slashes off;
    location /a/ { proxy_pass http://127.0.0.1:{backend}/b/; }
    location / { return 404 "none"; }
}
"""


@pytest.mark.parametrize("target", ["/a//x", "//a/x", "/a/x//", "/a/./x", "/a//../x"])
def test_merge_slashes_off(lab, target):
    backend = lab.backend()
    pair = lab.pair(MERGE, backend=backend)
    by_nginx, by_rpcd = pair.ask(target)
    assert by_rpcd.status == by_nginx.status
    assert len({request.target for request in backend.requests}) <= 1


def test_ports_with_leading_zeros(lab):
    """However many there are, what is shown of the address ends where its text does."""
    backend = lab.backend(answer(b"here"))
    lab.rpcd("""server { listen {port};
        location / { proxy_pass http://127.0.0.1:$arg_port; add_header X-Addr $upstream_addr; } }""")
    for zeros in (0, 1, 100, 1000):
        port = "0" * zeros + str(backend.port)
        with lab.client() as client:
            response = client.ask(f"/?port={port}")
            assert (response.status, response.body) == (200, b"here")
            shown = response.get("X-Addr")
            assert f"127.0.0.1:{port}".startswith(shown) and len(shown) > 100 * (zeros > 100)
