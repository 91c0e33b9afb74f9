"""Which location answers a path, compared with nginx."""

import pytest

HTTP = """
server {
    listen {host}:{port};
    location / { return 200 "root"; }
    location = / { return 200 "exact root"; }
    location = /exact { return 200 "exact"; }
    location /exact { return 200 "prefix of exact"; }
    location /prefix { return 200 "prefix"; }
    location /prefix/longer/ { return 200 "longer prefix"; }
    location /prefix/longer/still { return 200 "longest prefix"; }
    location ^~ /static/ { return 200 "static"; }
    location /static/deep/ { return 200 "static deep"; }
    location ~ \\.php$ { return 200 "php"; }
    location ~* \\.(gif|jpg)$ { return 200 "image $1"; }
    location ~ ^/Case/ { return 200 "case"; }
    location ~* ^/nocase/ { return 200 "no case"; }
    location ~ ^/first/.*x { return 200 "first"; }
    location ~ ^/first/.*xy { return 200 "second"; }
    location ~ ^/number/(?<number>[0-9]+)$ { return 200 "number $number"; }
    location /app/ {
        return 200 "app";
        location ~ \\.html$ { return 200 "app html"; }
        location = /app/exact { return 200 "app exact"; }
        location /app/admin/ {
            return 200 "admin";
            location = /app/admin/login { return 200 "login"; }
            location ~ \\.json$ { return 200 "admin json"; }
        }
        location ^~ /app/files/ { return 200 "files"; }
    }
    location ~ ^/outer/ {
        return 200 "outer";
        location ~ \\.inner$ { return 200 "inner"; }
    }
    location /space\\ path/ { return 200 "space"; }
    location "/quoted{}/" { return 200 "quoted"; }
    location /passed/ { proxy_pass http://127.0.0.1:{backend}; }
    location ^~ /passed-caret/ { proxy_pass http://127.0.0.1:{backend}/; }
    location = /passed-exact/ { proxy_pass http://127.0.0.1:{backend}; }
    location /both/ { proxy_pass http://127.0.0.1:{backend}; }
    location = /both { return 200 "both without slash"; }
    location @named { return 200 "named"; }
}
server {
    listen {host}:{port};
    server_name few.example;
    location /only/ { return 200 "only"; }
}
server {
    listen {host}:{port};
    server_name none.example;
}
"""

PATHS = [
    "/", "/?x", "/nothing", "/exact", "/exact/", "/exact/more", "/exactly", "/EXACT", "/exac",
    "/prefix", "/prefi", "/prefixed", "/prefix/", "/prefix/long", "/prefix/longer", "/prefix/longer/",
    "/prefix/longer/still", "/prefix/longer/stiller", "/prefix/x.php", "/prefix/longer/y.php",
    "/static", "/static/", "/static/x.php", "/static/deep/", "/static/deep/x.php", "/static/deep.gif",
    "/x.php", "/x.php/", "/x.PHP", "/x.gif", "/x.GIF", "/dir/x.jpg?a=b", "/x.php?y.gif", "/x.gif.php",
    "/Case/", "/case/", "/nocase/", "/NOCASE/a", "/first/x", "/first/xy", "/number/12", "/number/a",
    "/app", "/app/", "/app/x.html", "/app/exact", "/app/exact/", "/app/admin/", "/app/admin",
    "/app/admin/login", "/app/admin/x.json", "/app/admin/x.html", "/app/x.php", "/app/files/x.html",
    "/app/files/", "/app/files/x.php", "/outer/", "/outer/x.inner", "/x.inner", "/space%20path/",
    "/space%20path/x", "/quoted%7B%7D/", "/quoted{}/", "/passed", "/passed?a=b", "/passed/",
    "/passed/..", "/passed-caret", "/passed-exact", "/passed-exact/", "/both", "/both/", "/@named",
    "@named", "/%65xact", "//exact", "/./exact", "/prefix/../exact", "/x%2Ephp", "/EXACT%2f",
    "/number/12%0A", "/prefix%2Flonger/",
]


@pytest.fixture(scope="module")
def pair(shared_lab):
    return shared_lab.pair(HTTP, backend=shared_lab.backend())


def gist(response):
    """What says which location answered; error pages differ by the server's name."""
    body = response.body if response.status == 200 else b""
    return response.status, body, response.get("Location")


@pytest.mark.parametrize("path", PATHS)
def test_the_location_nginx_takes(pair, path):
    by_nginx, by_rpcd = pair.ask(path)
    assert gist(by_rpcd) == gist(by_nginx)


@pytest.mark.parametrize("path", ["/", "/only", "/only/", "/onl"])
def test_a_server_with_few_locations(pair, path):
    by_nginx, by_rpcd = pair.ask(path, host="few.example")
    assert by_rpcd.status == by_nginx.status


def test_named_locations_are_not_reached_by_paths(pair):
    for response in pair.ask("/@named"):
        assert response.body == b"root"


def test_answers_are_the_markers(pair):
    """The comparison above would not notice two daemons that both answer nonsense."""
    expected = {"/exact": b"exact", "/x.php": b"php", "/static/x.php": b"static",
                "/app/admin/login": b"login", "/prefix/longer/stiller": b"longest prefix"}
    for path, body in expected.items():
        assert [response.body for response in pair.ask(path)] == [body, body]
