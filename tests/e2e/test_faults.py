"""Backends that fail in every way there is, beside sound ones: what the client gets, whether the
fault counts against the peer (then the other one takes over), and that nobody else gets a wrong
byte. nginx under the same configuration is the reference where it is as strict."""

import concurrent.futures
import itertools
import os
import pathlib
import random
import signal
import subprocess
import sys
import threading
import time

import pytest

from lab import Client, wait_until
from lab.faults import FAULTS, FaultyBackend, FullBacklog, checked
from lab.http import Incomplete, accepts

CUT = "cut"  # an unmistakably incomplete response

# What a client gets who is given no other backend, and whether the peer has failed by that.
EXPECTED = {
    "silence": (504, True),
    "close-at-once": (502, True),
    "reset-at-once": (502, True),
    "half-head": (504, True),
    "half-head-close": (502, True),
    "half-head-reset": (502, True),
    "half-body": (CUT, False),
    "half-body-close": (CUT, False),
    "half-body-reset": (CUT, False),
    "half-chunk-close": (CUT, False),
    "no-last-chunk": (CUT, False),
    "garbage-chunks": (CUT, False),
    "too-long-chunk": (CUT, False),
    "more-than-length": (200, False),
    "more-than-length-later": (200, False),
    "length-and-chunks": (502, True),
    "two-lengths": (502, True),
    "huge-head": (502, True),
    "no-head": (502, True),
    "slow-drip": (200, False),
    "slow-head": (504, True),
    "too-slow-drip": (CUT, False),
    "closed-on-reuse": (200, False),
    "no-accept": (504, True),
    "reset-on-accept": (502, True),
    "refused": (502, True),
}

# Debian's nginx passes these on: it believes one length of two, and a status line without a status.
LAXER = {"length-and-chunks", "two-lengths", "no-head"}
# It holds it against a peer that it closed a connection that was kept, too.
STRICTER = {"closed-on-reuse"}

WAYS = {"alone": "proxy_next_upstream off;", "helped": "proxy_next_upstream error timeout invalid_header;"}

SETTINGS = """
keepalive_requests 1000000;
proxy_http_version 1.1; proxy_set_header Connection "";
proxy_connect_timeout 700ms; proxy_read_timeout 700ms; proxy_send_timeout 700ms;
"""


@pytest.fixture(scope="module")
def pair(shared_lab):
    lab = shared_lab
    faulty, resetting = FaultyBackend("faulty").start(), FaultyBackend("resetting").start()
    sound, full = FaultyBackend("sound", False).start(), FullBacklog()
    resetting.resets_on_accept = True
    ports = {"no-accept": full.port, "reset-on-accept": resetting.port, "refused": lab.new_port()}
    upstreams = locations = ""
    for (way, text), name in itertools.product(WAYS.items(), EXPECTED):
        upstreams += (f"upstream {way}-{name} {{ server 127.0.0.1:{ports.get(name, faulty.port)} "
                      f"max_fails=1 fail_timeout=60s; server 127.0.0.1:{sound.port}; keepalive 4; }}\n")
        locations += f"location /{way}-{name}/ {{ {text} proxy_pass http://{way}-{name}/; }}\n"
    upstreams += (f"upstream mixed {{ server 127.0.0.1:{faulty.port} max_fails=0; keepalive 16; }}\n")
    locations += ("location /mixed/ { proxy_next_upstream off; proxy_pass http://mixed/; }\n"
                  "location /mixed/sum/ { proxy_read_timeout 20s; proxy_pass http://mixed/sum/; }\n"
                  "location /mixed-helped/ { proxy_pass http://mixed/; }\n")
    yield lab.pair(SETTINGS + upstreams + "server { listen {host}:{port};\n" + locations + "}",
                   events="worker_connections 2048;")
    for backend in (faulty, resetting, sound, full):
        backend.close()


def ask(address, target):
    """Status and body; CUT for a response that broke off."""
    with Client(address) as client:
        try:
            response = client.ask(target)
            return response.status, response.body if response.status == 200 else b""
        except (Incomplete, ConnectionResetError):
            return CUT, b""


def play(address, way, name):
    """The fault, then who answers from now on."""
    told, body = ask(address, f"/{way}-{name}/fault/{name}")
    time.sleep(0.1 if name == "more-than-length-later" else 0)
    return told, body, {ask(address, f"/{way}-{name}/who")[1] for _ in range(4)} - {b""}


def test_every_fault_is_expected():
    assert set(FAULTS) <= set(EXPECTED)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", EXPECTED)
def test_fault(pair, name, way):
    status, counts = EXPECTED[name]
    is_passed_on = way == "helped" and counts
    told, body, others = play(("127.0.0.1", pair.lab.port), way, name)
    assert told == (200 if is_passed_on else status)
    if told == 200:
        assert body == (b"sound" if is_passed_on else b"whole")
    assert others == ({b"sound"} if counts else {b"faulty", b"sound"})
    if name not in LAXER | STRICTER:
        assert play(("127.0.0.2", pair.lab.port), way, name) == (told, body, others)


def test_a_fault_is_nobody_else_s(pair):
    """All faults at once, beside bodies with checksums from the same backend through the same pool."""
    address = ("127.0.0.1", pair.lab.port)
    is_over = threading.Event()

    def load(seed):
        chance = random.Random(seed)
        count = 0
        with Client(address) as client:
            while not is_over.is_set():
                size = int(2 ** chance.uniform(0, 19))
                response = client.ask(f"/mixed/sum/{size}")
                assert response.status == 200 and len(response.body) == size and checked(response)
                count += 1
        return count

    def break_things(seed):
        chance = random.Random(seed)
        # The others are for whoever uses a connection next, not for who sees it first.
        names = sorted(FAULTS.keys() - {"closed-on-reuse", "more-than-length-later"})
        while not is_over.is_set():
            name = chance.choice(names)
            assert ask(address, f"/mixed/fault/{name}")[0] == EXPECTED[name][0]

    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        loads = [pool.submit(load, number) for number in range(4)]
        breakers = [pool.submit(break_things, number) for number in range(8)]
        time.sleep(4)
        is_over.set()
        for breaker in breakers:
            breaker.result()
        assert sum(result.result() for result in loads) > 100


def test_bytes_behind_an_answer_are_never_the_next_one(pair):
    """The connection that they came on serves nobody any more."""
    with Client(("127.0.0.1", pair.lab.port)) as client:
        for name, pause in (("more-than-length", 0), ("more-than-length-later", 0.1)):
            for _ in range(10):
                assert client.ask(f"/mixed/fault/{name}").body == b"whole"
                time.sleep(pause)
                assert client.ask("/mixed/who").body == b"faulty"


def test_a_kept_connection_that_ends_as_it_is_used_again(pair):
    """Nobody notices where a repetition does no harm; where it may, it is for the client to decide."""
    with Client(("127.0.0.1", pair.lab.port)) as client:
        for _ in range(20):
            assert client.ask("/mixed-helped/fault/closed-on-reuse").status == 200
        assert client.ask("/mixed-helped/who").body == b"faulty"
        assert client.ask("/mixed-helped/fault/closed-on-reuse").status == 200
        assert client.ask("/mixed-helped/who", method="POST", body=b"once").status == 502
        assert client.ask("/mixed-helped/fault/closed-on-reuse").status == 200
        assert client.ask("/mixed/who").status == 502


class Killed:
    """A backend of its own process, which ends when a test wants it to."""

    def __init__(self, port, name):
        self.port, self.name = port, name
        self.start()

    def start(self):
        program = pathlib.Path(__file__).parent / "lab" / "faults.py"
        self.process = subprocess.Popen([sys.executable, program, str(self.port), self.name])

    def restart(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        self.start()

    def close(self):
        self.process.kill()
        self.process.wait()


def test_backends_that_are_killed_and_restarted_under_load(lab):
    """One of three every second: no client sees an error for what can be asked again."""
    backends = [Killed(lab.new_port(), f"backend{number}") for number in range(3)]
    seconds = float(os.environ.get("RPC_KILL_SECONDS", "10"))
    is_over = threading.Event()
    try:
        for backend in backends:
            wait_until(lambda: accepts(backend.port), "a backend")
        servers = " ".join(f"server 127.0.0.1:{backend.port};" for backend in backends)
        lab.rpcd("upstream app { %s }" % servers + """
            server { listen {port}; keepalive_requests 1000000; location / { proxy_read_timeout 5s; proxy_pass http://app/; } }
        """, workers=2)

        def load(seed):
            chance, asked = random.Random(seed), 0
            with Client(lab.port) as client:
                while not is_over.is_set():
                    response = client.ask(f"/sum/{chance.randrange(1, 2000)}",
                                          method=chance.choice(["GET", "PUT"]), body=b"b" * 100)
                    assert response.status == 200 and checked(response)
                    asked += 1
            return asked

        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            loads = [pool.submit(load, number) for number in range(8)]
            deadline = time.monotonic() + seconds
            for victim in itertools.cycle(backends):
                if time.monotonic() > deadline or any(result.done() for result in loads):
                    break
                victim.restart()
                time.sleep(1)
            is_over.set()
            assert sum(result.result() for result in loads) > 100
    finally:
        is_over.set()
        for backend in backends:
            backend.close()
