"""Which server answers a host and a port, compared with nginx."""

import pytest

from lab import Client

HTTP = """
server { listen {host}:{port}; server_name first.example; return 200 "first|$server_name|$host"; }
server {
    listen {host}:{port} default_server;
    server_name default.example other-default.example;
    return 200 "default|$server_name|$host";
}
server { listen {host}:{port}; server_name exact.example.com; return 200 "exact|$server_name|$host"; }
server { listen {host}:{port}; server_name *.example.com; return 200 "leading|$server_name|$host"; }
server { listen {host}:{port}; server_name *.deep.example.com; return 200 "longer|$host"; }
server { listen {host}:{port}; server_name mail.*; return 200 "trailing|$server_name|$host"; }
server { listen {host}:{port}; server_name mail.example.*; return 200 "trailing longer|$host"; }
server { listen {host}:{port}; server_name .dotted.org; return 200 "dotted|$server_name|$host"; }
server {
    listen {host}:{port};
    server_name ~^(?<user>[a-z]+)\\.users\\.net$;
    return 200 "regex|$user|$server_name|$host";
}
server { listen {host}:{port}; server_name ~^(.+)\\.users\\.net$; return 200 "regex two|$1|$host"; }
server { listen {host}:{port}; server_name "" _; return 200 "empty|$server_name|$host"; }
server { listen {host}:{port}; server_name 10.0.0.1 [2001:db8::1]; return 200 "address|$host"; }
server { listen {host}:{port}; server_name UPPER.Example.Net; return 200 "upper|$server_name|$host"; }
server { listen {host}:{second}; server_name exact.example.com; return 200 "second exact|$host"; }
server { listen {host}:{second}; server_name *.example.com; return 200 "second leading|$host"; }
server {
    listen {host}:{port};
    listen {host}:{second};
    server_name both.example;
    return 200 "both|$server_port|$host";
}
"""

HOSTS = [
    "first.example", "default.example", "other-default.example", "exact.example.com",
    "EXACT.Example.COM", "exact.example.com:8080", "exact.example.com.", "exact.example.com.:80",
    "x.example.com", "x.y.example.com", "example.com", "deep.example.com", "x.deep.example.com",
    "mail.anything", "mail.example.org", "mail.example.com", "mail.x.y.z", "mail", "dotted.org",
    "www.dotted.org", "a.b.dotted.org", "notdotted.org", "bob.users.net", "Bob.users.net",
    "b0b.users.net", "x.y.users.net", "unknown.example", "10.0.0.1", "10.0.0.2", "[2001:db8::1]",
    "[2001:db8::1]:80", "[2001:DB8::1]", "_", "upper.example.net", "UPPER.EXAMPLE.NET", "both.example",
    "under_score.example", "a-b.example", "xn--bcher-kva.example", "x" * 200, "", "localhost",
]

BAD_HOSTS = ["a/b", "a b", "..", "a..b", "exact.example.com..", "a\x00b", "[::1", "a,b", "a\tb", "."]


@pytest.fixture(scope="module")
def pair(shared_lab):
    shared_lab.second = shared_lab.new_port()
    return shared_lab.pair(HTTP, second=shared_lab.second)


def gist(response):
    return response.status, response.body if response.status == 200 else b""


@pytest.mark.parametrize("host", HOSTS)
@pytest.mark.parametrize("listener", ["first", "second"])
def test_the_server_nginx_takes(pair, host, listener):
    port = pair.lab.second if listener == "second" else None
    by_nginx, by_rpcd = pair.ask("/", host=host, port=port)
    assert gist(by_rpcd) == gist(by_nginx)


def test_answers_are_the_markers(pair):
    expected = {"exact.example.com": b"exact|exact.example.com|exact.example.com",
                "x.example.com": b"leading|*.example.com|x.example.com",
                "bob.users.net": b"regex|bob|~^(?<user>[a-z]+)\\.users\\.net$|bob.users.net",
                "unknown.example": b"default|default.example|unknown.example"}
    for host, body in expected.items():
        assert [response.body for response in pair.ask("/", host=host)] == [body, body]


@pytest.mark.parametrize("host", BAD_HOSTS)
def test_a_bad_host_is_refused_as_by_nginx(pair, host):
    """RFC 9110 7.2 asks for 400; where nginx takes a host anyway rpcd may refuse it."""
    by_nginx, by_rpcd = pair.ask("/", host=host)
    assert by_rpcd.status == 400 or gist(by_rpcd) == gist(by_nginx)


def raw_status(data):
    def ask(address):
        with Client(address) as client:
            client.send(data)
            response = client.response()
            return gist(response)
    return ask


@pytest.mark.parametrize("data", [
    b"GET / HTTP/1.0\r\n\r\n",
    b"GET / HTTP/1.0\r\nHost: x.example.com\r\n\r\n",
    b"GET / HTTP/1.1\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: a.example\r\nHost: b.example\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: exact.example.com\r\nHost: exact.example.com\r\n\r\n",
    b"GET http://exact.example.com/ HTTP/1.1\r\nHost: first.example\r\n\r\n",
    b"GET http://exact.example.com:81/ HTTP/1.1\r\nHost: first.example\r\n\r\n",
    b"GET http://EXACT.example.com HTTP/1.1\r\nHost: first.example\r\n\r\n",
    b"GET http://first.example?x HTTP/1.0\r\n\r\n",
], ids=["1.0 without host", "1.0", "1.1 without host", "two hosts", "same host twice", "absolute",
        "absolute with port", "absolute upper case", "absolute 1.0"])
def test_where_the_host_comes_from(pair, data):
    by_nginx, by_rpcd = pair.both(raw_status(data))
    assert by_rpcd == by_nginx
