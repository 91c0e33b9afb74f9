"""valid_referers, compared with nginx: every kind of it with every kind of Referer."""

import itertools

import pytest

from lab import Client

HTTP = """
server {
    listen {host}:{port};
    server_name www.example.com *.names.example mail.* .both.example ~^shop\\d+\\.;
    valid_referers none blocked server_names;
    location /server { return 200 "$invalid_referer"; }
    location /names { valid_referers server_names; return 200 "$invalid_referer"; }
    location /hosts { valid_referers a.example *.b.example .c.example d.*; return 200 "$invalid_referer"; }
    location /none { valid_referers none a.example; return 200 "$invalid_referer"; }
    location /blocked { valid_referers blocked; valid_referers a.example; return 200 "$invalid_referer"; }
    location /paths {
        valid_referers a.example/in/ *.b.example/x d.*/Y /only;
        return 200 "$invalid_referer";
    }
    location /regexes { valid_referers ~^a\\.example ~\\?q= ~:8080/; return 200 "$invalid_referer"; }
    location /mixed { valid_referers a.example/in/ ~^a\\.; return 200 "$invalid_referer"; }
    location /if {
        valid_referers none a.example;
        if ($invalid_referer) { return 403; }
        return 200;
    }
    location /once {
        valid_referers a.example;
        set $before "$invalid_referer";
        rewrite ^ /after last;
    }
    location /after { valid_referers b.example; return 200 "$before-$invalid_referer"; }
}
server {
    listen {host}:{port};
    server_name other.example;
    location / { return 200 "$invalid_referer"; }
}
"""

LOCATIONS = ["/server", "/names", "/hosts", "/none", "/blocked", "/paths", "/regexes", "/mixed", "/if", "/once"]
HOSTS = ["a.example", "A.Example", "x.b.example", "b.example", "c.example", "y.x.c.example", "d.com", "d.co.uk", "d",
         "d.", "www.example.com", "www.example.com.", "in.names.example", "names.example", "mail.org",
         "both.example", "of.both.example", "shop12.example", "shop.example", "", "x" * 256, "x" * 257]
TAILS = ["", "/", "/in", "/in/", "/in/deep?q=1", "/IN/", ":8080/", ":8080/in/", "/xyz", "/Yes", "?q=", "/only/x"]
OTHERS = [None, "", "-", "http://", "https://", "http://a.b", "http:a.example", "a.example", "ftp://a.example/in/",
          "about:blank", "http://a.example\t/", "http://user@a.example/"]


@pytest.fixture(scope="module")
def pair(shared_lab):
    return shared_lab.pair(HTTP)


def ask_all(address, target, referers):
    answers = []
    with Client(address) as client:
        for referer in referers:
            headers = [] if referer is None else [("Referer", referer)]
            response = client.ask(target, headers=headers, host="www.example.com")
            answers.append((referer, response.status, response.body if response.status == 200 else None))
    return answers


@pytest.mark.parametrize("target", LOCATIONS)
def test_finds_invalid_what_nginx_does(pair, target):
    made = [f"{scheme}{host}{tail}" for scheme, host, tail in
            itertools.product(("http://", "HTTPS://"), HOSTS, TAILS)]
    theirs, ours = pair.both(lambda address: ask_all(address, target, made + OTHERS))
    assert ours == theirs


def test_says_nothing_where_nothing_is_configured(pair):
    theirs, ours = pair.ask("/", headers=[("Referer", "http://x.example/")], host="other.example")
    assert (ours.status, ours.body) == (theirs.status, theirs.body) == (200, b"")
