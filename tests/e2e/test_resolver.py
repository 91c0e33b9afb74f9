"""Names that variables of proxy_pass give: resolved by the location's resolver, as by nginx."""

import socket
import threading
import time

import pytest

from lab import Client, answer, wait_until
from lab.dns import AAAA, FORMERR, NOTIMP, REFUSED, SERVFAIL, Name
from lab.http import request_bytes
from lab.ports import has_ipv6

HERE = Name(("127.0.0.1",))

SITE = """
resolver {dns} {options};
resolver_timeout {timeout};
log_format names '$status $upstream_addr $upstream_status $upstream_connect_time';
access_log access.log names;
server { listen {host}:{port};
    location / { proxy_pass http://$arg_name:{backend}; proxy_connect_timeout 2s; {inside} }
}
"""


def fill(options="", timeout="30s", inside=""):
    return (SITE.replace("{options}", options).replace("{timeout}", timeout)
            .replace("{inside}", inside))


def ask(address, name):
    with Client(address) as client:
        response = client.ask(f"/?name={name}")
        return response.status, response.body if response.status == 200 else b""


ZONE = {
    "here.test": HERE,
    "other.test": Name(("127.0.0.1",)),
    "alias.test": Name(("127.0.0.1",), alias="real.test"),
    "large.test": Name(tuple(f"127.0.0.{n}" for n in range(1, 61)), is_large=True),
    "empty.test": Name(()),
    "servfail.test": Name(code=SERVFAIL),
    "formerr.test": Name(code=FORMERR),
    "notimp.test": Name(code=NOTIMP),
    "refused.test": Name(code=REFUSED),
}

NAMES = ["here.test", "HERE.Test", "here.test.", "alias.test", "empty.test", "none.test",
         "servfail.test", "formerr.test", "notimp.test", "refused.test", "a..b", ".test", "a%00b"]


@pytest.fixture(scope="module")
def pair(shared_lab):
    """Both with name servers of their own, so that what they ask can be counted."""
    backend = shared_lab.backend(answer(b"found"))
    names = [shared_lab.name_server(ZONE), shared_lab.name_server(ZONE)]
    text = fill("ipv6=off", "5s")
    nginx = shared_lab.nginx(text, dns=names[0], backend=backend)
    rpcd = shared_lab.rpcd(text, dns=names[1], backend=backend)
    return [(("127.0.0.2", shared_lab.port), nginx, names[0]),
            (("127.0.0.1", shared_lab.port), rpcd, names[1])]


@pytest.mark.parametrize("name", NAMES)
def test_answers_are_nginxs(pair, name):
    results = []
    for address, daemon, _ in pair:
        lines = len(daemon.lines())
        results.append((ask(address, name), daemon.wait_for_line(lines + 1).split(" ")[:3]))
    assert results[1] == results[0]


@pytest.mark.parametrize("name, message", [
    ("none.test", "3: Host not found"),
    ("empty.test", "3: Host not found"),
    ("a..b", "3: Host not found"),
    ("servfail.test", "2: Server failure"),
])
def test_reasons_are_nginxs(pair, name, message):
    for address, daemon, _ in pair:
        ask(address, name)
        daemon.wait_for_text(f"{name} could not be resolved ({message})")


@pytest.mark.parametrize("name, message", [
    ("refused.test", "2: Server failure"),
    ("notimp.test", "2: Server failure"),
    ("formerr.test", "1: Format error"),
])
def test_other_reasons(pair, name, message):
    """c-ares asks all name servers before it gives up, and does not tell the last one's reason."""
    address, daemon, _ = pair[1]
    ask(address, name)
    daemon.wait_for_text(f"{name} could not be resolved ({message})")


@pytest.mark.parametrize("name", ["here.test", "none.test"])
def test_what_is_remembered_is_what_nginx_remembers(pair, name):
    """Addresses are kept, failures are not."""
    asked = []
    for address, _, names in pair:
        ask(address, name)
        before = names.asked(name)
        for _ in range(3):
            ask(address, name)
        asked.append(names.asked(name) - before)
    assert asked[1] == asked[0]
    assert asked[1] == (0 if name == "here.test" else 3)


def test_time_out_is_nginxs(lab):
    """502 after resolver_timeout, which the log says."""
    names = lab.name_server({"silent.test": Name(is_silent=True)})
    pair = lab.pair(fill("ipv6=off", "1s"), dns=names, backend=lab.backend())
    for address, daemon in zip(pair.addresses(), (pair.nginx, pair.rpcd)):
        began = time.monotonic()
        assert ask(address, "silent.test") == (502, b"")
        assert 0.9 < time.monotonic() - began < 3
        daemon.wait_for_text("silent.test could not be resolved (110: Operation timed out)")


def test_no_resolver_is_nginxs(lab):
    pair = lab.pair("server { listen {host}:{port}; location / { proxy_pass http://$arg_name; } }")
    for address, daemon in zip(pair.addresses(), (pair.nginx, pair.rpcd)):
        assert ask(address, "here.test") == (502, b"")
        daemon.wait_for_text("no resolver defined to resolve here.test")


@pytest.mark.parametrize("ttl, options, wait, again", [
    (1, "", 2.2, 1),
    (600, "valid=1s", 2.2, 1),
    (1, "valid=10m", 2.2, 0),
])
def test_answers_are_kept_as_long_as_in_nginx(lab, ttl, options, wait, again):
    zone = {"short.test": Name(("127.0.0.1",), ttl=ttl)}
    names = [lab.name_server(zone), lab.name_server(zone)]
    backend = lab.backend()
    text = fill("ipv6=off " + options)
    lab.nginx(text, dns=names[0], backend=backend)
    lab.rpcd(text, dns=names[1], backend=backend)
    for address, server in zip((("127.0.0.2", lab.port), ("127.0.0.1", lab.port)), names):
        ask(address, "short.test")
        assert server.asked("short.test") == 1
        time.sleep(wait)
        ask(address, "short.test")
        ask(address, "short.test")
        assert server.asked("short.test") == 1 + again


def test_a_chain_is_kept_as_long_as_its_shortest_part(lab):
    names = lab.name_server({"alias.test": Name(("127.0.0.1",), alias="real.test", alias_ttl=1)})
    lab.rpcd(fill("ipv6=off"), dns=names, backend=lab.backend())
    ask(lab.port, "alias.test")
    time.sleep(1.3)
    ask(lab.port, "alias.test")
    assert names.asked("alias.test") == 2


def test_large_answers_come_by_stream(lab):
    names = lab.name_server(ZONE)
    lab.rpcd(fill("ipv6=off"), dns=names, backend=lab.backend(answer(b"found")))
    for _ in range(3):
        status, body = ask(lab.port, "large.test")
        assert (status, body) == (200, b"found"), "the other addresses are tried, too"
    assert [query.is_stream for query in names.queries] == [False, True]


def test_addresses_are_tried_in_turn(lab):
    """Each request begins with another one; what does not connect is passed over."""
    backends = lab.backends_at({"127.0.0.1": answer(b"one"), "127.0.0.3": answer(b"two")})
    names = lab.name_server({"both.test": Name(("127.0.0.1", "127.0.0.3")),
                             "half.test": Name(("127.0.0.1", "127.0.0.4"))})
    lab.rpcd(fill("ipv6=off"), dns=names, backend=backends[0])
    assert {ask(lab.port, "both.test") for _ in range(4)} == {(200, b"one"), (200, b"two")}
    assert {ask(lab.port, "half.test") for _ in range(4)} == {(200, b"one")}


@pytest.mark.skipif(not has_ipv6(), reason="no IPv6")
@pytest.mark.parametrize("options, families", [("", {4, 6}), ("ipv6=off", {4}), ("ipv4=off", {6})])
def test_families(lab, options, families):
    backends = lab.backends_at({"127.0.0.1": answer(b"4"), "::1": answer(b"6")})
    names = lab.name_server({"dual.test": Name(("127.0.0.1", "::1"))})
    lab.rpcd(fill(options), dns=names, backend=backends[0])
    assert {int(ask(lab.port, "dual.test")[1]) for _ in range(4)} == families
    assert names.asked("dual.test") == (4 in families)
    assert names.asked("dual.test", AAAA) == (6 in families)


def test_concurrent_requests_share_one_query(lab):
    """A hundred requests for a name that takes its time: one query, one answer for all."""
    go_on = threading.Event()

    def slow(_query):
        go_on.wait(10)
        return HERE
    names = lab.name_server({"slow.test": slow})
    lab.rpcd(fill("ipv6=off"), dns=names, backend=lab.backend(answer(b"found")))
    clients = [lab.client() for _ in range(100)]
    for client in clients:
        client.send(request_bytes("/?name=slow.test"))
    wait_until(lambda: names.asked("slow.test"), "the query")
    time.sleep(0.2)
    go_on.set()
    assert {client.response().body for client in clients} == {b"found"}
    assert names.asked("slow.test") == 1
    for client in clients:
        client.close()


def test_name_servers_take_turns(lab):
    """One that is silent costs a time-out; one that fails is passed over at once."""
    good = lab.name_server({f"n{n}.test": HERE for n in range(20)})
    bad = lab.name_server({f"n{n}.test": Name(code=SERVFAIL) for n in range(20)})
    lab.rpcd(fill("ipv6=off"), dns=f"{bad.address} {good.address}", backend=lab.backend())
    for n in range(20):
        assert ask(lab.port, f"n{n}.test")[0] == 200
    assert len(good.queries) == 20
    assert 5 <= len(bad.queries) <= 20


def test_a_silent_name_server_is_passed_over(lab):
    good = lab.name_server(ZONE)
    silent = lab.name_server({name: Name(is_silent=True) for name in ZONE})
    lab.rpcd(fill("ipv6=off"), dns=f"{silent.address} {good.address}", backend=lab.backend())
    assert ask(lab.port, "here.test")[0] == 200
    assert ask(lab.port, "other.test")[0] == 200
    assert len(silent.queries) >= 1


@pytest.mark.parametrize("reply", [
    b"", b"\x00", b"\xff" * 600, b"\x81\x80\x00\x01\x00\x01\x00\x00\x00\x00",
    b"\x85\x80\x00\x01\x00\x01\x00\x00\x00\x00\x04evil\x04test\x00\x00\x01\x00\x01\xc0\x0c" +
    b"\x00\x01\x00\x01\x00\x00\x00\x10\xff\xff\x7f\x00",
    b"\x85\x80\x00\x01\x00\x01\x00\x00\x00\x00\x04evil\x04test\x00\x00\x01\x00\x01\xc0\x27" * 2,
])
def test_hostile_answers(lab, reply):
    """Whatever comes instead of an answer: that name fails, others go on."""
    names = lab.name_server({"evil.test": Name(bytes=reply), "here.test": HERE})
    lab.rpcd(fill("ipv6=off", "1s"), dns=names, backend=lab.backend(answer(b"found")))
    assert ask(lab.port, "evil.test")[0] == 502
    assert ask(lab.port, "here.test") == (200, b"found")


def test_a_client_that_goes_away_while_its_name_is_resolved(lab):
    names = lab.name_server({"silent.test": Name(is_silent=True), "here.test": HERE})
    daemon = lab.rpcd(fill("ipv6=off"), dns=names, backend=lab.backend(answer(b"found")))
    clients = [lab.client() for _ in range(20)]
    for client in clients:
        client.send(request_bytes("/?name=silent.test"))
    wait_until(lambda: names.asked("silent.test"), "the query")
    for client in clients:
        client.reset()
    daemon.wait_for_line(20)
    assert {line.split(" ")[0] for line in daemon.lines()[:20]} == {"499"}
    assert ask(lab.port, "here.test") == (200, b"found")


def test_reload_and_stop_while_names_are_resolved(lab):
    """What waits goes on waiting in its generation; what is known stays known."""
    go_on = threading.Event()

    def slow(_query):
        go_on.wait(10)
        return HERE
    names = lab.name_server({"slow.test": slow, "here.test": HERE})
    options = {"dns": names, "backend": lab.backend(answer(b"found"))}
    daemon = lab.rpcd(fill("ipv6=off"), **options)
    ask(lab.port, "here.test")
    with lab.client() as client:
        client.send(request_bytes("/?name=slow.test"))
        wait_until(lambda: names.asked("slow.test"), "the query")
        lab.reload(daemon, fill("ipv6=off", "20s"), **options)
        assert ask(lab.port, "here.test") == (200, b"found")
        go_on.set()
        assert client.response().body == b"found"
    assert names.asked("here.test") == 1
    lab.reload(daemon, fill("ipv6=off valid=1m", "20s"), **options)
    assert ask(lab.port, "here.test") == (200, b"found")
    assert names.asked("here.test") == 2


def test_request_bodies_wait_for_the_name(lab):
    go_on = threading.Event()

    def slow(_query):
        go_on.wait(10)
        return HERE
    names = lab.name_server({"slow.test": slow})
    backend = lab.backend(answer(b"found"))
    lab.rpcd(fill("ipv6=off", inside="client_max_body_size 0;"), dns=names, backend=backend)
    body = b"x" * 3_000_000
    with lab.client() as client:
        client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 16)
        sender = threading.Thread(target=client.send, args=(
            request_bytes("/?name=slow.test", "POST", body=body),))
        sender.start()
        wait_until(lambda: names.asked("slow.test"), "the query")
        time.sleep(0.1)
        go_on.set()
        assert client.response().body == b"found"
        sender.join()
    assert backend.last.body == body
