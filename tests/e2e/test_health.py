"""Active health checks: who is asked how often, and what comes of the answers."""

import collections
import os
import signal
import time

import pytest

from lab import Client, answer, wait_until
from lab.backend import replying
from lab.certificates import Authority
from lab.dns import Name
from lab.load import Load

SITE = """
access_log off;
match welcome { status 200; body ~ "all is well"; header X-State = up; }
upstream group {
    server 127.0.0.1:{one}; server 127.0.0.1:{two};
}
server { listen {port};
    location / { proxy_pass http://group; {settings} health_check {parameters}; }
    location /other { proxy_pass http://group; }
}
"""


class Flipping:
    """A backend that answers as it is told to; health checks are those for /health."""

    def __init__(self, lab, name):
        self.name = name.encode()
        self.reply = answer(b"all is well", headers=[("X-State", "up")])
        self.backend = lab.backend(replying(lambda request: self.reply_to(request)))

    def reply_to(self, request):
        return self.reply if request.target.startswith("/health") else answer(self.name)

    @property
    def port(self):
        return self.backend.port

    @property
    def checks(self):
        return [request for request in list(self.backend.requests)
                if request.target.startswith("/health")]

    def fall_ill(self):
        self.reply = answer(b"no", "500 Internal Server Error")

    def recover(self):
        self.reply = answer(b"all is well", headers=[("X-State", "up")])


@pytest.fixture
def two(lab):
    return Flipping(lab, "one"), Flipping(lab, "two")


def start(lab, two, parameters, settings="", **options):
    text = (SITE.replace("{parameters}", parameters).replace("{settings}", settings))
    return lab.rpcd(text, one=two[0].port, two=two[1].port, **options)


def ask(port, count=8, path="/"):
    with Client(port) as client:
        answers = [client.ask(path) for _ in range(count)]
    return collections.Counter(response.body.decode() if response.status == 200
                               else response.status for response in answers)


def answers_are(port, expected):
    wait_until(lambda: ask(port) == expected, f"{expected}", step=0.02)


def test_an_unhealthy_peer_is_not_asked(lab, two):
    daemon = start(lab, two, "interval=100ms uri=/health")
    answers_are(lab.port, {"one": 4, "two": 4})
    two[0].fall_ill()
    answers_are(lab.port, {"two": 8})
    daemon.wait_for_text("[warn]")
    daemon.wait_for_text('peer is unhealthy while checking status code, health check "" of peer '
                         f'127.0.0.1:{two[0].port} in upstream "group"')
    time.sleep(0.5)
    assert daemon.text("error.log").count("peer is unhealthy") == 1, "once for each change"
    two[0].recover()
    answers_are(lab.port, {"one": 4, "two": 4})
    daemon.wait_for_text('peer is healthy while checking status code, health check "" of peer '
                         f'127.0.0.1:{two[0].port} in upstream "group"')
    two[0].fall_ill()
    two[1].fall_ill()
    answers_are(lab.port, {502: 8})
    assert ask(lab.port, 8, "/other") == {502: 8}, "health is the group's, not the location's"
    daemon.wait_for_text("no live upstreams")


def test_once_for_the_group_and_not_for_each_worker(lab, two):
    daemon = start(lab, two, "interval=200ms uri=/health", workers=4)
    daemon.workers()
    wait_until(lambda: two[0].checks and two[1].checks, "the first checks")
    before = [len(backend.checks) for backend in two]
    time.sleep(3)
    counts = [len(backend.checks) - first for backend, first in zip(two, before)]
    assert all(12 <= count <= 16 for count in counts), counts
    assert len(set(daemon.workers())) == 4


def test_all_workers_know(lab, two):
    daemon = start(lab, two, "interval=100ms uri=/health", workers=4)
    daemon.workers()
    two[0].fall_ill()
    daemon.wait_for_text("peer is unhealthy")
    assert sum((ask(lab.port, 2) for _ in range(40)), collections.Counter()) == {"two": 80}
    assert daemon.text("error.log").count("peer is unhealthy") == 1


def test_checks_go_on_when_workers_are_killed(lab, two):
    daemon = start(lab, two, "interval=100ms uri=/health", workers=2)
    daemon.expects_alerts = True
    for _ in range(4):
        for worker in daemon.workers():
            os.kill(worker, signal.SIGKILL)
        count = len(two[0].checks)
        wait_until(lambda: len(two[0].checks) >= count + 3, "checks by new workers")
    two[0].fall_ill()
    answers_are(lab.port, {"two": 8})


def test_a_check_under_way_dies_with_its_worker(lab, two):
    """It is made again by another one, although its time-out is far away."""
    hanging = lab.backend(lambda connection: (connection.head(), time.sleep(60)))
    daemon = lab.rpcd("""upstream group { server 127.0.0.1:{hanging}; server 127.0.0.1:{two}; }
        server { listen {port}; location / { proxy_pass http://group;
            health_check interval=200ms uri=/health; } }""",
                      hanging=hanging, two=two[1].port, workers=2)
    daemon.expects_alerts = True
    daemon.workers()
    hanging.wait_for(1)
    time.sleep(0.6)
    assert len(hanging.requests) == 1, "nobody else checks it meanwhile"
    for worker in daemon.workers():
        os.kill(worker, signal.SIGKILL)
    hanging.wait_for(2)


def test_fails_and_passes_in_a_row(lab, two):
    daemon = start(lab, two, "interval=100ms fails=3 passes=4 uri=/health")
    answers_are(lab.port, {"one": 4, "two": 4})
    before = len(two[0].checks)
    two[0].fall_ill()
    daemon.wait_for_text("peer is unhealthy")
    assert 3 <= len(two[0].checks) - before <= 5
    before = len(two[0].checks)
    two[0].recover()
    daemon.wait_for_text("peer is healthy")
    assert 4 <= len(two[0].checks) - before <= 6


def test_mandatory(lab, two):
    """Nobody is asked before a check has passed."""
    two[0].fall_ill()
    two[1].fall_ill()
    daemon = start(lab, two, "interval=100ms mandatory uri=/health")
    wait_until(lambda: two[0].checks, "the first check")
    assert ask(lab.port) == {502: 8}
    two[1].recover()
    answers_are(lab.port, {"two": 8})
    daemon.wait_for_text(f'of peer 127.0.0.1:{two[1].port} in upstream "group"')


@pytest.mark.parametrize("parameters, expected", [("", {"one": 8}), ("mandatory", {502: 8})])
def test_while_the_first_check_is_under_way(lab, parameters, expected):
    """It never ends here: only with mandatory requests have to wait for it."""
    def handler(connection):
        while (request := connection.request()) is not None:
            if request.target == "/health":
                time.sleep(60)
            connection.send(answer(b"one"))
    backend = lab.backend(handler)
    lab.rpcd("""upstream group { server 127.0.0.1:{backend}; }
        server { listen {port}; location / { proxy_pass http://group;
            health_check interval=100ms uri=/health {parameters}; } }""",
             backend=backend, parameters=parameters)
    backend.wait_for(1)
    assert ask(lab.port) == expected


@pytest.mark.parametrize("block, reply, message", [
    ('status 200; body ~ "all is well";', answer(b"nothing is well"), "checking body"),
    ('body !~ "down";', answer(b"it is down"), "checking body"),
    ("status 200-299 304; header X-State = up;", answer(b"", "304 Not Modified"), "checking header"),
    ("status ! 500 503;", answer(b"", "503 Service Unavailable"), "checking status code"),
    ("status 300;", answer(b""), "checking status code"),
    ("header ! X-Down;", answer(b"", headers=[("x-down", "1")]), "checking header"),
    ("header X-State ~ ^up;", answer(b"", headers=[("X-State", "going up")]), "checking header"),
    ("header X-State !~ down;", answer(b"", headers=[("X-State", "down")]), "checking header"),
    ("header X-State != down;", answer(b"", headers=[("X-State", "down")]), "checking header"),
    ("header X-Needed;", answer(b""), "checking header"),
])
def test_match(lab, block, reply, message):
    """The good answer is right for all of them, the other one wrong."""
    good = answer(b"all is well", headers=[("X-State", "up"), ("X-Needed", "")])
    if "300" in block:
        good = answer(b"", "300 Multiple Choices")
    replies = [good]
    backend = lab.backend(replying(lambda request: replies[0]))
    daemon = lab.rpcd(f"""match block {{ {block} }}
        upstream group {{ server 127.0.0.1:{{backend}}; }}
        server {{ listen {{port}}; location / {{ proxy_pass http://group;
            health_check interval=50ms match=block mandatory; }} }}""", backend=backend)
    daemon.wait_for_text("peer is healthy while")
    replies[0] = reply
    daemon.wait_for_text(f'peer is unhealthy while {message}, health check "block" of peer')
    replies[0] = good
    wait_until(lambda: daemon.text("error.log").count("peer is healthy") == 2, "the recovery")


def chunked(body, size=1000):
    pieces = [body[begin:begin + size] for begin in range(0, len(body), size)]
    return b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"".join(
        b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"


LONG = b"x" * 200_000 + b"all is well" + b"y" * 20_000


@pytest.mark.parametrize("reply, is_well", [
    (b"HTTP/1.0 200 OK\r\n\r\nall is well", True),
    (chunked(b"all is well", 3), True),
    (chunked(LONG), True),
    (answer(LONG), True),
    (answer(b"x" * 300_000 + b"all is well"), False),
    (b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + answer(b"all is well"), True),
    (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nno chunk", False),
    (b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nall is well", False),
    (b"HTTP/1.1 200", False),
    (b"", False),
    (b"SSH-2.0-OpenSSH\r\n\r\n", False),
    (b"HTTP/1.1 200 OK\r\n" + b"X: " + b"y" * 40_000 + b"\r\n\r\n", False),
    (b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 300 + b"\r\n", False),
    (b"HTTP/1.1 101 Switching Protocols\r\n\r\nall is well", False),
], ids=["until the end", "chunks", "many chunks", "long", "too far behind", "interim", "bad chunk",
        "cut", "half a head", "nothing", "no http", "large head", "many fields", "upgrade"])
@pytest.mark.parametrize("kept", ["", "keepalive_time=1h"])
def test_answers_of_all_kinds(lab, reply, is_well, kept):
    def handler(connection):
        if connection.head() is not None:
            connection.send(reply)
    backend = lab.backend(handler)
    daemon = lab.rpcd(f"""match block {{ body ~ "all is well"; }}
        upstream group {{ server 127.0.0.1:{{backend}}; }}
        server {{ listen {{port}}; location / {{ proxy_pass http://group;
            health_check interval=50ms match=block mandatory {kept}; }} }}""", backend=backend)
    backend.wait_for(4)
    assert ("peer is healthy" in daemon.text("error.log")) == is_well
    assert ("peer is unhealthy" in daemon.text("error.log")) != is_well


def test_refused_and_silent(lab, two):
    """A peer that does not listen, and one that does not answer within proxy_read_timeout."""
    silent = lab.backend(lambda connection: (connection.head(), time.sleep(60)))
    closed = lab.new_port()
    daemon = lab.rpcd("""upstream group { server 127.0.0.1:{silent}; server 127.0.0.1:{closed};
            server 127.0.0.1:{two}; }
        server { listen {port}; location / { proxy_pass http://group; proxy_read_timeout 300ms;
            health_check interval=100ms uri=/health; } }""",
                      silent=silent, closed=closed, two=two[1].port)
    daemon.wait_for_text("peer is unhealthy while connecting to upstream: connect() failed (111: "
                         "Connection refused)")
    daemon.wait_for_text("peer is unhealthy while reading response header from upstream: timed out")
    answers_are(lab.port, {"two": 8})


def test_what_is_sent(lab, two):
    start(lab, two, "interval=100ms uri=/health?a=b", """proxy_set_header Host app.example;
        proxy_set_header X-Client $remote_addr; proxy_set_header X-Fixed yes; proxy_method POST;
        proxy_set_body none;""")
    wait_until(lambda: two[0].checks, "the first check")
    request = two[0].checks[0]
    assert request.start == "GET /health?a=b HTTP/1.1"
    assert request.get("Host") == "app.example"
    assert request.get("X-Fixed") == "yes"
    assert request.get("X-Client") is None
    assert request.get("Connection") == "close"
    assert request.get("Content-Length") is None


def test_hosts(lab):
    """Host is what the location says; without anything usable it is that of proxy_pass."""
    backends = [lab.backend() for _ in range(3)]
    lab.rpcd("""upstream a { server 127.0.0.1:{a}; } upstream b { server 127.0.0.1:{b}; }
        upstream c { server 127.0.0.1:{c}; }
        server { listen {port}; server_name site.example;
            location /a { proxy_pass http://a; health_check interval=100ms; }
            location /b { proxy_pass http://b; proxy_set_header Host $host;
                health_check interval=100ms; }
            location /c { proxy_pass http://c; proxy_set_header Host $http_host;
                proxy_http_version 1.0; health_check interval=100ms; } }""",
             a=backends[0], b=backends[1], c=backends[2])
    hosts = [backend.wait_for(1).all("Host") for backend in backends]
    assert hosts == [["a"], ["site.example"], ["c"]]
    assert backends[2].last.version == "HTTP/1.0"


def test_another_port(lab, two):
    checks = Flipping(lab, "checks")
    daemon = lab.rpcd("""upstream group { server 127.0.0.1:{one}; }
        server { listen {port}; location / { proxy_pass http://group;
            health_check interval=100ms uri=/health port={checks}; } }""",
                      one=two[0].port, checks=checks.port)
    wait_until(lambda: checks.checks, "the first check")
    checks.fall_ill()
    daemon.wait_for_text(f"of peer 127.0.0.1:{two[0].port} in upstream")
    assert two[0].checks == []


def test_kept_connections(lab, two):
    """One connection serves the checks until its time is over; when the backend closes it that is
    no failure."""
    daemon = start(lab, two, "interval=50ms uri=/health keepalive_time=1h")
    wait_until(lambda: len(two[0].checks) >= 10, "ten checks")
    assert len(two[0].backend.connections) == 1
    assert two[0].checks[0].get("Connection") is None
    two[0].backend.connections[0].close()
    count = len(two[0].checks)
    wait_until(lambda: len(two[0].checks) >= count + 5, "further checks")
    assert len(two[0].backend.connections) == 2
    assert "unhealthy" not in daemon.text("error.log")


def test_health_survives_reloads(lab, two):
    daemon = start(lab, two, "interval=100ms uri=/health mandatory")
    two[0].fall_ill()
    answers_are(lab.port, {"two": 8})
    text = SITE.replace("{settings}", "").replace("{parameters}", "interval=1h uri=/health mandatory")
    lab.reload(daemon, text, one=two[0].port, two=two[1].port)
    assert ask(lab.port) == {"two": 8}
    text = text.replace("interval=1h", "interval=100ms")
    two[0].recover()
    lab.reload(daemon, text, one=two[0].port, two=two[1].port)
    answers_are(lab.port, {"one": 4, "two": 4})
    two[0].fall_ill()
    answers_are(lab.port, {"two": 8})
    text = text.replace("health_check interval=100ms uri=/health mandatory;", "")
    lab.reload(daemon, text, one=two[0].port, two=two[1].port)
    assert ask(lab.port) == {"one": 4, "two": 4}, "without checks nothing is known"
    count = len(two[0].checks)
    time.sleep(0.4)
    assert len(two[0].checks) == count


def test_reloads_do_not_multiply_checks(lab, two):
    daemon = start(lab, two, "interval=200ms uri=/health", workers=2)
    daemon.workers()
    text = SITE.replace("{settings}", "").replace("{parameters}", "interval=200ms uri=/health")
    for number in range(5):
        lab.reload(daemon, f"# {number}\n" + text, workers=2, one=two[0].port, two=two[1].port)
    before = len(two[0].checks)
    time.sleep(2)
    assert 7 <= len(two[0].checks) - before <= 11


def test_no_error_for_clients_while_health_changes(lab, two):
    start(lab, two, "interval=50ms uri=/health", "proxy_read_timeout 5s; keepalive_requests 1000000;",
          workers=2)
    with Load(lab.port, 4, {b"one", b"two"}) as load:
        for _ in range(4):
            two[0].fall_ill()
            time.sleep(0.3)
            two[0].recover()
            time.sleep(0.3)
    assert load.failures == []


def test_backups_step_in_for_the_unhealthy(lab, two):
    lab.rpcd("""upstream group { server 127.0.0.1:{one}; server 127.0.0.1:{two} backup; }
        server { listen {port}; location / { proxy_pass http://group;
            health_check interval=100ms uri=/health; } }""", one=two[0].port, two=two[1].port)
    answers_are(lab.port, {"one": 8})
    two[0].fall_ill()
    answers_are(lab.port, {"two": 8})
    two[0].recover()
    answers_are(lab.port, {"one": 8})


def test_peers_that_a_name_brings_are_checked(lab):
    first, ill = lab.backends_at({"127.0.0.1": answer(b"one"),
                                  "127.0.0.3": answer(b"no", "500 Internal Server Error")})
    zone = {"group.test": Name(("127.0.0.1",), ttl=1)}
    daemon = lab.rpcd("""resolver {dns} ipv6=off;
        upstream group { server group.test:{one} resolve; }
        server { listen {port}; location / { proxy_pass http://group;
            health_check interval=100ms uri=/health mandatory; } }""",
                      dns=lab.name_server(zone), one=first)
    answers_are(lab.port, {"one": 8})
    zone["group.test"] = Name(("127.0.0.1", "127.0.0.3"), ttl=1)
    daemon.wait_for_text(f"of peer 127.0.0.3:{first.port} in upstream")
    assert ask(lab.port) == {"one": 8}
    assert {request.target for request in ill.requests} == {"/health"}


def test_jitter(lab, two):
    """Intervals are longer by up to so much, and not all alike."""
    times = []
    two[0].backend.handler = None

    def handler(connection):
        while connection.request() is not None:
            times.append(time.monotonic())
            connection.send(two[0].reply)
    two[0].backend.handler = handler
    start(lab, two, "interval=100ms jitter=200ms uri=/health")
    wait_until(lambda: len(times) >= 20, "twenty checks", 20)
    gaps = [later - earlier for earlier, later in zip(times, times[1:])]
    assert min(gaps) > 0.09
    assert max(gaps) < 0.5
    assert max(gaps) - min(gaps) > 0.05


def test_graceful_stop_does_not_wait_for_checks(lab):
    hanging = lab.backend(lambda connection: (connection.head(), time.sleep(60)))
    daemon = lab.rpcd("""upstream group { server 127.0.0.1:{hanging}; }
        server { listen {port}; location / { proxy_pass http://group;
            health_check interval=100ms; } }""", hanging=hanging)
    hanging.wait_for(1)
    daemon.stop()


@pytest.mark.parametrize("kept", ["", "keepalive_time=1h"])
def test_checks_by_tls(lab, kept):
    """The location's settings say who the backend has to be; the wrong one is not asked at all."""
    folder = lab.folder("certificates")
    authority = Authority(folder, "authority")
    good, wrong = authority.issue("good", ["DNS:app.test"]), authority.issue("wrong", ["DNS:b.test"])
    long = b"x" * 100_000 + b"all is well"
    backends = [lab.backend(answer(long), tls=certificate.server_context())
                for certificate in (good, wrong)]
    daemon = lab.rpcd(f"""match well {{ body ~ "all is well$"; }}
        upstream group {{ server 127.0.0.1:{{good}}; server 127.0.0.1:{{wrong}}; }}
        server {{ listen {{port}}; location / {{ proxy_pass https://group; proxy_ssl_name app.test;
            proxy_ssl_verify on; proxy_ssl_trusted_certificate {{trusted}};
            health_check interval=50ms match=well mandatory {kept}; }} }}""",
                      good=backends[0], wrong=backends[1], trusted=authority.pem)
    daemon.wait_for_text(f"of peer 127.0.0.1:{backends[1].port} in upstream")
    daemon.wait_for_text(f"peer is healthy while checking body, health check \"well\" of peer "
                         f"127.0.0.1:{backends[0].port}")
    daemon.wait_for_text("SSL")
    backends[0].wait_for(5)
    if kept:
        assert len(backends[0].connections) == 1
    assert backends[1].requests == []
    with Client(lab.port) as client:
        assert [client.ask().status for _ in range(4)] == [200] * 4


def test_the_proxy_protocol_says_that_nobody_is_behind_a_check(lab):
    def handler(connection):
        lines.append(connection.read_until(b"\r\n"))
        if connection.head() is not None:
            connection.send(answer(b"ok"))
    lines = []
    backend = lab.backend(handler)
    lab.rpcd("""upstream group { server 127.0.0.1:{backend}; }
        server { listen {port}; location / { proxy_pass http://group; proxy_protocol on;
            health_check interval=100ms; } }""", backend=backend)
    backend.wait_for(2)
    assert set(lines) == {b"PROXY UNKNOWN\r\n"}
