"""Names of servers in upstream groups: with `resolve` their peers change with the answers."""

import collections
import time

import pytest

from lab import Client, answer, wait_until
from lab.dns import REFUSED, SERVFAIL, Name, NXDOMAIN
from lab.load import Load

SITE = """
resolver {dns} ipv6=off {options};
access_log access.log short;
keepalive_requests 1000000;
log_format short '$status $upstream_addr';
upstream group { server group.test:{one} {line}; keepalive 8; }
server { listen {port}; location / { proxy_pass http://group; } }
"""

ADDRESSES = ("127.0.0.1", "127.0.0.3", "127.0.0.4", "127.0.0.5")


@pytest.fixture
def backends(lab):
    """On one port of several addresses, each of which answers with its own."""
    return lab.backends_at({address: answer(address.encode()) for address in ADDRESSES})


def fill(options="", line="resolve"):
    return SITE.replace("{options}", options).replace("{line}", line)


def ask(port, count=8):
    """How often who has answered, or with which status."""
    with Client(port) as client:
        answers = [client.ask() for _ in range(count)]
    return collections.Counter(response.body.decode() if response.status == 200
                               else response.status for response in answers)


def answers_from(port, *addresses):
    share = 8 // max(1, len(addresses))
    expected = {address: share for address in addresses} or {502: 8}
    wait_until(lambda: ask(port) == expected, f"answers from {addresses}", step=0.05)


def test_peers_follow_the_answers(lab, backends):
    zone = {"group.test": Name(ADDRESSES[:2], ttl=1)}
    names = lab.name_server(zone)
    lab.rpcd(fill(), dns=names, one=backends[0])
    answers_from(lab.port, *ADDRESSES[:2])
    zone["group.test"] = Name(ADDRESSES[1:3], ttl=1)
    answers_from(lab.port, *ADDRESSES[1:3])
    zone["group.test"] = Name(ADDRESSES[3:], ttl=1)
    answers_from(lab.port, ADDRESSES[3])
    zone["group.test"] = Name(ADDRESSES, ttl=1)
    answers_from(lab.port, *ADDRESSES)


def test_the_order_of_answers_does_not_matter(lab, backends):
    """All workers have the peers in the same order, so that hashing methods agree."""
    turn = [0]

    def rotated(_query):
        turn[0] += 1
        shift = turn[0] % len(ADDRESSES)
        return Name(ADDRESSES[shift:] + ADDRESSES[:shift], ttl=1)
    lab.rpcd(fill(), dns=lab.name_server({"group.test": rotated}), one=backends[0])
    answers_from(lab.port, *ADDRESSES)
    with Client(lab.port) as client:
        for _ in range(3):
            before = turn[0]
            wait_until(lambda: turn[0] > before, "the next query")
            bodies = [client.ask().body.decode() for _ in range(8)]
            first = ADDRESSES.index(bodies[0])
            assert bodies == list(ADDRESSES[first:] + ADDRESSES[:first]) * 2


def test_no_error_under_load(lab, backends):
    zone = {"group.test": Name(ADDRESSES[:1], ttl=1)}
    names = lab.name_server(zone)
    daemon = lab.rpcd(fill(), workers=2, dns=names, one=backends[0])
    answers_from(lab.port, ADDRESSES[0])
    daemon.workers()
    with Load(lab.port, 4, {address.encode() for address in ADDRESSES}) as load:
        for turn in range(6):
            zone["group.test"] = Name(ADDRESSES[turn % 4:turn % 4 + 2], ttl=1)
            before = names.asked("group.test")
            wait_until(lambda: names.asked("group.test") >= before + 2, "both workers' queries")
    assert load.failures == []
    assert load.answered > 100
    assert all(backend.requests for backend in backends)


def test_those_that_stay_keep_their_state(lab, backends):
    """One that is out of use because of a failure is not used again just because a neighbour has
    come: fail_timeout is 10 seconds."""
    zone = {"group.test": Name(("127.0.0.6", ADDRESSES[0]), ttl=1)}
    names = lab.name_server(zone)
    daemon = lab.rpcd(fill(), dns=names, one=backends[0])
    answers_from(lab.port, ADDRESSES[0])
    assert any("127.0.0.6" in line for line in daemon.lines()), "it was tried, and failed"
    zone["group.test"] = Name(("127.0.0.6",) + ADDRESSES[:2], ttl=1)
    answers_from(lab.port, *ADDRESSES[:2])
    failed = [line for line in daemon.lines() if "127.0.0.6" in line]
    assert len(failed) == 1


@pytest.mark.parametrize("failure", [
    Name(code=SERVFAIL), Name(code=REFUSED), Name(is_silent=True), Name(bytes=b"\xff" * 40),
], ids=["server failure", "refused", "silent", "garbage"])
def test_a_failed_resolution_keeps_the_addresses(lab, backends, failure):
    zone = {"group.test": Name(ADDRESSES[:2], ttl=1)}
    names = lab.name_server(zone)
    daemon = lab.rpcd(fill("; resolver_timeout 1s"), dns=names, one=backends[0])
    answers_from(lab.port, *ADDRESSES[:2])
    zone["group.test"] = failure
    daemon.wait_for_text("its addresses stay as they are")
    assert ask(lab.port) == {address: 4 for address in ADDRESSES[:2]}
    zone["group.test"] = Name(ADDRESSES[2:], ttl=1)
    wait_until(lambda: ask(lab.port) == {address: 4 for address in ADDRESSES[2:]},
               "the new addresses", 30, 0.1)


def test_a_name_that_is_gone_has_no_peers(lab, backends):
    """As in nginx; valid= also says when it is asked for again."""
    zone = {"group.test": Name(ADDRESSES[:2])}
    names = lab.name_server(zone)
    daemon = lab.rpcd(fill("valid=1s"), dns=names, one=backends[0])
    answers_from(lab.port, *ADDRESSES[:2])
    zone["group.test"] = Name(code=NXDOMAIN)
    answers_from(lab.port)
    daemon.wait_for_text('group.test could not be resolved (3: Host not found) in upstream "group"')
    zone["group.test"] = Name(ADDRESSES[1:3])
    answers_from(lab.port, *ADDRESSES[1:3])


def test_a_group_whose_name_comes_later(lab, backends):
    zone = {}
    names = lab.name_server(zone)
    lab.rpcd(fill("valid=1s"), dns=names, one=backends[0])
    assert ask(lab.port) == {502: 8}
    zone["group.test"] = Name(ADDRESSES[:1])
    answers_from(lab.port, ADDRESSES[0])


def test_long_lives_are_not_asked_about(lab, backends):
    names = lab.name_server({"group.test": Name(ADDRESSES[:1], ttl=60)})
    lab.rpcd(fill(), dns=names, one=backends[0])
    answers_from(lab.port, ADDRESSES[0])
    time.sleep(1.5)
    assert names.asked("group.test") == 1


def test_a_zero_life_does_not_make_it_ask_on_and_on(lab, backends):
    names = lab.name_server({"group.test": Name(ADDRESSES[:1], ttl=0)})
    lab.rpcd(fill(), dns=names, one=backends[0])
    answers_from(lab.port, ADDRESSES[0])
    before = names.asked("group.test")
    time.sleep(3)
    assert 2 <= names.asked("group.test") - before <= 4


def test_a_reload_keeps_addresses_and_state(lab, backends):
    """Also while the name server is silent: nothing has to be resolved anew."""
    zone = {"group.test": Name(ADDRESSES[:2], ttl=60)}
    names = lab.name_server(zone)
    daemon = lab.rpcd(fill(), dns=names, one=backends[0])
    answers_from(lab.port, *ADDRESSES[:2])
    zone["group.test"] = Name(is_silent=True)
    lab.reload(daemon, "# changed\n" + fill("valid=30s"), dns=names, one=backends[0])
    assert ask(lab.port) == {address: 4 for address in ADDRESSES[:2]}


def test_the_groups_own_resolver(lab, backends):
    """It wins over that of http, whose name server knows other addresses."""
    others = lab.name_server({"group.test": Name(ADDRESSES[2:])})
    names = lab.name_server({"group.test": Name(ADDRESSES[:2])})
    lab.rpcd(fill().replace("keepalive 8;", "resolver {own} ipv6=off; resolver_timeout 5s;"),
             dns=others, own=names, one=backends[0])
    answers_from(lab.port, *ADDRESSES[:2])
    assert others.queries == []


def test_several_lines(lab, backends):
    """Each has its own addresses and parameters; the others stay as they are."""
    zone = {"group.test": Name(ADDRESSES[:1], ttl=1), "more.test": Name(ADDRESSES[1:2], ttl=1)}
    names = lab.name_server(zone)
    text = fill().replace("keepalive 8;", """server 127.0.0.5:{one};
        server more.test:{one} resolve weight=2; server here.test:{one} resolve down;""")
    lab.rpcd(text, dns=names, one=backends[0])
    expected = {ADDRESSES[0]: 2, ADDRESSES[3]: 2, ADDRESSES[1]: 4}
    wait_until(lambda: ask(lab.port) == expected, "three peers")
    zone["more.test"] = Name(ADDRESSES[2:3], ttl=1)
    expected = {ADDRESSES[0]: 2, ADDRESSES[3]: 2, ADDRESSES[2]: 4}
    wait_until(lambda: ask(lab.port) == expected, "the other address")


def test_without_resolve_the_system_is_asked_once(lab):
    names = lab.name_server({})
    backend = lab.backend(answer(b"found"))
    lab.rpcd(fill(line="max_fails=0").replace("max_fails=0", "").replace("group.test", "localhost"),
             dns=names, one=backend)
    wait_until(lambda: ask(lab.port) == {"found": 8}, "the address of localhost")
    assert names.queries == []
