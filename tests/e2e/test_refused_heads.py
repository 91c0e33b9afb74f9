"""Heads that are refused are answered, and logged, by the server that had been named before what is
wrong with them; compared with nginx."""

import pytest

from lab import Client
from lab.http2_client import Http2Client

HTTP = """
log_format told "$server_name|$host|$status";
access_log access.log told;
large_client_header_buffers 2 1k;
client_header_timeout 60s;
server {
    listen {host}:{port} default_server {h2}; server_name default;
    error_page 400 405 414 417 494 501 505 /page;
    location = /page { return 200 "default $host"; }
    location / { return 200 "never"; }
}
server {
    listen {host}:{port}; server_name named *.named;
    error_page 400 405 414 417 494 501 505 /page;
    location = /page { return 200 "named $host"; }
    location / { return 200 "never"; }
}
server {
    listen {host}:{port}; server_name "~^(?<part>.+)\\\\.regex$";
    error_page 400 405 414 417 494 501 505 /page;
    location = /page { return 200 "regex $part"; }
    location / { return 200 "never"; }
}
"""

BAD = "X\x01: 1\r\n"
LONG = "X: " + "x" * 1100 + "\r\n"
MANY = "".join(f"X-{number}: {'x' * 900}\r\n" for number in range(4))
HOST = "Host: named\r\n"
GET = "GET / HTTP/1.1\r\n"

HEADS = {
    "bad-before-host": GET + BAD + HOST,
    "bad-behind-host": GET + HOST + BAD,
    "space-behind-host": GET + HOST + "X : 1\r\n",
    "name-of-case-and-port": GET + "hOsT:  A.Named.:80 \r\n" + BAD,
    "name-of-nobody": GET + "Host: other\r\n" + BAD,
    "name-by-regex": GET + "Host: a.regex\r\n" + BAD,
    "zero-byte": GET + HOST + "X: \x00\r\n",
    "bad-host": GET + "Host: a b/c\r\n" + BAD,
    "two-hosts": GET + HOST + "Host: default\r\n",
    "no-host": GET,
    "absolute": "GET http://named/x HTTP/1.1\r\n" + BAD,
    "absolute-and-host": "GET http://named/x HTTP/1.1\r\nHost: a.regex\r\n" + BAD,
    "absolute-and-bad-host": "GET http://named/x HTTP/1.1\r\nHost: a b\r\n",
    "absolute-without-host": "GET http://named/x HTTP/1.1\r\n",
    "long-field-before-host": GET + LONG + HOST,
    "long-field-behind-host": GET + HOST + LONG,
    "many-fields-behind-host": GET + HOST + MANY,
    "many-fields-before-host": GET + MANY + HOST,
    "long-uri": "GET /" + "x" * 1100 + " HTTP/1.1\r\n" + HOST,
    "long-absolute-uri": "GET http://named/" + "x" * 1100 + " HTTP/1.1\r\n" + HOST,
    "method": "GE/T / HTTP/1.1\r\n" + HOST,
    "version": "GET / HTTP/2.5\r\n" + HOST,
    "target": "GET /%zz HTTP/1.1\r\n" + HOST,
    "above-root": "GET /../x HTTP/1.1\r\n" + HOST,
    "length-behind-host": GET + HOST + "Content-Length: x\r\n",
    "length-before-host": GET + "Content-Length: x\r\n" + HOST,
    "coding-behind-host": "POST / HTTP/1.1\r\n" + HOST + "Transfer-Encoding: gzip\r\n",
    "coding-before-host": "POST / HTTP/1.1\r\n" + "Transfer-Encoding: gzip\r\n" + HOST,
    "both-lengths": "POST / HTTP/1.1\r\n" + HOST + "Transfer-Encoding: chunked\r\nContent-Length: 1\r\n",
    "coding-in-1.0": "POST / HTTP/1.0\r\n" + HOST + "Transfer-Encoding: chunked\r\n",
    "trace": "TRACE / HTTP/1.1\r\n" + HOST,
}


@pytest.fixture(scope="module")
def pair(shared_lab):
    return shared_lab.pair(HTTP, h2="")


@pytest.mark.parametrize("name", HEADS)
def test_by_the_server_that_was_named(pair, name):
    def once(address):
        with Client(address) as client:
            client.send(HEADS[name] + "\r\n")
            response = client.response()
            return response.status, response.body

    count = len(pair.rpcd.lines()) + 1
    theirs, ours = pair.both(once)
    assert ours == theirs
    assert pair.rpcd.wait_for_line(count) == pair.nginx.wait_for_line(count)
    assert len(pair.nginx.lines()) == count


@pytest.mark.parametrize("name", ["bad-host", "absolute", "name-by-regex", "bad-before-host"])
def test_logs_heads_without_an_end(pair, name):
    """Of which nobody knows yet that they are bad."""
    head = HEADS[name].replace(BAD, "")

    def once(address):
        with Client(address) as client:
            client.send(head + "X: 1")

    if name == "bad-host":
        head = GET + HOST
    count = len(pair.rpcd.lines()) + 1
    pair.both(once)
    assert pair.rpcd.wait_for_line(count) == pair.nginx.wait_for_line(count)


def ask_stream(**options):
    def once(address):
        with Http2Client(address) as client:
            stream = client.ask(**options)
            return stream.status, bytes(stream.body)
    return once


@pytest.mark.parametrize("options", [
    {"authority": "named"},
    {"authority": "other"},
    {"authority": None, "headers": [("host", "named")]},
], ids=lambda options: "-".join(options))
def test_streams(lab, options):
    pair = lab.pair(HTTP, h2="http2")
    theirs, ours = pair.both(ask_stream(method="TRACE", **options))
    assert ours == theirs
    assert pair.rpcd.wait_for_line() == pair.nginx.wait_for_line()


@pytest.mark.parametrize("first, name", [("host", "named"), ("x", "default")])
def test_streams_with_too_much(lab, first, name):
    """nginx ends the connection."""
    lab.rpcd(HTTP, h2="http2")
    headers = {"x": "y" * 2000, "host": "named"}
    second = "host" if first == "x" else "x"
    ask = ask_stream(authority=None, headers=[(first, headers[first]), (second, headers[second])])
    assert ask(("127.0.0.1", lab.port)) == (400, f"{name} {name}".encode())
