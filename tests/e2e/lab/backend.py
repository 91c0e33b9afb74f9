"""Backends that do as they are told, byte for byte, and remember what reached them."""

import socket
import threading

from lab.http import Incomplete, Request, Wire
from lab.wait import wait_until


def answer(body=b"ok", status="200 OK", headers=()):
    """A response of that body with its Content-Length."""
    lines = [f"HTTP/1.1 {status}"] + [f"{name}: {value}" for name, value in headers]
    lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body


class Connection(Wire):
    """The backend's end of one connection from the proxy."""

    def __init__(self, backend, accepted):
        super().__init__(accepted)
        self.backend = backend
        self.asked_name = None  # by SNI
        self.is_resumed = False

    def secure(self, context):
        """The handshake, as its server."""
        def remember(secured, name, _):
            secured.asked_name = name

        context.sni_callback = remember
        try:
            self.socket = context.wrap_socket(self.socket, server_side=True)
        except OSError as error:
            self.backend.failed.append(error)
            raise
        self.asked_name = getattr(self.socket, "asked_name", None)
        self.is_resumed = self.socket.session_reused

    def finish(self):
        """Says by TLS that it is the end, and closes."""
        try:
            self.socket.unwrap()
        except OSError:
            pass
        self.close()

    def head(self):
        """The next request, its body not yet read; None at the end of the connection."""
        try:
            request = self.read_head(Request)
        except (Incomplete, OSError):
            return None
        self.backend.record(request)
        return request

    def body_of(self, request):
        if "chunked" in request.get("Transfer-Encoding", "").lower():
            request.framing = "chunked"
            request.body = self.read_chunked()
        elif request.get("Content-Length") is not None:
            request.framing = "length"
            request.body = self.read_exactly(int(request.get("Content-Length")))
        else:
            request.framing = "none"
        return request.body

    def request(self):
        """The next request with its body; None at the end of the connection."""
        request = self.head()
        if request is not None:
            self.body_of(request)
        return request


def serve(reply):
    """A handler that gives every request the same reply: bytes, or a function of the request."""
    def handler(connection):
        while (request := connection.request()) is not None:
            data = reply(request) if callable(reply) else reply
            if request.method == "HEAD":
                data = data[:data.index(b"\r\n\r\n") + 4]
            connection.send(data)
    return handler


class Backend:
    """Accepts on a socket of its own and runs `handler` on every connection, in a thread each.

    `handler` is a function of a Connection, or a reply as `serve` takes it. When it returns the
    connection is closed. With `tls`, an ssl.SSLContext, connections speak that, and the handshakes
    that failed are in `failed`."""

    def __init__(self, handler=None, address=("127.0.0.1", 0), backlog=128, timeout=20.0,
                 tls=None):
        self.tls = tls
        self.failed = []
        if handler is None:
            handler = answer()
        self.handler = handler if _is_handler(handler) else serve(handler)
        self.requests = []
        self.connections = []
        self.timeout = timeout
        self.lock = threading.Lock()
        self.socket = _listen(address, backlog)
        self.address = self.socket.getsockname()
        self.thread = threading.Thread(target=self._accept, daemon=True)
        self.thread.start()

    @property
    def port(self):
        return self.address[1]

    def record(self, request):
        with self.lock:
            self.requests.append(request)

    def _accept(self):
        while True:
            try:
                accepted, _ = self.socket.accept()
            except OSError:
                return
            connection = Connection(self, accepted)
            connection.socket.settimeout(self.timeout)
            with self.lock:
                self.connections.append(connection)
            threading.Thread(target=self._run, args=(connection,), daemon=True).start()

    def _run(self, connection):
        try:
            if self.tls:
                connection.secure(self.tls)
            self.handler(connection)
        except (Incomplete, OSError):
            pass  # The proxy went away, which is its right; what the test saw decides.
        finally:
            connection.close()

    def wait_for(self, count, seconds=10.0):
        """Waits until that many requests have arrived, and returns the last."""
        wait_until(lambda: len(self.requests) >= count, f"request {count} at the backend", seconds)
        return self.requests[count - 1]

    @property
    def last(self):
        return self.requests[-1]

    def close(self):
        try:
            self.socket.shutdown(socket.SHUT_RDWR)  # wakes who waits in accept
        except OSError:
            pass
        self.socket.close()
        for connection in self.connections:
            connection.close()


def _is_handler(value):
    """A handler takes a connection; a reply is bytes, or a function marked by `replying`."""
    return callable(value) and not getattr(value, "is_reply", False)


def replying(function):
    """Marks a function of a request as a reply, so that Backend serves it."""
    function.is_reply = True
    return function


def _listen(address, backlog):
    if isinstance(address, str):
        family = socket.AF_UNIX
    else:
        family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    if family != socket.AF_UNIX:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listening.bind(address)
    listening.listen(backlog)
    return listening
