"""limit_req and limit_conn: who is let through, who waits, what is counted by all workers together
and outlives reloads and the death of workers."""

import contextlib
import os
import re
import select
import signal
import time

import pytest

from lab import Client, answer, wait_until
from lab.backend import replying
from lab.http2_client import Http2Client

LOG = "log_format limits '$request_uri $status $limit_req_status $limit_conn_status';\n" \
      "access_log {folder}/access.log limits;\n"


@contextlib.contextmanager
def clients(address, count):
    opened = []
    try:
        for _ in range(count):
            opened.append(Client(address))
        yield opened
    finally:
        for client in opened:
            client.close()


def ask_at_once(address, count, target="/"):
    """The statuses of so many requests that are all on their way before an answer is read."""
    with clients(address, count) as opened:
        for client in opened:
            client.send(f"GET {target} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        return [client.response().status for client in opened]


def complaints(daemon, count):
    """What the error log says of limits, without what differs from daemon to daemon; thousandths
    that leak away while a test runs do not count."""
    found = []

    def read():
        found[:] = re.findall(r"\[(\w+)\] [^\n]*?((?:limiting|delaying|the value of)[^\n]*?), client:",
                              daemon.text("error.log"))
        return len(found) >= count
    wait_until(read, f"{count} complaints of {daemon.name}")
    return [(level, re.sub(r"excess: (\d+)\.(\d+)", lambda m: "excess: %.1f" % (
        float(f"{m[1]}.{m[2]}") + 0.02), text)) for level, text in found]


def compare(lab, pair, targets, complaint_count, counts=None):
    """The same requests one by one, the same answers, log lines and complaints."""
    statuses = pair.both(lambda address: [status for target in targets
                                          for status in ask_at_once(address, 1, target)])
    assert statuses[0] == statuses[1]
    if counts is not None:
        assert statuses[0] == counts
    for daemon in (pair.nginx, pair.rpcd):
        daemon.wait_for_line(len(targets))
    assert pair.nginx.lines() == pair.rpcd.lines()
    assert complaints(pair.nginx, complaint_count) == complaints(pair.rpcd, complaint_count)


# --- as nginx: one zone, several, what is said ---

ONE_ZONE = [
    ("limit_req zone=a;", 1, 5),
    ("limit_req zone=a burst=3 nodelay;", 4, 2),
    ("limit_req zone=a burst=3 delay=2; limit_req_dry_run on;", 6, 3),
    ("limit_req zone=a burst=3; limit_req_dry_run on; limit_req_log_level info;", 6, 5),
    ("limit_req zone=a nodelay delay=5; limit_req_log_level notice;", 1, 5),
    ("limit_req zone=a burst=2 nodelay; limit_req_log_level warn; limit_req_status 429;", 3, 3),
]


@pytest.mark.parametrize("settings, passed, said", ONE_ZONE)
def test_one_zone_as_nginx(lab, settings, passed, said):
    pair = lab.pair(LOG + """
        limit_req_zone $arg_k zone=a:1m rate=1r/m;
        server { listen {host}:{port}; location / { try_files /none @end; } location @end { return 200 x; }
                 location /l { """ + settings + """ try_files /none @end; } }
    """)
    compare(lab, pair, ["/l?k=1"] * 6 + ["/l", "/l?k=2", "/?k=1"], said)
    refused = [line for line in pair.rpcd.lines() if line.split()[1] != "200"]
    assert len(refused) == 6 - passed


def test_several_zones_as_nginx(lab):
    """One that rejects leaves the others as they were; keys of several variables, and empty ones."""
    pair = lab.pair(LOG + """
        limit_req_zone $arg_a zone=wide:1m rate=1r/m;
        limit_req_zone $arg_b$arg_c zone=narrow:1m rate=2r/m;
        server { listen {host}:{port};
            location @end { return 200 x; }
            location / { limit_req zone=wide burst=4 nodelay; try_files /none @end; }
            location /both { limit_req zone=wide burst=4 nodelay; limit_req zone=narrow burst=1 nodelay;
                             try_files /none @end; }
            location /turned { limit_req zone=narrow burst=1 nodelay; limit_req zone=wide burst=4 nodelay;
                               try_files /none @end; }
            location /dry { limit_req zone=wide burst=3; limit_req zone=narrow burst=9 delay=1;
                            limit_req_dry_run on; try_files /none @end; }
        }
    """)
    compare(lab, pair, ["/both?a=1&b=1"] * 5 + ["/?a=1"] * 5 + ["/turned?a=2&b=2&c=2"] * 4 +
            ["/turned?a=2&b=22"] + ["/?a=2"] * 4 + ["/both?b=3"] * 4 + ["/both?a=4"] * 6 +
            ["/dry?a=5&b=5"] * 6 + ["/dry?a=6"] * 3 + ["/both"], 19)


def test_counts_once_whatever_locations_it_gets_to(lab):
    pair = lab.pair(LOG + """
        limit_req_zone $arg_k zone=a:1m rate=1r/m;
        limit_conn_zone $arg_k zone=c:1m;
        error_page 503 /busy;
        server { listen {host}:{port};
            location / { limit_req zone=a burst=3 nodelay; limit_conn c 1; try_files /none /inner?k=$arg_k; }
            location /inner { internal; limit_req zone=a burst=1 nodelay; limit_conn c 1;
                              try_files /none @end; }
            location @end { limit_req zone=a; return 200 x; }
            location /busy { limit_req zone=a; limit_conn c 1; try_files /none @busy; }
            location @busy { return 200 busy; }
        }
    """)
    compare(lab, pair, ["/?k=1"] * 6, 2, [200] * 4 + [503] * 2)


def test_keys_that_are_too_long_are_not_counted(lab):
    pair = lab.pair(LOG + """
        large_client_header_buffers 4 128k;
        limit_req_zone $arg_k$arg_k$arg_k zone=a:1m rate=1r/m;
        limit_conn_zone $arg_k zone=c:1m;
        server { listen {host}:{port}; location / { limit_req zone=a; limit_conn c 1; try_files /none @end; }
                 location @end { return 200 x; } }
    """)
    longest, longer = "x" * 21845, "x" * 21846
    statuses = pair.both(lambda address: ask_at_once(address, 1, f"/?k={longest}") * 1 +
                         ask_at_once(address, 1, f"/?k={longest}") +
                         ask_at_once(address, 1, f"/?k={longer}") +
                         ask_at_once(address, 1, f"/?k={longer}"))
    assert statuses == [[200, 503, 200, 200]] * 2
    for daemon in (pair.nginx, pair.rpcd):
        daemon.wait_for_text('the value of the "$arg_k$arg_k$arg_k" key is more than 65535 bytes: "x')
        daemon.wait_for_text('the value of the "$arg_k" key is more than 255 bytes: "x')


# --- waiting ---

WAITING = """
    limit_req_zone $arg_k zone=a:1m rate=10r/s;
    server { listen {host}:{port}; listen {host}:{h2} http2;
             location / { limit_req zone=a burst=3; proxy_pass http://127.0.0.1:{backend}; } }
"""


def test_some_wait_and_others_are_refused(lab):
    backend = lab.backend(answer(b"x"))
    pair = lab.pair(LOG + WAITING.replace("listen {host}:{h2} http2;", ""), backend=backend)

    def run(address):
        begun = time.monotonic()
        statuses = ask_at_once(address, 6, "/?k=1")
        return sorted(statuses), time.monotonic() - begun
    for statuses, seconds in pair.both(run):
        assert statuses == [200] * 4 + [503] * 2
        assert seconds > 0.28  # the last of those that waited
    for daemon in (pair.nginx, pair.rpcd):
        daemon.wait_for_line(6)
        kinds = sorted(line.split()[2] for line in daemon.lines())
        assert kinds == ["DELAYED"] * 3 + ["PASSED"] + ["REJECTED"] * 2
        assert [level for level, text in complaints(daemon, 5) if "delaying" in text] == ["warn"] * 3


def test_a_body_waits_with_its_request(lab):
    backend = lab.backend(replying(lambda request: answer(str(len(request.body)).encode())))
    lab.rpcd(LOG + WAITING.replace("listen {host}:{h2} http2;", ""), backend=backend)
    body = b"x" * 300000
    with Client(lab.port) as client:
        assert client.ask("/?k=1").status == 200
        reply = client.ask("/?k=1", method="POST", body=body)
        assert (reply.status, reply.body) == (200, b"300000")
        assert client.ask("/?k=1").status == 200


def test_time_for_a_body_does_not_run_while_the_request_waits(lab):
    backend = lab.backend(replying(lambda request: answer(request.body)))
    pair = lab.pair("""
        limit_req_zone $arg_k zone=a:1m rate=15r/m;
        client_body_timeout 1s;
        server { listen {host}:{port};
                 location / { limit_req zone=a burst=3; proxy_pass http://127.0.0.1:{backend}; } }
    """, backend=backend)

    def post(address):
        with Client(address) as client:
            assert client.ask("/?k=1").status == 200
            client.send(b"POST /?k=1 HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\n")
            readable, _, _ = select.select([client.socket], [], [], 1.5)  # of four that it waits
            assert not readable
            client.send(b"abc")
            return client.response().body
    assert pair.both(post) == [b"abc", b"abc"]


def test_a_client_that_leaves_while_it_waits_is_gone(lab):
    backend = lab.backend(answer(b"x"))
    http = LOG + """
        limit_req_zone $arg_k zone=a:1m rate=1r/m;
        server { listen {host}:{port};
                 location / { limit_req zone=a burst=3; proxy_pass http://127.0.0.1:{backend}; } }
    """
    pair = lab.pair(http, backend=backend)

    def leave(address):
        with Client(address) as client:
            assert client.ask("/?k=1").status == 200
        for body in (b"", b"Content-Length: 5\r\n"):
            with Client(address) as client:
                client.send(b"GET /?k=1 HTTP/1.1\r\nHost: x\r\n" + body + b"\r\n")
                daemon = pair.nginx if address[0] == "127.0.0.2" else pair.rpcd
                wait_until(lambda: daemon.text("error.log").count("delaying") == 1 + bool(body),
                           "that it waits")
    pair.both(leave)
    for daemon in (pair.nginx, pair.rpcd):
        daemon.wait_for_line(3)
        assert daemon.lines()[1:] == ["/?k=1 499 DELAYED -"] * 2
        daemon.wait_for_text("client prematurely closed connection")
    assert len(backend.requests) == 2


def test_streams_of_http2_wait_and_are_refused_one_by_one(lab):
    backend = lab.backend(answer(b"x"))
    h2 = lab.new_port()
    daemon = lab.rpcd(LOG + WAITING.replace("listen {host}:{h2} http2;", "listen {host}:{h2}; http2 on;"),
                      backend=backend, h2=h2)
    with Http2Client(("127.0.0.1", h2)) as client:
        streams = [client.request("/?k=1") for _ in range(6)]
        statuses = sorted(int(client.response(stream).status) for stream in streams)
        assert statuses == [200] * 4 + [503] * 2
        gone = client.request("/?k=1")
        wait_until(lambda: daemon.text("error.log").count("delaying") == 4, "a stream that waits")
        client.reset_stream(gone)
        daemon.wait_for_line(7)
        assert daemon.lines()[6] == "/?k=1 499 DELAYED -"


# --- workers and reloads ---

def test_workers_share_one_budget(lab):
    lab.rpcd("""
        limit_req_zone $binary_remote_addr zone=a:1m rate=1r/m;
        server { listen {port} reuseport;
                 location / { limit_req zone=a burst=50 nodelay; try_files /none @end; }
                 location @end { return 200 $pid; } }
    """, workers=2)
    statuses = [status for _ in range(4) for status in ask_at_once(("127.0.0.1", lab.port), 50)]
    assert statuses.count(200) == 51


ACCEPTANCE = """
    keepalive_requests 1000000;
    limit_req_zone $binary_remote_addr zone=api_limit:10m rate=10r/s;
    server { listen {host}:{port};
             location /api/ { limit_req zone=api_limit burst=20 nodelay; try_files /none @end; }
             location @end { return 200 x; } }
"""


def ask_until(address, passed):
    """Asks one request after the other until so many were let through."""
    with Client(address) as client:
        while passed > 0:
            passed -= client.ask("/api/x").status == 200


def test_a_burst_and_then_ten_a_second(lab):
    """The first acceptance of limits, with nginx beside, four workers, and a reload in between."""
    nginx = lab.nginx(ACCEPTANCE, level="crit")
    daemon = lab.rpcd(ACCEPTANCE, workers=4, level="crit")
    for address in (("127.0.0.2", lab.port), ("127.0.0.1", lab.port)):
        begun = time.monotonic()
        passed = ask_at_once(address, 100, "/api/x").count(200)
        # As many as in a moment, and what the time that it took is good for.
        assert 21 <= passed <= 21 + (time.monotonic() - begun) * 10
        if address[0] == "127.0.0.1":
            lab.reload(daemon, ACCEPTANCE, workers=4, level="crit")
        ask_until(address, 41 - passed)
        assert time.monotonic() - begun >= 1.99  # 20 of the 41 had to wait for their time
    assert nginx.is_alive() and daemon.is_alive()


def zone_site(zone="limit_req_zone $arg_k zone=a:1m rate=1r/m;", burst=3):
    return zone + """
        keepalive_requests 1000000;
        server { listen {host}:{port};
                 location / { limit_req zone=a burst=%d nodelay; try_files /none @end; }
                 location @end { return 200 x; } }
    """ % burst


@pytest.mark.parametrize("zone, burst, passed", [
    ("limit_req_zone $arg_k zone=a:1m rate=1r/m;", 3, 0),
    ("limit_req_zone $arg_k zone=a:1m rate=1r/m;", 5, 2),  # another limit, the same counts
    ("limit_req_zone $arg_k zone=a:1024k rate=2r/m;", 4, 1),
    ("limit_req_zone $arg_k zone=a:2m rate=1r/m;", 3, 4),
    ("limit_req_zone $arg_k$arg_l zone=a:1m rate=1r/m;", 3, 4),
])
def test_a_reload_keeps_what_was_counted(lab, zone, burst, passed):
    daemon = lab.rpcd(zone_site(), workers=2)
    address = ("127.0.0.1", lab.port)
    assert ask_at_once(address, 6, "/?k=1").count(200) == 4
    lab.reload(daemon, zone_site(zone, burst), workers=2)
    assert ask_at_once(address, 6, "/?k=1").count(200) == passed


def test_a_killed_worker_takes_no_counts_with_it(lab):
    daemon = lab.rpcd(zone_site(), workers=1)
    address = ("127.0.0.1", lab.port)
    assert ask_at_once(address, 6, "/?k=1").count(200) == 4
    daemon.expects_alerts = True
    worker = daemon.workers()[0]
    os.kill(worker, signal.SIGKILL)
    wait_until(lambda: daemon.workers() != [worker], "another worker")
    assert ask_at_once(address, 6, "/?k=1").count(200) == 0


def test_many_keys_push_out_those_that_nobody_uses(lab):
    lab.rpcd(zone_site("limit_req_zone $arg_k zone=a:32k rate=1r/m;", 1), level="crit")
    with Client(lab.port) as client:
        assert [client.ask("/?k=kept").status for _ in range(3)] == [200, 200, 503]
        for i in range(3000):
            assert client.ask(f"/?k={i}").status == 200
            if i % 200 == 0:
                assert client.ask("/?k=kept").status == 503
        assert client.ask("/?k=2999").status == 200
        assert client.ask("/?k=2999").status == 503
        assert [client.ask("/?k=0").status for _ in range(3)] == [200, 200, 503]  # anew


# --- limit_conn ---

CONNECTIONS = LOG + """
    limit_conn_zone $arg_k zone=c:1m;
    limit_conn_zone $server_name zone=all:1m;
    proxy_read_timeout 30s;
    server { listen {host}:{port} reuseport; server_name x; {settings}
             location / { limit_conn c 2; limit_conn all 3; proxy_pass http://127.0.0.1:{backend}; }
             location /free { return 200 x; } }
"""


class Holding:
    """A backend that answers when it is told to."""

    def __init__(self, lab):
        self.is_open = False
        self.backend = lab.backend(replying(lambda request: self.reply(request)))

    def reply(self, request):
        wait_until(lambda: self.is_open, "permission to answer", 30)
        return answer(b"x")


@pytest.mark.parametrize("settings", ["", "limit_conn_status 429; limit_conn_log_level warn;",
                                      "limit_conn_dry_run on;"])
def test_connections_as_nginx(lab, settings):
    pair_complaints = []
    for make in (lab.nginx, lab.rpcd):
        holding = Holding(lab)
        daemon = make(CONNECTIONS, backend=holding.backend, settings=settings)
        address = ("127.0.0.2" if make == lab.nginx else "127.0.0.1", lab.port)
        with clients(address, 7) as opened:
            for number, (client, target) in enumerate(
                    zip(opened, ["/?k=1", "/?k=1", "/?k=1", "/?k=2", "/?k=2", "/", "/free?k=1"])):
                client.send(f"GET {target} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
                known = lambda n=number: len(holding.backend.requests) + len(daemon.lines()) == n + 1
                wait_until(known, f"request {number}")
            holding.is_open = True
            statuses = [client.response().status for client in opened]
        daemon.wait_for_line(7)
        pair_complaints.append((statuses, sorted(daemon.lines()), complaints(daemon, 3)))
        with clients(address, 3) as opened:  # all was given back
            assert [client.ask("/?k=1").status for client in opened] == [200] * 3
        assert "REJECTED" in "".join(daemon.lines())
    assert pair_complaints[0] == pair_complaints[1]


def test_workers_count_connections_together(lab):
    """And what a killed worker had under way is no more."""
    holding = Holding(lab)
    daemon = lab.rpcd(CONNECTIONS.replace("limit_conn c 2", "limit_conn c 3"), workers=2,
                      backend=holding.backend, settings="")
    daemon.expects_alerts = True
    address = ("127.0.0.1", lab.port)
    with clients(address, 3) as opened:
        for client in opened:
            client.send(b"GET /?k=1 HTTP/1.1\r\nHost: x\r\n\r\n")
        holding.backend.wait_for(3)
        assert ask_at_once(address, 10, "/?k=1") == [503] * 10
        killed = daemon.workers()
        for worker in killed:
            os.kill(worker, signal.SIGKILL)
        wait_until(lambda: not set(daemon.workers()) & set(killed), "other workers")
        holding.is_open = True
        assert sorted(ask_at_once(address, 1, "/?k=1")) == [200]
        for _ in range(5):
            assert ask_at_once(address, 1, "/?k=1") == [200]


def test_connections_are_given_back_however_they_end(lab):
    replies = {"/none": b"", "/garbled": b"nonsense\r\n\r\n",
               "/short": b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nx"}

    def reply_and_close(connection):
        target = connection.request().target.split("?")[0]
        connection.send(replies.get(target, answer(b"x")))
    backend = lab.backend(reply_and_close)
    daemon = lab.rpcd(LOG + """
        limit_conn_zone $arg_k zone=c:32k;
        server { listen {port}; listen {h2}; http2 on;
                 location / { limit_conn c 1; proxy_pass http://127.0.0.1:{backend}; }
                 location /refused { limit_conn c 1; proxy_pass http://127.0.0.1:1; }
                 location /closed { limit_conn c 1; deny all; error_page 403 =444 /x; } }
    """, backend=backend, h2=lab.new_port(), level="crit")
    for target in ("/", "/none", "/garbled", "/short", "/refused", "/closed"):
        for _ in range(3):
            with contextlib.suppress(Exception), Client(lab.port) as client:
                client.ask(f"{target}?k=1")
    daemon.wait_for_line(18)
    assert "REJECTED" not in daemon.text("access.log")
    assert ask_at_once(("127.0.0.1", lab.port), 1, "/?k=1") == [200]


def test_streams_of_http2_count_each(lab):
    holding = Holding(lab)
    h2 = lab.new_port()
    daemon = lab.rpcd(CONNECTIONS.replace("reuseport;", "; listen {h2}; http2 on;"), settings="",
                      backend=holding.backend, h2=h2)
    with Http2Client(("127.0.0.1", h2)) as client:
        streams = [client.request("/?k=1", authority="x") for _ in range(4)]
        daemon.wait_for_line(2)
        holding.is_open = True
        assert sorted(int(client.response(stream).status) for stream in streams) == \
            [200, 200, 503, 503]
        daemon.wait_for_line(4)
        assert int(client.ask("/?k=1", authority="x").status) == 200
