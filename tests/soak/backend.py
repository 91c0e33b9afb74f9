"""One backend of the soak, a process of its own so that it can be killed: bodies with a checksum,
checksums of bodies, faults on demand. `backend.py PORT [CERTIFICATE KEY]` listens on 127.0.0.1, with
a certificate for TLS."""

import hashlib
import pathlib
import random
import ssl
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))

from lab.backend import Backend, answer  # noqa: E402
from lab.http import chunked  # noqa: E402

PIECE = 50_000
FAULTS = ["close", "reset", "half head", "cut", "garbage", "too much", "interim", "silence", "early"]


def tagged(tag, size):
    """A body that says whose it is in every part."""
    mark = f"<{tag}>".encode()
    return (mark * (size // len(mark) + 1))[:size]


def digest(body):
    return hashlib.sha256(body).hexdigest()


def body_response(tag, size, framing):
    body = tagged(tag, size)
    head = f"HTTP/1.1 200 OK\r\nX-Tag: {tag}\r\nX-Digest: {digest(body)}\r\n".encode()
    if framing == "chunked":
        pieces = [body[begin:begin + PIECE] for begin in range(0, size, PIECE)]
        return head + b"Transfer-Encoding: chunked\r\n\r\n" + chunked(*pieces)
    return head + b"Content-Length: %d\r\n\r\n" % size + body


def give_body(connection, request, tag, size, framing):
    connection.body_of(request)
    connection.send(body_response(tag, int(size), framing))
    return True


def give_digest(connection, request, tag):
    body = connection.body_of(request)
    connection.send(answer(digest(body).encode(), headers=[("X-Tag", tag)]))
    return True


def misbehave(connection, request, tag, size):
    """Answers wrongly, or not at all, and ends the connection."""
    fault = random.choice(FAULTS)
    message = body_response(tag, int(size), random.choice(["length", "chunked"]))
    if fault != "early":
        connection.body_of(request)
    if fault == "reset":
        connection.reset()
    elif fault == "silence":
        time.sleep(1)
    elif fault == "garbage":
        connection.send(random.randbytes(300))
    elif fault != "close":
        stolen = b"HTTP/1.1 200 OK\r\nX-Tag: stolen\r\nContent-Length: 6\r\n\r\nstolen"
        connection.send({
            "half head": message[:20],
            "cut": message[:len(message) * 2 // 3],
            "too much": message + stolen,
            "interim": b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" + message,
            "early": message,
        }[fault])
    return False


ANSWERS = {"body": give_body, "digest": give_digest, "fault": misbehave, "health": None}


def handle(connection):
    while (request := connection.head()) is not None:
        connection.backend.requests.clear()  # it lives for long
        what, *words = request.target.partition("?")[0].strip("/").split("/")
        if what == "health":
            connection.send(answer(b"fine"))
        elif not ANSWERS[what](connection, request, *words):
            return


def main():
    tls = None
    if len(sys.argv) == 4:
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(sys.argv[2], sys.argv[3])
    Backend(handle, ("127.0.0.1", int(sys.argv[1])), backlog=1024, timeout=60, tls=tls)
    threading.Event().wait()


if __name__ == "__main__":
    main()
