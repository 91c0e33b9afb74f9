"""HTTP/1 as bytes: a reader that takes messages apart, and a client that sends what it is told.

Nothing here is helpful: what a test sends goes out as it is, and what comes back must be a whole
message or the reader says what is missing."""

import dataclasses
import socket
import ssl
import struct
import time


class Incomplete(Exception):
    """The other side closed in the middle of a message; `received` is what there was of it."""

    def __init__(self, message, received=b""):
        super().__init__(f"{message}; received {received[:200]!r}")
        self.received = received


@dataclasses.dataclass
class Message:
    start: str
    headers: list  # (name, value) in order, as received
    head: bytes    # everything up to and including the empty line
    body: bytes = b""
    framing: str = ""  # none, length, chunked or close

    def all(self, name):
        return [value for key, value in self.headers if key.lower() == name.lower()]

    def get(self, name, default=None):
        values = self.all(name)
        return values[0] if values else default

    def names(self):
        return [name.lower() for name, _ in self.headers]


class Request(Message):
    @property
    def method(self):
        return self.start.split(" ")[0]

    @property
    def target(self):
        return self.start.split(" ")[1]

    @property
    def version(self):
        return self.start.split(" ")[2]


class Response(Message):
    @property
    def status(self):
        return int(self.start.split(" ")[1])

    @property
    def reason(self):
        return self.start.split(" ", 2)[2]

    @property
    def version(self):
        return self.start.split(" ")[0]


class Wire:
    """One end of a connection: sends bytes, reads messages, remembers all that was received."""

    def __init__(self, connected, timeout=20.0):
        self.socket = connected
        self.socket.settimeout(timeout)
        self.buffer = b""
        self.received = b""

    def send(self, data, piece=None, pause=0.0):
        """Sends it all; with `piece`, in pieces of that size, each in a packet of its own."""
        if isinstance(data, str):
            data = data.encode("latin-1")
        if not piece:
            self.socket.sendall(data)
            return
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for begin in range(0, len(data), piece):
            self.socket.sendall(data[begin:begin + piece])
            time.sleep(pause)

    def fill(self):
        """Reads once into the buffer; False at the end."""
        data = self.socket.recv(65536)
        self.buffer += data
        self.received += data
        return bool(data)

    def take(self, size):
        data, self.buffer = self.buffer[:size], self.buffer[size:]
        return data

    def read_until(self, mark):
        while mark not in self.buffer:
            if not self.fill():
                raise Incomplete(f"closed before {mark!r}", self.buffer)
        return self.take(self.buffer.index(mark) + len(mark))

    def read_exactly(self, size):
        pieces, missing = [self.take(size)], size
        missing -= len(pieces[0])
        while missing:
            data = self.socket.recv(min(missing, 1 << 20))
            if not data:
                raise Incomplete(f"closed with {missing} of {size} bytes missing", b"".join(pieces))
            self.received += data if len(self.received) < 1 << 20 else b""
            pieces.append(data)
            missing -= len(data)
        return b"".join(pieces)

    def read_rest(self):
        """Everything up to the end; a reset counts as one."""
        try:
            while self.fill():
                pass
        except ConnectionResetError:
            pass
        return self.take(len(self.buffer))

    def read_chunked(self):
        body = []
        while True:
            size_line = self.read_until(b"\r\n")
            size = int(size_line.split(b";")[0].strip(), 16)
            if size == 0:
                while self.read_until(b"\r\n") != b"\r\n":
                    pass
                return b"".join(body)
            body.append(self.read_exactly(size))
            if self.read_exactly(2) != b"\r\n":
                raise Incomplete("a chunk without its end")

    def read_head(self, kind):
        head = self.read_until(b"\r\n\r\n")
        lines = head[:-4].decode("latin-1").split("\r\n")
        headers = []
        for line in lines[1:]:
            name, _, value = line.partition(":")
            headers.append((name, value.strip(" \t")))
        return kind(lines[0], headers, head)

    def is_closed(self, seconds=5.0):
        """Whether the other side closes without sending anything more."""
        self.socket.settimeout(seconds)
        try:
            return self.buffer == b"" and self.socket.recv(1) == b""
        except ConnectionResetError:
            return True
        except TimeoutError:
            return False

    def is_silent(self, seconds=0.3):
        """Whether the other side neither sends nor closes for a while."""
        self.socket.settimeout(seconds)
        try:
            self.fill()
            return False
        except TimeoutError:
            return True

    def close(self):
        self.socket.close()

    def reset(self):
        """Closes with RST instead of FIN."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def connect(address, timeout=20.0, receive_buffer=None, source=None):
    """A socket to (host, port), a port of 127.0.0.1, or the path of a unix socket; `source` is the
    client's own address."""
    if isinstance(address, int):
        address = ("127.0.0.1", address)
    if isinstance(address, str):
        family = socket.AF_UNIX
    else:
        family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
    connected = socket.socket(family, socket.SOCK_STREAM)
    if receive_buffer:
        connected.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    if source:
        connected.bind((source, 0))
    connected.settimeout(timeout)
    connected.connect(address)
    return connected


class Client(Wire):
    def __init__(self, address, timeout=20.0, receive_buffer=None, source=None):
        super().__init__(connect(address, timeout, receive_buffer, source), timeout)

    def response(self, method="GET"):
        """One response with its body (RFC 9112 6.3)."""
        response = self.read_head(Response)
        if method == "HEAD" or response.status < 200 or response.status in (204, 304):
            response.framing = "none"
        elif "chunked" in response.get("Transfer-Encoding", "").lower():
            response.framing = "chunked"
            response.body = self.read_chunked()
        elif response.get("Content-Length") is not None:
            response.framing = "length"
            response.body = self.read_exactly(int(response.get("Content-Length")))
        else:
            response.framing = "close"
            response.body = self.read_rest()
        return response

    def ask(self, target="/", method="GET", headers=(), body=None, version="HTTP/1.1",
            host="example.com"):
        self.send(request_bytes(target, method, headers, body, version, host))
        return self.response(method)


class SecureClient(Client):
    """A client behind TLS. `name` is asked for (SNI), and must be the certificate's when the
    `context` verifies; without a context anybody will do."""

    def __init__(self, address, name=None, context=None, session=None, timeout=20.0, **options):
        super().__init__(address, timeout, **options)
        if context is None:
            context = client_context()
        self.plain = self.socket
        try:
            self.socket = context.wrap_socket(self.plain, server_hostname=name, session=session)
        except BaseException:
            self.plain.close()
            raise

    @property
    def certificate(self):
        """The server's, in DER."""
        return self.socket.getpeercert(True)


def client_context(authority=None, version=None, alpn=None):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = authority is not None
    context.verify_mode = ssl.CERT_REQUIRED if authority is not None else ssl.CERT_NONE
    if authority is not None:
        context.load_verify_locations(authority.pem)
    if version is not None:
        context.minimum_version = context.maximum_version = version
    if alpn is not None:
        context.set_alpn_protocols(alpn)
    return context


def request_bytes(target="/", method="GET", headers=(), body=None, version="HTTP/1.1",
                  host="example.com"):
    """A request; `headers` are pairs. A body gets its Content-Length unless framing is given."""
    lines = [f"{method} {target} {version}"]
    if host is not None:
        lines.append(f"Host: {host}")
    lines += [f"{name}: {value}" for name, value in headers]
    framed = any(name.lower() in ("content-length", "transfer-encoding") for name, _ in headers)
    if body is not None and not framed:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + (body or b"")


def chunked(*pieces):
    """The pieces as a chunked body."""
    return b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"


def ask(address, target="/", **options):
    """One request on a connection of its own."""
    with Client(address) as client:
        return client.ask(target, **options)


def accepts(address):
    """Whether somebody listens there."""
    try:
        Client(address).close()
        return True
    except OSError:
        return False


def ask_raw(address, data, method="GET"):
    """One response to exactly these bytes."""
    with Client(address) as client:
        client.send(data)
        return client.response(method)
