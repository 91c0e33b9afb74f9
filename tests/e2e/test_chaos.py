"""Clients and backends that misbehave at random, all at once. Whatever happens, no byte of one
exchange reaches another, no worker dies, and nothing is left over."""

import os
import random
import threading
import time

from lab import Client, Incomplete
from lab.http import request_bytes

SITE = """
upstream group { server 127.0.0.1:{backend}; server 127.0.0.1:{backend} weight=2; keepalive 4; }
server { listen {port}; client_body_buffer_size 4k; client_max_body_size 1m;
         proxy_read_timeout 300ms; proxy_send_timeout 300ms; client_body_timeout 400ms;
         send_timeout 400ms;
         location / { proxy_pass http://group; }
         location /own { return 200 "own"; } }
"""

CLIENTS = 12
ROUNDS = 40


def tagged(tag, size):
    """A body that says whose it is in every part."""
    return (f"<{tag}>".encode() * (size // (len(tag) + 2) + 1))[:size]


def framed(body, how, dice):
    if how == "length":
        return b"Content-Length: %d\r\n\r\n" % len(body) + body
    if how == "close":
        return b"Connection: close\r\n\r\n" + body
    chunks, begin = [], 0
    while begin < len(body):
        size = dice.randint(1, max(1, len(body) // 3))
        part = body[begin:begin + size]
        chunks.append(b"%x\r\n" % len(part) + part + b"\r\n")
        begin += size
    return b"Transfer-Encoding: chunked\r\n\r\n" + b"".join(chunks) + b"0\r\n\r\n"


def misbehave(connection):
    """Answers each request by the tag in its path, sometimes wrongly, late or not at all."""
    dice = random.Random()
    while True:
        deed = dice.choice(["answer"] * 12 + ["early", "garbage", "half head", "cut", "close", "reset",
                                              "silence", "interim", "too much", "slow"])
        request = connection.head()
        if request is None:
            return
        if deed != "early":
            connection.body_of(request)
        tag = request.target.split("/")[1]
        how = dice.choice(["length", "chunked", "close"])
        body = tagged(tag, dice.choice([0, 1, 100, 5000, 70000, 300000]))
        message = b"HTTP/1.1 200 OK\r\nX-Tag: %s\r\n" % tag.encode() + framed(body, how, dice)
        if deed == "garbage":
            connection.send(bytes(dice.randrange(256) for _ in range(200)))
            return
        if deed in ("close", "silence"):
            time.sleep(0.5 if deed == "silence" else 0)
            return
        if deed == "reset":
            connection.reset()
            return
        if deed in ("half head", "cut"):
            connection.send(message[:20 if deed == "half head" else len(message) * 2 // 3])
            return
        if deed == "interim":
            message = b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" + message
        if deed == "too much" and how != "close":
            message += b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nstolen"
        connection.send(message, piece=dice.choice([7, 1000]) if deed == "slow" and len(body) < 6000
                        else None)
        if how == "close" or deed in ("early", "too much"):
            return


def check(response, tag):
    if response.status == 200 and response.body != b"own":
        assert response.get("X-Tag") == tag
        assert response.body == tagged(tag, len(response.body))
    else:
        assert response.status in (200, 400, 408, 413, 502, 504), response.start


def play(lab, seed, failures):
    dice = random.Random(seed)
    client = None
    for number in range(ROUNDS):
        tag = f"c{seed}n{number}"
        path = dice.choice([f"/{tag}/x"] * 5 + ["/own"])
        body = b"b" * dice.choice([0, 0, 10, 5000, 200000])
        deed = dice.choice(["ask"] * 8 + ["leave", "reset", "part", "slow", "pipeline", "chunked"])
        try:
            client = client or Client(lab.port)
            data = request_bytes(method="POST" if body else "GET", target=path, body=body or None)
            if deed == "chunked":
                data = request_bytes(method="POST", target=path, headers=[("Transfer-Encoding", "chunked")])
                data += b"%x\r\n" % (len(body) + 1) + body + b"z\r\n0\r\n\r\n"
            if deed == "part":
                data = data[:dice.randint(1, len(data))]
            if deed == "pipeline":
                data += request_bytes(target=f"/{tag}/y")
            client.send(data, piece=13 if deed == "slow" and len(data) < 2000 else None)
            if deed in ("leave", "reset", "part"):
                client.reset() if deed == "reset" else client.close()
                client = None
                continue
            for _ in range(2 if deed == "pipeline" else 1):
                response = client.response()
                while response.status == 103:
                    response = client.response()
                check(response, tag)
            if response.get("Connection") == "close":
                client.close()
                client = None
        except (Incomplete, OSError):
            client = None  # A broken backend breaks the response off, and that can be seen.
        except AssertionError as error:
            failures.append(f"{tag} {deed} {path}: {error}")
            client = None
    if client:
        client.close()


def test_chaos(lab):
    backend = lab.backend(misbehave)
    daemon = lab.rpcd(SITE, workers=2, backend=backend, level="crit")
    worker_pids = daemon.workers()
    failures = []
    first = int(os.environ.get("CHAOS_SEED", "1")) * 1000
    threads = [threading.Thread(target=play, args=(lab, first + number, failures))
               for number in range(CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert daemon.workers() == worker_pids
    with Client(lab.port) as client:
        assert client.ask(target="/own").body == b"own"
