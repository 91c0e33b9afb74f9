"""Session persistence: what the cookie says, and that clients stay with their peer while it is there.
Debian's nginx has no sticky; what is expected is what nginx 1.31 does."""

import collections
import email.utils
import hashlib
import re
import time

import pytest

from lab import Backend, Client, answer, wait_until

CLIENTS = 50


def group(ports, sticky="sticky cookie id;", method="", parameters=None):
    servers = " ".join(f"server 127.0.0.1:{port} {(parameters or {}).get(port, '')};"
                       for port in ports)
    return (f"upstream app {{ {method} {servers} {sticky} }}\n"
            "server { listen {port}; location / { add_header X-Peers $upstream_addr always; "
            "proxy_pass http://app; } }")


def route_of(port):
    return hashlib.md5(f"127.0.0.1:{port}".encode()).hexdigest()


def peer(response):
    return int(response.get("X-Peers").split(", ")[-1].rpartition(":")[2])


def cookie_of(response, name="id"):
    cookies = [value for value in response.all("Set-Cookie") if value.startswith(name + "=")]
    assert len(cookies) == 1, response.headers
    return cookies[0]


class Visitor:
    """A client that keeps its cookie as browsers do."""

    def __init__(self, lab, name="id"):
        self.lab = lab
        self.name = name
        self.value = None

    def visit(self, target="/"):
        headers = [("Cookie", f"{self.name}={self.value}")] if self.value else []
        with self.lab.client() as client:
            response = client.ask(target, headers=headers)
        self.value = cookie_of(response, self.name).split(";")[0].partition("=")[2]
        return peer(response)


def visitors(lab):
    return [Visitor(lab) for _ in range(CLIENTS)]


def visit_all(them):
    return [visitor.visit() for visitor in them]


# --- the cookie ---

def test_the_first_response_sets_the_cookie_to_the_peers_address(lab):
    ports = [lab.backend().port for _ in range(3)]
    lab.rpcd(group(ports))
    with lab.client() as client:
        for _ in range(6):
            response = client.ask()
            assert cookie_of(response) == f"id={route_of(peer(response))}"


def test_a_route_is_the_cookie(lab):
    ports = [lab.backend().port for _ in range(2)]
    lab.rpcd(group(ports, parameters={ports[0]: "route=one", ports[1]: "route=two.2"}))
    with lab.client() as client:
        seen = {cookie_of(client.ask()) for _ in range(4)}
    assert seen == {"id=one", "id=two.2"}


def test_all_that_a_cookie_may_have(lab):
    port = lab.backend().port
    lab.rpcd(group([port], "sticky cookie id expires=1h domain=.$host path=/x httponly secure "
                           "samesite=$arg_s;", parameters={port: "route=r"}))
    with lab.client() as client:
        before = int(time.time())
        cookie = cookie_of(client.ask("/?s=Lax"))
        match = re.fullmatch(r"id=r; expires=(.*?); max-age=3600; domain=\.example\.com; httponly; "
                             r"secure; samesite=Lax; path=/x", cookie)
        assert match, cookie
        end = email.utils.parsedate_to_datetime(match.group(1).replace("-", " ")).timestamp()
        assert before + 3600 <= end <= time.time() + 3601
        assert "; samesite=strict; " in cookie_of(client.ask("/?s=Lax%3b"))
        assert "samesite" not in cookie_of(client.ask("/"))


def test_the_longest_cookie(lab):
    port = lab.backend().port
    lab.rpcd(group([port], "sticky cookie id expires=max;", parameters={port: "route=r"}))
    with lab.client() as client:
        assert cookie_of(client.ask()) == \
            "id=r; expires=Thu, 31-Dec-37 23:55:55 GMT; max-age=315360000"


def test_variables_cannot_add_header_fields(lab):
    port = lab.backend().port
    lab.rpcd('map $arg_d $decoded { default x; "~^(?<rest>.*)$" $rest; }\n' +
             group([port], "sticky cookie id domain=$http_x_d;"))
    with lab.client() as client:
        response = client.ask(headers=[("X-D", "a\tb")])
        assert cookie_of(response).endswith("; domain=a\tb")
        assert response.status == 200


def test_the_backends_own_cookies_pass(lab):
    backend = lab.backend(answer(headers=[("Set-Cookie", "own=1"), ("Set-Cookie", "more=2")]))
    lab.rpcd(group([backend.port]))
    with lab.client() as client:
        response = client.ask()
    assert [value.split("=")[0] for value in response.all("Set-Cookie")] == ["id", "own", "more"]


@pytest.mark.parametrize("status", ["204 No Content", "304 Not Modified", "404 Not Found",
                                    "500 Internal Server Error"])
def test_every_status_has_the_cookie(lab, status):
    backend = lab.backend(answer(b"", status))
    lab.rpcd(group([backend.port]))
    with lab.client() as client:
        assert cookie_of(client.ask()) == f"id={route_of(backend.port)}"


def test_an_error_page_has_the_cookie(lab):
    """nginx sets it when a peer is picked, whatever becomes of the request then."""
    backend = lab.backend(answer(b"", "404 Not Found"))
    lab.rpcd(f"upstream app {{ server 127.0.0.1:{backend.port}; sticky cookie id; }}\n"
             "server { listen {port}; proxy_intercept_errors on; error_page 404 /page;\n"
             "location = /page { return 200 page; } location / { proxy_pass http://app; } }")
    with lab.client() as client:
        response = client.ask()
        assert response.body == b"page"
        assert cookie_of(response) == f"id={route_of(backend.port)}"


# --- staying ---

METHODS = ["", "least_conn;", "ip_hash;", "hash $arg_k;", "hash $uri consistent;", "random;",
           "random two;"]


@pytest.mark.parametrize("balancing", METHODS)
def test_clients_stay(lab, balancing):
    ports = [lab.backend().port for _ in range(4)]
    lab.rpcd(group(ports, method=balancing), workers=2)
    them = visitors(lab)
    before = visit_all(them)
    for _ in range(3):
        assert visit_all(them) == before


def test_clients_stay_over_a_reload_and_a_new_peer(lab):
    ports = [lab.backend().port for _ in range(5)]
    daemon = lab.rpcd(group(ports[:4]), workers=2)
    them = visitors(lab)
    before = visit_all(them)
    assert set(before) == set(ports[:4])
    lab.reload(daemon, group(ports[:4]), workers=2)
    assert visit_all(them) == before
    lab.reload(daemon, group(ports), workers=2)
    assert visit_all(them) == before
    fresh = collections.Counter(visit_all(visitors(lab)))
    assert fresh[ports[4]] > 0


def test_clients_of_a_peer_that_goes_move_and_stay_where_they_got(lab):
    ports = [lab.backend().port for _ in range(4)]
    daemon = lab.rpcd(group(ports))
    them = visitors(lab)
    before = visit_all(them)
    lab.reload(daemon, group(ports[1:]))
    after = visit_all(them)
    assert all(new == old or old == ports[0] for old, new in zip(before, after))
    assert ports[0] not in after
    assert visit_all(them) == after
    lab.reload(daemon, group(ports))
    assert visit_all(them) == after


def test_clients_of_a_peer_that_fails_move_without_an_error(lab):
    backends = [lab.backend() for _ in range(3)]
    ports = [backend.port for backend in backends]
    lab.rpcd(group(ports))
    them = visitors(lab)
    before = visit_all(them)
    lost = ports[1]
    backends[1].close()
    after = visit_all(them)
    assert all(new == old or old == lost for old, new in zip(before, after))
    assert lost not in after
    assert visit_all(them) == after


def test_a_client_whose_peer_is_back_in_time_finds_it(lab):
    """Within fail_timeout it is left alone; whoever has kept the old cookie gets back then."""
    backends = [lab.backend() for _ in range(2)]
    ports = [backend.port for backend in backends]
    lab.rpcd(group(ports))
    visitor = Visitor(lab)
    home = visitor.visit()
    kept = visitor.value
    index = ports.index(home)
    backends[index].close()
    assert visitor.visit() != home
    lab.backends.append(Backend(answer(), address=("127.0.0.1", home)))

    def is_back():
        visitor.value = kept
        return visitor.visit() == home
    wait_until(is_back, "the peer to be used again", 25)


def test_a_cookie_of_nobody_is_replaced(lab):
    ports = [lab.backend().port for _ in range(2)]
    lab.rpcd(group(ports))
    with lab.client() as client:
        response = client.ask(headers=[("Cookie", "id=0123456789abcdef0123456789abcdef")])
        assert cookie_of(response) == f"id={route_of(peer(response))}"
        response = client.ask(headers=[("Cookie", "id=" + "x" * 2000)])
        assert cookie_of(response) == f"id={route_of(peer(response))}"


def test_a_peer_that_is_down_keeps_nobody(lab):
    ports = [lab.backend().port for _ in range(2)]
    lab.rpcd(group(ports, parameters={ports[0]: "down"}))
    with lab.client() as client:
        for _ in range(4):
            assert peer(client.ask(headers=[("Cookie", f"id={route_of(ports[0])}")])) == ports[1]


def test_a_draining_peer_serves_only_its_own(lab):
    ports = [lab.backend().port for _ in range(3)]
    daemon = lab.rpcd(group(ports))
    them = visitors(lab)
    before = visit_all(them)
    lab.reload(daemon, group(ports, parameters={ports[0]: "drain"}))
    assert visit_all(them) == before
    fresh = visit_all(visitors(lab))
    assert set(fresh) == set(ports[1:])


def test_requests_of_the_bound_count_in_the_sequence(lab):
    """As in nginx, bound requests take their peer's turn, but however many of them in a row only one."""
    ports = [lab.backend().port for _ in range(2)]
    lab.rpcd(group(ports))
    with lab.client() as client:
        bound = [("Cookie", f"id={route_of(ports[1])}")]
        for _ in range(6):
            assert peer(client.ask(headers=bound)) == ports[1]
        assert [ports.index(peer(client.ask())) for _ in range(6)] == [0, 0, 1, 0, 1, 0]


# --- sticky route ---

def test_a_route_from_the_request(lab):
    ports = [lab.backend().port for _ in range(3)]
    routes = {port: f"route=r{number}" for number, port in enumerate(ports)}
    lab.rpcd(group(ports, "sticky route $cookie_r $arg_r;", parameters=routes))
    with lab.client() as client:
        for number, port in enumerate(ports):
            for _ in range(3):
                response = client.ask(f"/?r=r{number}")
                assert peer(response) == port and response.all("Set-Cookie") == []
                cookie = [("Cookie", f"r=r{number}")]
                assert peer(client.ask("/?r=r0", headers=cookie)) == port
        assert {peer(client.ask("/?r=nobody")) for _ in range(9)} == set(ports)


# --- upgrades ---

def test_a_tunnel_has_the_cookie(lab):
    def upgrade(connection):
        connection.request()
        connection.send(b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\n"
                        b"Upgrade: test\r\n\r\n")
        connection.read_rest()

    backend = lab.backend(upgrade)
    lab.rpcd(f"upstream app {{ server 127.0.0.1:{backend.port}; sticky cookie id; }}\n"
             "server { listen {port}; location / { proxy_pass http://app;\n"
             "proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection upgrade; } }")
    with Client(lab.port) as client:
        response = client.ask(headers=[("Connection", "Upgrade"), ("Upgrade", "test")])
        assert response.status == 101
        assert cookie_of(response) == f"id={route_of(backend.port)}"
