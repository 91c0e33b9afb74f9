"""map, geo and split_clients, compared with nginx."""

import pytest

from lab import Client
from lab.backend import answer, replying

HTTP = """
map $http_upgrade $connection_upgrade { default upgrade; '' close; }
map $arg_x $text {
    default "none of them";
    One     1;
    ''      empty;
    '\\default' escaped;
    ~^(?<first>[a-z]+)-(\\d+)$ "$first is $2 of $arg_y";
    ~*^Q    "any q";
}
map $arg_x$arg_y $joined { ab both; default $text; }
map $arg_h $host_kind {
    hostnames;
    default       none;
    example.com   exact;
    .example.org  both;
    *.example.com leading;
    *.a.example.com longer;
    www.*         trailing;
    ~^(.*)\\.net$ "net $1";
}
map $second $first_of_two { default "<$second>"; }
map $first_of_two $second { default $first_of_two; }
map $uri $mapped_or_set { default mapped; }

geo $client { default far; 127.0.0.0/8 near; 127.0.0.1 here; }
geo $arg_a $network {
    default        d;
    10.0.0.0/8     ten;
    10.1.0.0/16    inner;
    delete         10.2.0.0/16;
    2001:db8::/32  six;
    255.255.255.255 none;
}
geo $arg_a $range {
    ranges;
    default               d;
    10.0.0.0-10.1.255.255 outer;
    10.0.0.5-10.0.0.9     inner;
    10.1.0.0-10.1.0.0     first;
}
geo $behind_one { default far; 127.0.0.0/8 near; 192.0.2.0/24 other; proxy 127.0.0.0/8; }
geo $behind_all {
    default far; 127.0.0.0/8 near; 192.0.2.0/24 other; 2001:db8::/32 six;
    proxy 127.0.0.0/8; proxy 192.0.2.128/25; proxy_recursive;
}
split_clients $arg_x$arg_y $variant { 10% a; 20.5% b; 33.33% c; .25% d; * e; }
split_clients $arg_x $rare { 0.01% yes; }

server {
    listen {host}:{port};
    location = /map { return 200 "[$text] [$joined] [$connection_upgrade]"; }
    location = /host { return 200 "[$host_kind]"; }
    location = /circle { return 200 "[$first_of_two] [$second]"; }
    location = /set { set $mapped_or_set "set"; return 200 "$mapped_or_set"; }
    location = /unset { if ($arg_x) { set $mapped_or_set "set"; } return 200 "$mapped_or_set"; }
    location = /geo { return 200 "[$client] [$network] [$range]"; }
    location = /forwarded { return 200 "[$behind_one] [$behind_all]"; }
    location = /split { return 200 "[$variant] [$rare]"; }
    location /proxied {
        proxy_set_header X-Text $text;
        proxy_set_header Connection $connection_upgrade;
        proxy_pass http://127.0.0.1:{backend};
    }
}
"""


@pytest.fixture(scope="module")
def pair(shared_lab):
    backend = shared_lab.backend(replying(lambda request: answer(
        f"{request.get('X-Text')} {request.get('Connection')}".encode())))
    return shared_lab.pair(HTTP, backend=backend)


def check(pair, target, **options):
    theirs, ours = pair.ask(target, **options)
    assert (ours.status, ours.body) == (theirs.status, theirs.body)
    return ours.body.decode()


@pytest.mark.parametrize("query", [
    "", "x=one", "x=ONE", "x=two", "x=default", "x=abc-12&y=z", "x=ABC-12", "x=Quit", "x=qa-1",
    "x=a&y=b", "x=A&y=B", "x=one&y=b", "x=%20one"])
def test_maps_texts(pair, query):
    check(pair, "/map?" + query)


def test_maps_an_absent_header(pair):
    assert check(pair, "/map").endswith("[close]")
    assert check(pair, "/map", headers=[("Upgrade", "websocket")]).endswith("[upgrade]")


@pytest.mark.parametrize("name", [
    "", "example.com", "EXAMPLE.com.", "example.org", "a.b.example.org", "a.example.com",
    "b.a.example.com", "www.example.com", "www.x", "www.", "www", ".example.com", "x.net", "net",
    "A.B.NET", "example.com..", "x.example.net."])
def test_maps_host_names(pair, name):
    check(pair, "/host?h=" + name)


def test_ends_circles_as_deep_as_nginx(pair):
    assert len(check(pair, "/circle")) > 100
    pair.rpcd.wait_for_text("cycle while evaluating variable")


@pytest.mark.parametrize("target", ["/set", "/unset", "/unset?x=1"])
def test_lets_set_win(pair, target):
    check(pair, target)


@pytest.mark.parametrize("query", ["x=abc-1", "x=one"])
def test_goes_into_requests_to_backends(pair, query):
    check(pair, "/proxied?" + query)


@pytest.mark.parametrize("address", [
    "10.0.0.0", "10.0.0.4", "10.0.0.5", "10.0.0.9", "10.0.0.10", "10.1.0.0", "10.1.0.1",
    "10.1.255.255", "10.2.0.0", "9.255.255.255", "11.0.0.0", "2001:db8::1", "2001:db9::1",
    "::ffff:10.1.2.3", "255.255.255.255", "x", "", "10.0.0.1:80", "010.0.0.5"])
def test_finds_networks(pair, address):
    check(pair, "/geo?a=" + address)


@pytest.mark.parametrize("fields", [
    [], ["192.0.2.1"], ["192.0.2.1, 192.0.2.200"], ["192.0.2.1", "192.0.2.200"], ["198.51.100.1"],
    ["2001:db8::1"], ["[2001:db8::1]:8080, 127.0.0.9"], ["192.0.2.1:80"], ["unknown"], [""],
    ["192.0.2.1, x, 192.0.2.129"], ["2001:db8::1", "x", "192.0.2.129"], [",192.0.2.1"],
    ["192.0.2.1,,"], ["255.255.255.255"]])
def test_looks_behind_proxies(pair, fields):
    check(pair, "/forwarded", headers=[("X-Forwarded-For", field) for field in fields])


def test_divides_clients(pair):
    with Client(pair.addresses()[0]) as theirs, Client(pair.addresses()[1]) as ours:
        answers = [[client.ask(f"/split?x={i}&y={'z' * (i % 7)}").body for i in range(400)]
                   for client in (theirs, ours)]
    assert answers[0] == answers[1]
    assert len(set(answers[0])) >= 4


def test_captures_of_a_map_replace_those_of_the_location(lab):
    """What nginx does with "$1$text" depends on which was asked for first; here it is in order."""
    lab.rpcd("""
map $arg_x $text { default no; ~^(.)$ "<$1>"; }
server { listen {host}:{port}; location ~ ^/captured/(.*)$ { return 200 "$1 $text $1"; } }""")
    with Client(lab.port) as client:
        assert client.ask("/captured/a?x=b").body == b"a <b> b"
        assert client.ask("/captured/a?x=bb").body == b"a no a"


def test_includes_files(lab):
    pair_text = """
map $arg_x $text { include {folder}/texts.map; default none; }
geo $arg_a $network { include {folder}/networks.geo; default d; }
server { listen {host}:{port}; return 200 "$text $network"; }"""
    daemon = lab.new_rpcd()
    (daemon.folder / "texts.map").write_text("a 1; # a comment\nb 2;\n")
    (daemon.folder / "networks.geo").write_text("10.0.0.0/8 ten;\n")
    daemon.compile(lab.text_for(daemon, pair_text))
    daemon.start()
    with Client(lab.port) as client:
        assert client.ask("/?x=B&a=10.1.2.3").body == b"2 ten"
        assert client.ask("/?x=c&a=11.1.2.3").body == b"none d"


def test_logs_what_was_mapped(lab):
    """Also when nothing but the log asks for it; a value that is empty is not "-"."""
    pair = lab.pair("""
map $arg_x $text { a 1; b $arg_y; }
log_format maps '$text|$arg_x';
access_log access.log maps;
server { listen {host}:{port}; return 200 "x"; }""")
    for target in ("/?x=a", "/?x=b&y=2", "/?x=c", "/"):
        pair.ask(target)
    pair.nginx.wait_for_line(4)
    pair.rpcd.wait_for_line(4)
    assert pair.rpcd.lines() == pair.nginx.lines()


def test_works_volatile_ones_out_again(lab):
    """A geo can be volatile since nginx 1.29.3."""
    lab.rpcd("""
map $arg_x $kept { default $arg_x; }
map $arg_x $fresh { volatile; default $arg_x; }
geo $arg_x $kept_geo { 10.0.0.0/8 ten; 11.0.0.0/8 eleven; }
geo $arg_x $fresh_geo { volatile; 10.0.0.0/8 ten; 11.0.0.0/8 eleven; }
server {
    listen {host}:{port};
    set $before "$kept $fresh $kept_geo $fresh_geo";
    set $args "x=11.0.0.1";
    return 200 "$before, then $kept $fresh $kept_geo $fresh_geo";
}""")
    with Client(lab.port) as client:
        assert client.ask("/?x=10.0.0.1").body == \
            b"10.0.0.1 10.0.0.1 ten ten, then 10.0.0.1 11.0.0.1 ten eleven"


def test_fails_with_a_catastrophic_regex(lab):
    """nginx would go on with the default."""
    daemon = lab.rpcd("""
map $arg_x $text { default no; "~^(a|aa)+$" yes; }
server { listen {host}:{port}; return 200 "$text"; }""")
    with Client(lab.port) as client:
        assert client.ask("/?x=aaa").body == b"yes"
        assert client.ask("/?x=" + "a" * 60 + "b").status == 500
    daemon.wait_for_text('the regular expression "^(a|aa)+$" exceeded its match limit')
