"""What is known of a peer: by all workers together, over reloads and the end of workers."""

import os
import signal
import threading

from lab import Client, answer, ask, wait_until

SITE = """
upstream group { server 127.0.0.1:{first}; server 127.0.0.1:{second}; {extra} }
server { listen {port}; location / { proxy_pass http://group; } }
"""


def closing(connection):
    """Reads a request and closes without an answer."""
    connection.request()


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
