"""set_real_ip_from, real_ip_header and real_ip_recursive: who the client is behind trusted proxies,
compared with nginx."""

import pytest

from lab import Client
from lab.backend import answer, replying
from lab.daemon import REPOSITORY
from lab.proxy_header import binary, line
from lab.sample import Sample

SEEN = "$remote_addr|$remote_port|$realip_remote_addr"

HTTP = """
log_format seen '$uri %s';
server {
    listen {host}:{port};
    listen unix:{folder}/socket;
    set_real_ip_from 127.0.0.1;
    set_real_ip_from 10.0.0.0/8;
    set_real_ip_from 2001:db8::/32;
    set_real_ip_from unix:;
    error_page 403 = @denied;
    location @denied { return 200 "denied %s"; }
    location / { return 200 "%s"; }
    location /usual { real_ip_header X-Forwarded-For; PASS }
    location /recursive { real_ip_header X-Forwarded-For; real_ip_recursive on; PASS }
    location /first { real_ip_header x-forwarded-for; PASS }
    location /own { real_ip_header X-Client; real_ip_recursive on; PASS }
    location /protocol { real_ip_header proxy_protocol; PASS }
    location /elsewhere { set_real_ip_from 192.0.2.0/24; real_ip_header X-Forwarded-For; PASS }
    location /denied { real_ip_header X-Forwarded-For; deny 192.0.2.7; PASS }
    location /inner {
        real_ip_header X-Forwarded-For;
        rewrite ^/inner/(.*)$ /first/$1 last;
    }
    location /nested { real_ip_header X-Forwarded-For; location /nested/in { PASS } }
}
server {
    listen {host}:{second};
    set_real_ip_from 127.0.0.1/32;
    real_ip_header X-Forwarded-For;
    set $early $remote_addr;
    deny 192.0.2.9;
    location / { return 200 "$early %s"; }
    location /pass {
        real_ip_header X-Real-IP; # the server's answer stands
        PASS
    }
    location /add {
        proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
        proxy_set_header X-Real-IP $remote_addr;
        proxy_pass http://127.0.0.1:{backend};
    }
}
""" % (SEEN, SEEN, SEEN, SEEN)
HTTP = HTTP.replace("PASS", f'proxy_set_header X-Seen "{SEEN}"; proxy_pass http://127.0.0.1:{{backend}};')


def told(request):
    return answer("|".join(request.get(name) or "none" for name in
                           ("X-Seen", "X-Real-IP", "X-Forwarded-For")).encode())


@pytest.fixture(scope="module")
def pair(shared_lab):
    backend = shared_lab.backend(replying(told))
    second = shared_lab.new_port()
    pair = shared_lab.pair(HTTP, backend=backend, second=second)
    pair.second = second
    return pair


def body(address, target, headers=()):
    """What was seen, but for the client's own port."""
    with Client(address) as client:
        own = client.socket.getsockname()
        response = client.ask(target, headers=headers)
        if response.status == 403:
            return 403, ""
        port = f"|{own[1]}|" if isinstance(own, tuple) else "||"
        return response.status, response.body.decode().replace(port, "|PORT|")


FIELDS = [
    [],
    [("X-Real-IP", "192.0.2.7")],
    [("X-Real-IP", "192.0.2.7:80")],
    [("X-Real-IP", "192.0.2.7, 198.51.100.1")],
    [("X-Real-IP", "2001:DB8:0:0::7")],
    [("X-Real-IP", "[2001:db8::7]:443")],
    [("X-Real-IP", "[2001:db8::7]")],
    [("X-Real-IP", "::ffff:192.0.2.7")],
    [("X-Real-IP", "unix:")],
    [("X-Real-IP", "nonsense")],
    [("X-Real-IP", "192.0.2.7"), ("X-Real-IP", "192.0.2.8")],
    [("X-Forwarded-For", "192.0.2.7")],
    [("X-Forwarded-For", "192.0.2.7:4321")],
    [("X-Forwarded-For", "192.0.2.7:0")],
    [("X-Forwarded-For", "192.0.2.7:65536")],
    [("X-Forwarded-For", "192.0.2.7, 10.1.2.3")],
    [("X-Forwarded-For", "192.0.2.7,10.1.2.3,10.1.2.4")],
    [("X-Forwarded-For", "198.51.100.1, 192.0.2.7, 10.1.2.3")],
    [("X-Forwarded-For", "192.0.2.7"), ("X-Forwarded-For", "10.1.2.3")],
    [("X-Forwarded-For", "10.1.2.3"), ("X-Forwarded-For", "192.0.2.7")],
    [("X-Forwarded-For", "192.0.2.7, unknown"), ("X-Forwarded-For", "10.1.2.3")],
    [("X-Forwarded-For", "unknown, 10.1.2.3")],
    [("X-Forwarded-For", "192.0.2.7 10.1.2.3")],
    [("X-Forwarded-For", "192.0.2.7,, 10.1.2.3, ,")],
    [("X-Forwarded-For", ",")],
    [("X-Forwarded-For", "")],
    [("X-Forwarded-For", " 192.0.2.7")],
    [("X-Forwarded-For", "2001:db8::1, [2001:db8::2]:77")],
    [("X-Forwarded-For", "2001:db9::1, [2001:db8::2]:77")],
    [("X-Forwarded-For", "10.0.0.1, 10.0.0.2")],
    [("X-Forwarded-For", "255.255.255.255")],
    [("X-Forwarded-For", "010.1.2.3")],
    [("x-forwarded-for", "192.0.2.7"), ("X-FORWARDED-FOR", "192.0.2.8")],
    [("X-Client", "192.0.2.7, 10.1.2.3"), ("X-Client", "192.0.2.9")],
]
TARGETS = ["/", "/usual", "/recursive", "/first", "/own", "/protocol", "/elsewhere", "/denied",
           "/inner/x", "/nested/in"]


@pytest.mark.parametrize("target", TARGETS)
def test_is_told_as_nginx_is(pair, target):
    for headers in FIELDS:
        theirs, ours = pair.both(lambda address: body(address, target, headers))
        assert ours == theirs, headers


@pytest.mark.parametrize("target", ["/", "/pass", "/add"])
def test_by_the_settings_of_the_server(pair, target):
    """Before its rewrites. (nginx goes on to use a $remote_addr that was used before a location has
    found another, so there is no X-Real-IP without the server's field here.)"""
    fields = [headers for headers in FIELDS
              if target != "/pass" or ("X-Forwarded-For", "192.0.2.7") in headers]
    for headers in fields + [[("X-Forwarded-For", "192.0.2.9")]]:
        theirs, ours = pair.both(lambda address: body(address, target, headers), pair.second)
        assert ours == theirs, headers


def test_unix_sockets(pair):
    for headers in FIELDS:
        for target in TARGETS:
            theirs, ours = [body(str(daemon.folder / "socket"), target, headers)
                            for daemon in (pair.nginx, pair.rpcd)]
            assert ours == theirs, (headers, target)


def test_who_is_not_trusted_is_the_client(lab):
    pair = lab.pair('server { listen {host}:{port}; set_real_ip_from 127.0.0.3;'
                    f' real_ip_header X-Forwarded-For; return 200 "{SEEN}"; }}')
    for headers in FIELDS:
        theirs, ours = pair.both(lambda address: body(address, "/", headers))
        assert ours == theirs and ours[1] == "127.0.0.1|PORT|127.0.0.1"


def test_inherited_lists_are_replaced(lab):
    """And the kind of field is inherited by itself."""
    pair = lab.pair('set_real_ip_from 127.0.0.1; real_ip_header X-Client;'
                    'server { listen {host}:{port}; set_real_ip_from 10.0.0.0/8;'
                    f' location / {{ return 200 "{SEEN}"; }} '
                    ' location /own { set_real_ip_from 127.0.0.1;'
                    f' proxy_set_header X-Seen "{SEEN}"; proxy_pass http://127.0.0.1:{{backend}}; }} }}',
                    backend=lab.backend(replying(told)))
    for target in ("/", "/own"):
        theirs, ours = pair.both(lambda address: body(address, target, [("X-Client", "192.0.2.7")]))
        assert ours == theirs
        assert ours[1].startswith("192.0.2.7|") == (target == "/own")


def test_logs_tell_of_the_real_client(lab):
    pair = lab.pair('log_format seen "$remote_addr $realip_remote_addr"; access_log logs/seen seen;'
                    'server { listen {host}:{port}; set_real_ip_from 127.0.0.1; deny 192.0.2.7; location / { proxy_pass http://127.0.0.1:1; } }'
                    .replace("logs/seen", "{folder}/seen"))
    pair.ask(headers=[("X-Real-IP", "192.0.2.7")])
    for daemon in (pair.nginx, pair.rpcd):
        daemon.wait_for_text("access forbidden by rule, client: 192.0.2.7")
        daemon.wait_for_line(1, "seen")
    assert [daemon.lines("seen")[0].split()[0] for daemon in (pair.nginx, pair.rpcd)] == ["192.0.2.7"] * 2


def test_the_next_request_begins_anew(lab):
    lab.rpcd('server { listen {host}:{port}; set_real_ip_from 127.0.0.1; return 200 $remote_addr; }')
    with Client(lab.port) as client:
        assert client.ask(headers=[("X-Real-IP", "192.0.2.7")]).body == b"192.0.2.7"
        assert client.ask().body == b"127.0.0.1"


def test_clients_are_divided_by_their_real_addresses(lab):
    """ip_hash, and the binary address."""
    backends = [lab.backend(replying(lambda r, i=i: answer(str(i).encode()))) for i in range(3)]
    pair = lab.pair('upstream app { ip_hash; server 127.0.0.1:{a}; server 127.0.0.1:{b}; server 127.0.0.1:{c}; }'
                    'server { listen {host}:{port}; set_real_ip_from 127.0.0.1; location / { proxy_pass http://app; } }',
                    **dict(zip("abc", backends)))
    clients = [f"{first}.{second}.0.7" for first in (9, 77, 200) for second in range(8)]
    def peers(address):
        with Client(address) as client:
            return [client.ask(headers=[("X-Real-IP", name)]).body for name in clients]
    theirs, ours = pair.both(peers)
    assert ours == theirs
    assert len(set(ours)) == 3


def test_backends_are_told_by_the_proxy_protocol(lab):
    def greeting(connection):
        line = connection.read_until(b"\r\n")
        connection.request()
        connection.send(answer(line))
    backend = lab.backend(greeting)
    lab.rpcd('server { listen {host}:{port}; set_real_ip_from 127.0.0.1; proxy_protocol on;'
             ' location / { proxy_pass http://127.0.0.1:{backend}; } }', backend=backend)
    with Client(lab.port) as client:
        said = client.ask(headers=[("X-Real-IP", "192.0.2.7:99")]).body
        assert said == f"PROXY TCP4 192.0.2.7 127.0.0.1 99 {lab.port}\r\n".encode()


def test_the_sample(lab):
    """What its comments promise."""
    sample = Sample(lab, REPOSITORY / "samples/behind-a-load-balancer.conf")
    sample.start()
    with Client(sample.ports["8080"]) as client:
        headers = [("X-Forwarded-For", "198.51.100.7, 10.0.0.5")]
        assert client.ask(headers=headers).body == b"the client is 198.51.100.7\n"
    for version in (line, binary):
        with Client(sample.ports["8081"]) as client:
            client.send(version("198.51.100.8"))
            assert client.ask().body == b"the client is 198.51.100.8\n"
