"""Addresses of every kind, at the front and at the back, and the names behind them."""

import socket

import pytest

from lab import Client, answer, ask, wait_until
from lab.http import ask_raw, request_bytes
from lab.ports import has_ipv6


def resolves_localhost():
    try:
        return bool(socket.getaddrinfo("localhost", 80))
    except OSError:
        return False


needs_localhost = pytest.mark.skipif(not resolves_localhost(), reason="/etc/hosts lacks localhost")
needs_ipv6 = pytest.mark.skipif(not has_ipv6(), reason="no IPv6 here")


def proxy(to):
    return "server { listen {port}; location / { proxy_pass %s; } }" % to


def test_listen_on_a_unix_socket(lab):
    daemon = lab.rpcd("""log_format u '$remote_addr|$server_addr|$remote_port|$server_port';
        server { listen unix:{folder}/front.sock; access_log access.log u; return 200 "unix"; }""")
    path = str(daemon.folder / "front.sock")
    assert ask(path).body == b"unix"
    assert daemon.wait_for_line().startswith("unix:|unix:")
    daemon.stop()
    assert not (daemon.folder / "front.sock").exists()


def test_a_unix_socket_left_behind_is_replaced(lab):
    """After a crash the file is still there; nobody listens on it."""
    daemon = lab.new_rpcd()
    path = daemon.folder / "front.sock"
    left = socket.socket(socket.AF_UNIX)
    left.bind(str(path))
    left.close()
    daemon.compile(lab.text_for(daemon, 'server { listen unix:{folder}/front.sock; return 200 "ok"; }'))
    try:
        daemon.start()
    except AssertionError:
        # nginx refuses here, too: "Address already in use". Either is clear.
        assert "ddress already in use" in daemon.text("error.log") + daemon.text("stderr")
        daemon.expects_alerts = True
        return
    assert ask(str(path)).body == b"ok"


def test_a_backend_on_a_unix_socket(lab):
    folder = lab.folder("sockets")
    backend = lab.backend(address=str(folder / "back.sock"))
    (folder / "back.sock").chmod(0o777)
    lab.rpcd(proxy("http://unix:{folder}/back.sock").replace("{folder}", str(folder)))
    assert ask_raw(lab.port, request_bytes("/x?y")).body == b"ok"
    assert backend.last.start == "GET /x?y HTTP/1.1"
    assert backend.last.get("Host") == "localhost"


def test_a_backend_on_a_unix_socket_with_a_uri(lab):
    folder = lab.folder("sockets")
    backend = lab.backend(address=str(folder / "back.sock"))
    (folder / "back.sock").chmod(0o777)
    lab.rpcd("""upstream group { server unix:%s/back.sock; }
        server { listen {port};
            location /a/ { proxy_pass http://unix:%s/back.sock:/b/; }
            location /g/ { proxy_pass http://group/h/; } }""" % (folder, folder))
    ask_raw(lab.port, request_bytes("/a/x"))
    ask_raw(lab.port, request_bytes("/g/x"))
    assert [request.target for request in backend.requests] == ["/b/x", "/h/x"]
    assert backend.last.get("Host") == "group"


def test_a_unix_socket_that_is_not_there(lab):
    daemon = lab.rpcd(proxy("http://unix:{folder}/missing.sock"))
    daemon.expects_alerts = True  # nginx logs it as crit.
    assert ask_raw(lab.port, request_bytes()).status == 502


@needs_ipv6
def test_ipv6_front(lab):
    lab.rpcd("""server { listen [::1]:{port}; return 200 "$remote_addr $server_addr"; }""")
    assert ask(("::1", lab.port)).body == b"::1 ::1"
    with pytest.raises(ConnectionRefusedError):
        Client(("127.0.0.1", lab.port))


@needs_ipv6
def test_ipv6_wildcard_is_ipv6_only(lab):
    """As in nginx, where ipv6only is on by default."""
    lab.rpcd("""server { listen [::]:{port}; return 200 "six"; }
                server { listen {port}; return 200 "four"; }""")
    assert ask(("::1", lab.port)).body == b"six"
    assert ask(("127.0.0.1", lab.port)).body == b"four"


@needs_ipv6
def test_ipv6_backend(lab):
    backend = lab.backend(address=("::1", 0))
    lab.rpcd(proxy("http://[::1]:{backend}"), backend=backend)
    assert ask_raw(lab.port, request_bytes()).body == b"ok"
    assert backend.last.get("Host") == f"[::1]:{backend.port}"


def test_wildcard_and_specific_address_on_one_port(lab):
    lab.rpcd("""server { listen {port}; return 200 "any $server_addr"; }
                server { listen 127.0.0.3:{port}; return 200 "three $server_addr"; }""")
    assert ask(("127.0.0.1", lab.port)).body == b"any 127.0.0.1"
    assert ask(("127.0.0.3", lab.port)).body == b"three 127.0.0.3"
    assert ask(("127.0.0.4", lab.port)).body == b"any 127.0.0.4"


@needs_localhost
def test_listen_on_a_name(lab):
    lab.rpcd('server { listen localhost:{port}; return 200 "local"; }')
    assert ask(("127.0.0.1", lab.port)).body == b"local"


def answers_soon(lab, status, body=None):
    """Names resolve while requests are served already."""
    return wait_until(lambda: (response := ask_raw(lab.port, request_bytes())).status == status
                      and body in (None, response.body), f"an answer of status {status}")


@needs_localhost
def test_a_backend_by_name(lab):
    backend = lab.backend(answer(b"by name"))
    lab.rpcd(proxy("http://localhost:{backend}/p"), backend=backend)
    answers_soon(lab, 200, b"by name")
    assert backend.last.get("Host") == f"localhost:{backend.port}"


@needs_localhost
def test_a_group_by_name(lab):
    backend = lab.backend(answer(b"by name"))
    lab.rpcd("upstream group { server localhost:{backend}; }" + proxy("http://group"),
             backend=backend)
    answers_soon(lab, 200, b"by name")
    for _ in range(5):
        assert ask_raw(lab.port, request_bytes()).status == 200


def test_a_name_that_does_not_resolve_stops_nothing(lab):
    daemon = lab.rpcd("""server { listen {port};
            location / { proxy_pass http://does-not-exist.invalid:8080; }
            location /here { return 200 "here"; } }""")
    assert ask_raw(lab.port, request_bytes("/here")).body == b"here"
    answers_soon(lab, 502)
    daemon.wait_for_text("does-not-exist.invalid")


def test_a_peer_that_does_not_resolve_is_down(lab):
    backend = lab.backend(answer(b"the other"))
    daemon = lab.rpcd("""upstream group {
            server does-not-exist.invalid:8080; server 127.0.0.1:{backend}; }""" + proxy("http://group"),
                      backend=backend)
    daemon.wait_for_text("does-not-exist.invalid")
    with lab.client() as client:
        for _ in range(6):
            assert client.ask().body == b"the other"


def test_reload_with_a_name_that_does_not_resolve(lab):
    daemon = lab.rpcd('server { listen {port}; return 200 "old"; }')
    lab.reload(daemon, """upstream group { server does-not-exist.invalid; }
        server { listen {port}; location / { proxy_pass http://group; }
        location /here { return 200 "here"; } }""")
    assert ask_raw(lab.port, request_bytes("/here")).body == b"here"
    answers_soon(lab, 502)


def test_a_name_in_a_variable_must_be_known(lab):
    """As in nginx without a resolver: an upstream of that name serves, other names are 502."""
    lab.rpcd("""upstream known { server 127.0.0.1:{backend}; }
        server { listen {port};
            location /a { set $to known; proxy_pass http://$to; }
            location /b { set $to unknown.example; proxy_pass http://$to; } }""",
             backend=lab.backend())
    assert ask_raw(lab.port, request_bytes("/a")).status == 200
    assert ask_raw(lab.port, request_bytes("/b")).status == 502
