"""listen ... proxy_protocol: headers in which proxies say who their client is, in both versions, in
front of HTTP/1, TLS and HTTP/2, on addresses and unix sockets; compared with nginx."""

import contextlib
import socket
import ssl

import pytest

from lab import Client, client_context, wait_until
from lab.backend import answer, replying
from lab.certificates import Authority, certificate_folder
from lab.http import Wire, connect, request_bytes
from lab.http2_client import Http2Client
from lab.proxy_header import SIGNATURE, binary, line, tlv

ENDS = ("$proxy_protocol_addr|$proxy_protocol_port|$proxy_protocol_server_addr|"
        "$proxy_protocol_server_port|$remote_addr|$remote_port|$server_port|$http2")
VALUES = "|".join(f"$proxy_protocol_tlv_{name}" for name in (
    "alpn", "authority", "unique_id", "netns", "0xea", "0xEA", "0x05", "ssl_version", "ssl_cn",
    "ssl_cipher", "ssl_sig_alg", "ssl_key_alg", "ssl_verify", "ssl_0x22"))

HTTP = """
log_format ends '$proxy_protocol_addr $proxy_protocol_port $remote_addr $status';
access_log {folder}/access.log ends;
server {
    listen {host}:{port} proxy_protocol;
    listen unix:{folder}/socket proxy_protocol;
    listen {host}:{secure} ssl http2 proxy_protocol;
    listen {host}:{http2} http2 proxy_protocol;
    listen {host}:{plain};
    ssl_certificate {certificate};
    ssl_certificate_key {key};
    client_header_buffer_size 8k;
    set_real_ip_from 10.0.0.0/8;
    real_ip_header proxy_protocol;
    location / { return 200 "ENDS"; }
    location /real {
        set_real_ip_from 127.0.0.1;
        set_real_ip_from unix:;
        proxy_set_header X-Ends "ENDS";
        proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
        proxy_pass http://127.0.0.1:{backend};
    }
}
""".replace("ENDS", ENDS)


def told(request):
    return answer("|".join(request.get(name) or "none"
                           for name in ("X-Ends", "X-Forwarded-For")).encode())


@pytest.fixture(scope="module")
def pair(shared_lab):
    with certificate_folder() as folder:
        leaf = Authority(folder, "authority").issue("a", ["DNS:a.test"])
        ports = {name: shared_lab.new_port() for name in ("secure", "http2", "plain")}
        pair = shared_lab.pair(HTTP, backend=shared_lab.backend(replying(told)), certificate=leaf.chain,
                               key=leaf.key, **ports)
        pair.ports = ports
        yield pair


@contextlib.contextmanager
def greeted(address, header, piece=None, rest=b""):
    """A connection on which the header has been sent, and `rest` in the same packet."""
    with contextlib.closing(connect(address, 20.0, None)) as connected:
        Wire(connected).send(header + rest, piece)
        yield connected


class Greeted(Client):
    def __init__(self, connected, timeout=20.0):
        Wire.__init__(self, connected, timeout)


def masked(connected, body):
    own = connected.getsockname()
    port = f"|{own[1]}|" if isinstance(own, tuple) else "||"
    return body.decode().replace(port, "|PORT|")


def ask_plain(address, header, target="/", piece=None):
    with greeted(address, header, piece) as connected:
        client = Greeted(connected)
        return masked(connected, client.ask(target).body)


def ask_at_once(address, header, target="/"):
    with greeted(address, header, rest=request_bytes(target)) as connected:
        return masked(connected, Greeted(connected).response().body)


def ask_secure(address, header, target="/"):
    with greeted(address, header) as connected:
        with client_context().wrap_socket(connected, server_hostname="a.test") as secured:
            return masked(secured, Greeted(secured).ask(target).body)


def ask_http2(address, header, target="/", context=None):
    def wrap(connected):
        connected.sendall(header)
        return connected if context is None else context.wrap_socket(connected, server_hostname="a.test")
    with contextlib.closing(Http2Client(address, wrap=wrap)) as client:
        first = masked(client.socket, bytes(client.ask(target).body))
        second = masked(client.socket, bytes(client.ask(target).body))
        assert first == second
        return first


HEADERS = {
    "line": line(),
    "line of IPv6": line("2001:DB8:0::7", 1, "2001:db8::1", 65535),
    "port 0": line(port=0, to_port=0),
    "unknown": b"PROXY UNKNOWN\r\n",
    "unknown with more": b"PROXY UNKNOWN ffff:f...f:ffff ffff:f...f:ffff 65535 65535\r\n",
    "binary": binary(),
    "binary of IPv6": binary("2001:db8::7", 1, "::1", 65535),
    "binary with values": binary(tlvs=tlv(1, b"h2") + tlv(4, b"\0" * 7)),
    "binary of its own": binary(command=0x20),
    "binary of its own, without a family": binary(command=0x20, family=0, body=b""),
    "binary without a family": binary(family=0, body=b""),
    "binary of datagrams": binary(family=0x12),
    "binary of a unix socket": binary(family=0x31, body=b"\0" * 216),
    "binary of another command": binary(command=0x2f),
    "binary with a wrong checksum": binary(tlvs=tlv(3, b"\1\2\3\4")),
    "binary with broken values": binary(tlvs=b"\1\0\xff"),
    "binary, mapped": binary("::ffff:192.0.2.7", to="::1"),
}
WAYS = {"plain": (ask_plain, "port"), "at once": (ask_at_once, "port"),
        "secure": (ask_secure, "secure"), "http2": (ask_http2, "http2")}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("header", HEADERS)
def test_says_what_nginx_says(pair, way, header):
    function, name = WAYS[way]
    port = pair.ports.get(name)
    if way == "secure" and len(HEADERS[header]) > 107:
        pytest.skip("nginx 1.22 has no room for it")
    for target in ("/", "/real"):
        theirs, ours = pair.both(lambda address: function(address, HEADERS[header], target), port)
        assert ours == theirs


@pytest.mark.parametrize("header", HEADERS)
def test_on_unix_sockets(pair, header):
    for target in ("/", "/real"):
        theirs, ours = [ask_plain(str(daemon.folder / "socket"), HEADERS[header], target)
                        for daemon in (pair.nginx, pair.rpcd)]
        assert ours == theirs


def test_http2_behind_tls(pair):
    context = client_context(alpn=["h2"])
    said = ask_http2(("127.0.0.1", pair.ports["secure"]), HEADERS["line"], "/real", context)
    assert said.startswith("192.0.2.7|4321|198.51.100.9|443|192.0.2.7|4321|")


@pytest.mark.parametrize("header", ["line", "line of IPv6", "unknown", "binary", "binary of IPv6",
                                    "binary with values"])
@pytest.mark.parametrize("way", WAYS)
def test_in_pieces(pair, way, header):
    """nginx takes a header only if it arrives in one."""
    function, name = WAYS[way]
    address = ("127.0.0.1", pair.ports.get(name, pair.lab.port))
    expected = function(address, HEADERS[header], "/real")
    for size in (1, 5, 16):
        pieces = HEADERS[header]
        def send(connected):
            Wire(connected).send(pieces, size)
        if way == "http2":
            def wrap(connected):
                send(connected)
                return connected
            with contextlib.closing(Http2Client(address, wrap=wrap)) as client:
                assert masked(client.socket, bytes(client.ask("/real").body)) == expected
            continue
        with greeted(address, pieces, size) as connected:
            if way == "secure":
                connected = client_context().wrap_socket(connected, server_hostname="a.test")
            assert masked(connected, Greeted(connected).ask("/real").body) == expected


def test_values(lab):
    """As newer ones of nginx, and this one's text of a session that was resumed."""
    lab.rpcd('server { listen {host}:{port} proxy_protocol; return 200 "%s"; }' % VALUES)
    address = ("127.0.0.1", lab.port)
    ssl_value = (b"\x07" + (20).to_bytes(4, "big") + tlv(0x21, b"TLSv1.3") + tlv(0x22, b"client") +
                 tlv(0x23, b"TLS_AES") + tlv(0x24, b"RSA-SHA256") + tlv(0x25, b"RSA2048"))
    everything = (tlv(1, b"h2") + tlv(2, b"a.test") + tlv(5, b"unique") + tlv(0x20, ssl_value) +
                  tlv(0x30, b"space") + tlv(0xea, b"\1vpce-1"))
    assert ask_plain(address, binary(tlvs=everything)) == (
        "h2|a.test|unique|space|\1vpce-1|\1vpce-1|unique|TLSv1.3|client|TLS_AES|RSA-SHA256|RSA2048|20|client")
    assert ask_plain(address, binary(tlvs=tlv(2, b"") + tlv(2, b"second"))) == "|" * 13
    assert ask_plain(address, line()) == "|" * 13
    # What is found before something broken counts.
    assert ask_plain(address, binary(tlvs=tlv(1, b"h2") + b"\2\0\xff")) == "h2" + "|" * 13
    lab.daemons[-1].wait_for_text("broken PROXY protocol TLV, client: 127.0.0.1")
    assert ask_plain(address, binary(tlvs=tlv(0x20, b"\0\0\0\0"))) == "|" * 13


def test_large_ones(pair):
    """As many values as newer ones of nginx take, and no more."""
    address = ("127.0.0.1", pair.lab.port)
    most = binary(tlvs=tlv(0xee, b"x" * (4096 - 16 - 12 - 3)))
    assert len(most) == 4096
    expected = ask_plain(address, binary(), "/real")
    assert ask_plain(address, most, "/real") == expected
    assert ask_plain(address, most, "/real", piece=1000) == expected
    with greeted(address, binary(tlvs=tlv(0xee, b"x" * (4096 - 16 - 12 - 2)))) as connected:
        assert Wire(connected).read_rest() == b""
    pair.rpcd.wait_for_text("header is too large while reading PROXY protocol, client: 127.0.0.1")


BROKEN = {
    "a request": (request_bytes(), 'broken header: "GET / HTTP/1.1" while'),
    "a handshake": (b"\x16\x03\x01\x00\x05hello, this is TLS", "broken header: "),
    "HTTP/2": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 'broken header: "PRI * HTTP/2.0" while'),
    "another family": (b"PROXY UDP4 1.2.3.4 1.2.3.4 1 2\r\n", 'broken header: "PROXY UDP4 1.2.3.4 1.2.3.4 1 2" while'),
    "no address": (b"PROXY TCP4 name 1.2.3.4 1 2\r\n", 'broken header: "PROXY TCP4 name 1.2.3.4 1 2" while'),
    "no port": (b"PROXY TCP4 1.2.3.4 1.2.3.4 1 65536\r\n", 'broken header: "PROXY TCP4 1.2.3.4 1.2.3.4 1 65536" while'),
    "too little": (b"PROXY TCP4 1.2.3.4 1.2.3.4 1\r\n", "broken header: "),
    "a bare line feed": (b"PROXY TCP4 1.2.3.4 1.2.3.4 1 2\n", "broken header: "),
    "another version": (SIGNATURE + b"\x31\x11\0\0", "unknown PROXY protocol version: 3 while"),
}
STRICTER = {
    "no IPv4": b"PROXY TCP4 ::1 ::1 1 2\r\n",
    "no IPv6": b"PROXY TCP6 1.2.3.4 1.2.3.4 1 2\r\n",
    "no whole address": b"PROXY TCP4 1.2.3 1.2.3.4 1 2\r\n",
    "too few bytes": binary(body=b"\0" * 11),
    "a long line": b"PROXY UNKNOWN " + b"x" * 100 + b"\r\n",
}


def is_cut(address, data):
    """Nothing is answered."""
    with greeted(address, data) as connected:
        return Wire(connected).read_rest() == b""


@pytest.mark.parametrize("kind", BROKEN)
def test_what_is_no_header_is_cut(lab, kind):
    """And logged once, with nginx's words, of which 1.22 goes on behind the first line; no request
    is."""
    data, message = BROKEN[kind]
    pair = lab.pair("access_log {folder}/access.log; server { listen {host}:{port} proxy_protocol; return 200 x; }",
                    level="error")
    assert pair.both(lambda address: is_cut(address, data)) == [True, True]
    pair.rpcd.wait_for_text(message)
    pair.nginx.wait_for_text(message.removesuffix('" while'))
    assert len(pair.rpcd.text("error.log").splitlines()) == 1
    for daemon in (pair.nginx, pair.rpcd):
        assert "while reading PROXY protocol, client: 127.0.0.1, server: " in daemon.text("error.log")
        assert daemon.text("access.log") == ""


@pytest.mark.parametrize("kind", list(BROKEN) + list(STRICTER))
@pytest.mark.parametrize("name", ["port", "secure", "http2"])
def test_what_is_no_header_reaches_nothing(pair, kind, name):
    address = ("127.0.0.1", pair.ports.get(name, pair.lab.port))
    data = BROKEN[kind][0] if kind in BROKEN else STRICTER[kind]
    assert is_cut(address, data)


def test_a_header_that_does_not_end(lab):
    daemon = lab.rpcd("client_header_timeout 300ms; server { listen {host}:{port} proxy_protocol; return 200 x; }")
    for begun in (b"", b"PROX", line()[:-1], SIGNATURE[:5], binary()[:20]):
        with greeted(("127.0.0.1", lab.port), begun) as connected:
            assert Wire(connected).read_rest() == b""
    wait_until(lambda: daemon.text("error.log").count("client timed out while reading PROXY protocol") == 5)


def test_a_client_that_leaves(lab):
    daemon = lab.rpcd("server { listen {host}:{port} proxy_protocol; return 200 x; }")
    connect(lab.port, 20, None).close()
    daemon.wait_for_text("client closed connection while reading PROXY protocol")
    with greeted(("127.0.0.1", lab.port), b"PROXY TCP4 1.2"):
        pass
    daemon.wait_for_text('broken header: "PROXY TCP4 1.2" while reading PROXY protocol')


@pytest.mark.parametrize("header", [line(), binary(), b"PROXY UNKNOWN\r\n"])
def test_a_header_where_none_is_expected(pair, header):
    def status(address):
        with greeted(address, header + request_bytes()) as connected:
            return Greeted(connected).response().status
    theirs, ours = pair.both(status, pair.ports["plain"])
    assert ours == theirs == 400


def test_a_second_header(pair):
    def status(address):
        with greeted(address, line() + line() + request_bytes()) as connected:
            return Greeted(connected).response().status
    assert pair.both(status) == [400, 400]


def test_the_log_tells_both(pair):
    def log(address):
        ask_plain(address, line("198.51.100.77", 77), "/real")
        daemon = pair.nginx if address[0] == "127.0.0.2" else pair.rpcd
        return wait_until(lambda: [text for text in daemon.lines() if "198.51.100.77" in text])[0]
    theirs, ours = pair.both(log)
    assert ours == theirs == "198.51.100.77 77 198.51.100.77 200"


def test_a_reload_that_begins_to_expect_one(lab):
    """Connections that are there go on as they began."""
    site = "server { listen {host}:{port}%s; return 200 '$proxy_protocol_addr'; }"
    daemon = lab.rpcd(site % "")
    with Client(lab.port) as kept:
        assert kept.ask().body == b""
        lab.reload(daemon, site % " proxy_protocol")
        assert kept.ask().body == b""
        wait_until(lambda: is_cut(("127.0.0.1", lab.port), request_bytes()))
        with greeted(("127.0.0.1", lab.port), line()) as connected:
            client = Greeted(connected)
            assert client.ask().body == b"192.0.2.7"
            lab.reload(daemon, site % "")
            assert client.ask().body == b"192.0.2.7"
    with Client(lab.port) as client:
        assert client.ask().body == b""


def test_a_graceful_end_waits_for_no_header(lab):
    daemon = lab.rpcd("server { listen {host}:{port} proxy_protocol; return 200 x; }")
    with greeted(("127.0.0.1", lab.port), b"PROXY "):
        assert ask_plain(("127.0.0.1", lab.port), line()) == "x"
        daemon.stop()
