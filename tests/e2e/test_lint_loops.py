"""What rewrite-loop says of a location is what nginx does with the request that the finding names."""

import json
import re
import subprocess

import pytest

from lab import Client
from lab.daemon import BUILD

# What stands in the server, its locations, and headers that the request needs; below, the path of one.
ROUND = [
    ("", "location /a/ { rewrite ^/a/(.*)$ /a/x/$1 last; }", []),
    ("", "location /a/ { rewrite ^/a/(.*)$ /b/$1; } location /b/ { rewrite ^/b/(.*)$ /a/$1 last; }", []),
    ("", "location / { if (!-f $request_filename) { rewrite ^/(.*)$ /index.php/$1 last; } }", []),
    ("", "location /a { if (!-e $request_filename) { rewrite ^/a/(.*)$ /a/index.php/$1 last; } }", []),
    ("", "location /a/ { if ($http_user_agent ~* phone) { rewrite ^/a/(.*)$ /a/m/$1 last; } }",
     [("User-Agent", "phone")]),
    ("", "location /a/ { if ($arg_x) { rewrite ^/a/(.*)$ /a/x/$1 last; } }", []),
    ("", "location /a/ { if ($cookie_x = y) { rewrite ^/a/(.*)$ /a/x/$1 last; } }", [("Cookie", "x=y")]),
    ("set $x y;", "location /a/ { rewrite ^/a/(.*)$ /a/$x/$1 last; }", []),
    ("", "location ~ ^/a/(?<rest>.*)$ { rewrite ^ /a/x/$rest last; }", []),
    ("", "location /a/ { try_files $uri /a/all$uri; }", []),
    ("", "location /a/ { try_files $uri @b; } location @b { rewrite ^ /a/ last; }", []),
    ("rewrite ^/b/(.*)$ /a/$1 last;", "location /a/ { rewrite ^/a/(.*)$ /a/x/$1 last; }", []),
]
ANSWERED = [
    ("", "location /a/ { rewrite ^/a/(.*)$ /a/x/$1 break; return 204; }", "/a/x"),
    ("", "location / { if (!-f $request_filename) { rewrite ^/(.*)$ /i.php/$1 last; } } "
         "location ~ \\.php(/|$) { return 204; }", "/x"),
    ("", "location /a/ { if ($uri !~ ^/a/x/) { rewrite ^/a/(.*)$ /a/x/$1 last; } return 204; }", "/a/y"),
    ("rewrite ^/a/(.*)$ /b/$1 last;",
     "location /a/ { rewrite ^/a/(.*)$ /a/x/$1 last; } location /b/ { return 204; }", "/a/x"),
    ("if ($uri ~ ^/a/) { return 204; }", "location /a/ { rewrite ^/a/(.*)$ /a/x/$1 last; }", "/a/x"),
    ("", "location /a/ { internal; rewrite ^/a/(.*)$ /a/x/$1 last; }", "/a/x"),
    ("", "location /a/ { rewrite ^/a/(.*)$ /a/x/$1 last; location ~ x { return 204; } }", "/a/y"),
]


def find(folder, server, location):
    """The paths that findings name."""
    site = folder / "site.conf"
    site.write_text(f"server {{ listen 80; server_name a.example; {server} {location} }}")
    command = [BUILD / "rpc", "lint", "--format", "json", "--select", "rewrite-loop", site]
    result = json.loads(subprocess.run(command, capture_output=True, timeout=60).stdout)
    messages = [finding["message"] for finding in result["findings"]]
    return [re.match('"([^"]*)" is rewritten again and again', message).group(1) for message in messages]


def ask(lab, server, location, path, headers=()):
    lab.nginx("server { listen {host}:{port}; server_name a.example; " + server + location + " }")
    with Client(("127.0.0.2", lab.port)) as client:
        return client.ask(path, headers=list(headers)).status


@pytest.mark.parametrize("server, location, headers", ROUND)
def test_goes_round(lab, server, location, headers):
    paths = find(lab.folder("lint"), server, location)
    assert paths
    assert ask(lab, server, location, paths[0], headers) == 500


@pytest.mark.parametrize("server, location, path", ANSWERED)
def test_is_answered(lab, server, location, path):
    assert find(lab.folder("lint"), server, location) == []
    assert ask(lab, server, location, path) in (204, 404)
