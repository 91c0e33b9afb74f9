"""What is known of a peer: by all workers together, over reloads and the end of workers."""

import os
import signal
import threading
import time

from lab import Client, answer, ask, wait_until
from lab.http import Response

SITE = """
upstream group { server 127.0.0.1:{first}; server 127.0.0.1:{second}; {extra} }
server { listen {port}; location / { proxy_pass http://group; } }
"""


def closing(connection):
    """Reads a request and closes without an answer."""
    connection.request()


def waiting_for(semaphore):
    """A backend that answers as often as it is let."""
    def handler(connection):
        while connection.request():
            semaphore.acquire()
            connection.send(answer(b"a"))
    return handler


def ask_often(port, count):
    """Each request on a connection of its own, so that they spread over the workers."""
    return [ask(port).body for _ in range(count)]


def test_the_sequence_is_one_for_all_workers(lab):
    first, second = (lab.backend(answer(name)) for name in (b"a", b"b"))
    lab.rpcd(SITE, workers=4, first=first, second=second, extra="")
    bodies = ask_often(lab.port, 60)
    assert bodies == [b"a", b"b"] * 30


def test_a_failure_counts_for_all_workers_over_reloads_and_ends_of_workers(lab):
    first, second = lab.backend(closing), lab.backend(answer(b"b"))
    values = {"first": first, "second": second, "workers": 4}
    daemon = lab.rpcd(SITE, extra="", **values)
    daemon.expects_alerts = True
    assert ask_often(lab.port, 40) == [b"b"] * 40
    assert len(first.requests) == 1
    lab.reload(daemon, SITE, extra="keepalive 4;", **values)
    assert ask_often(lab.port, 40) == [b"b"] * 40
    for worker in daemon.workers():
        os.kill(worker, signal.SIGKILL)
        wait_until(lambda: worker not in daemon.workers(), "another worker")
    assert ask_often(lab.port, 40) == [b"b"] * 40
    assert len(first.requests) == 1


def test_when_all_are_out_of_use_all_get_another_chance(lab):
    is_up = threading.Event()

    def sometimes(connection):
        while connection.request() and is_up.is_set():
            connection.send(answer(b"up"))

    first, second = lab.backend(sometimes), lab.backend(sometimes)
    lab.rpcd(SITE, first=first, second=second, extra="")
    assert ask(lab.port).status == 502
    assert ask(lab.port).status == 502
    is_up.set()
    with Client(lab.port) as client:
        assert [client.ask().body for _ in range(6)] == [b"up"] * 6


def test_max_conns_is_exact_for_all_workers(lab):
    """Four workers together never have more attempts under way than a peer may have; a worker that
    is killed leaves none behind."""
    lock, busy, most = threading.Lock(), [0], [0]

    def counting(connection):
        while connection.request():
            with lock:
                busy[0] += 1
                most[0] = max(most[0], busy[0])
            time.sleep(0.01)
            with lock:
                busy[0] -= 1
            connection.send(answer(b"limited"))

    limited, other = lab.backend(counting), lab.backend(answer(b"other"))
    http = SITE.replace("{first};", "{first} max_conns=3 weight=100;")
    daemon = lab.rpcd(http, workers=4, first=limited, second=other, extra="")
    daemon.expects_alerts = True

    def ask_many():
        for _ in range(30):
            ask(lab.port)

    def run():
        most[0] = 0
        threads = [threading.Thread(target=ask_many) for _ in range(12)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return most[0]

    assert run() == 3
    with Client(lab.port) as client:
        client.send(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        for worker in daemon.workers():
            os.kill(worker, signal.SIGKILL)
            wait_until(lambda: worker not in daemon.workers(), "another worker")
    wait_until(lambda: busy[0] == 0, "the end of the last attempt")
    assert run() == 3
    assert ask(lab.port).body == b"limited"


def test_lines_that_say_the_same_are_peers_of_their_own_after_a_reload(lab):
    """One that was there already does not stand for both."""
    busy = threading.Semaphore(0)
    first = lab.backend(waiting_for(busy))
    second = lab.backend(answer(b"b"))
    lines = SITE.replace("{first};", "{first} max_conns=1;")
    daemon = lab.rpcd(lines, first=first, second=second, extra="")
    busy.release()
    ask_often(lab.port, 2)
    again = lines.replace("server 127.0.0.1:{second};", "server 127.0.0.1:{first} max_conns=1;")
    lab.reload(daemon, again, first=first, second=second, extra="")
    clients = [lab.client() for _ in range(2)]
    for client in clients:
        client.send(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
    first.wait_for(3)
    assert ask(lab.port).status == 502
    for _ in clients:
        busy.release()
    assert [client.response().body for client in clients] == [b"a", b"a"]


def test_what_is_under_way_counts_over_a_reload(lab):
    """A request that began with the table before takes one of the places that a peer has."""
    free = threading.Semaphore(0)
    first, second = lab.backend(waiting_for(free)), lab.backend(answer(b"b"))
    http = SITE.replace("{first};", "{first} max_conns=2 weight=100;")
    values = {"first": first, "second": second, "workers": 3}
    daemon = lab.rpcd(http, extra="", **values)
    clients = [lab.client() for _ in range(2)]
    clients[0].send(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
    first.wait_for(1)
    lab.reload(daemon, http, extra="keepalive 4;", **values)
    clients[1].send(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
    first.wait_for(2)
    assert ask_often(lab.port, 8) == [b"b"] * 8
    free.release(2)
    assert [client.response().body for client in clients] == [b"a", b"a"]
    free.release(1)
    assert ask(lab.port).body == b"a"


def test_backups_answer_when_the_others_are_out_of_use(lab):
    first, second = lab.backend(closing), lab.backend(answer(b"backup"))
    http = SITE.replace("{second};", "{second} backup;")
    lab.rpcd(http, first=first, second=second, extra="")
    assert ask_often(lab.port, 5) == [b"backup"] * 5
    assert len(first.requests) == 1


def test_max_fails_and_fail_timeout(lab):
    first, second = lab.backend(closing), lab.backend(answer(b"b"))
    http = SITE.replace("{first};", "{first} max_fails=3 fail_timeout=1s;")
    lab.rpcd(http, first=first, second=second, extra="")
    assert ask_often(lab.port, 20) == [b"b"] * 20
    assert len(first.requests) == 3
    wait_until(lambda: ask(lab.port).body == b"b" and len(first.requests) == 4, "another chance")


def test_a_peer_that_comes_back_starts_slowly(lab):
    """Its share of the requests grows with time, for all workers together."""
    is_up = threading.Event()

    def sometimes(connection):
        while connection.request() and is_up.is_set():
            connection.send(answer(b"a"))

    first, second = lab.backend(sometimes), lab.backend(answer(b"b"))
    http = SITE.replace("{first};", "{first} fail_timeout=1s slow_start=6s;")
    lab.rpcd(http, workers=2, first=first, second=second, extra="")
    assert ask_often(lab.port, 4) == [b"b"] * 4
    is_up.set()
    wait_until(lambda: ask(lab.port).body == b"a", "its chance")
    begin = time.monotonic()

    def share():
        return ask_often(lab.port, 60).count(b"a")

    first_share = share()
    assert time.monotonic() - begin > 1.5 or first_share <= 15
    wait_until(lambda: time.monotonic() - begin > 6.5, "the end of its slow start", 10)
    assert share() == 30


def test_a_client_that_leaves_an_answer_shows_that_the_peer_is_back(lab):
    """As in nginx: what counts is that the peer answered, not whether the client heard it all."""
    is_up = threading.Event()

    def endless(connection):
        if connection.request() and is_up.is_set():
            connection.send(b"HTTP/1.1 200 OK\r\nX-Peer: a\r\n\r\n" + b"a" * 100)
            connection.socket.recv(1)

    first, second = lab.backend(endless), lab.backend(answer(b"b"))
    http = SITE.replace("{first};", "{first} fail_timeout=1s;")
    lab.rpcd(http, first=first, second=second, extra="")
    assert ask_often(lab.port, 5) == [b"b"] * 5
    is_up.set()
    time.sleep(1.1)

    def is_asked():
        with Client(lab.port) as client:
            client.send(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            return client.read_head(Response).get("X-Peer") == "a"

    wait_until(is_asked, "the chance that the peer gets")
    wait_until(lambda: first.connections[-1].socket.fileno() < 0, "the end of that request")
    assert is_asked() or is_asked()


def test_no_peer_is_asked_twice_however_many_there_are(lab):
    """More peers than anybody needs, all of them out of order but the one that is hardly chosen."""
    dead = "".join(f"server 127.0.0.1:{lab.new_port()} max_fails=0 weight=1000;" for _ in range(66))
    live = lab.backend(answer(b"live"))
    lab.rpcd("upstream group { " + dead + """ server 127.0.0.1:{live}; }
        server { listen {port}; location / { proxy_pass http://group; } }""", live=live)
    assert ask(lab.port).body == b"live"


def test_without_max_fails_failures_do_not_matter(lab):
    first, second = lab.backend(closing), lab.backend(answer(b"b"))
    http = SITE.replace("{first};", "{first} max_fails=0;")
    lab.rpcd(http, first=first, second=second, extra="")
    assert ask_often(lab.port, 10) == [b"b"] * 10
    assert len(first.requests) >= 5
