"""A name server that answers as it is told, by UDP and TCP, and remembers what it was asked.

What it knows is `zone`: a name to a Name, or to a function of the query that returns one. Names that
are not there do not exist."""

import dataclasses
import ipaddress
import socket
import struct
import threading

A, CNAME, AAAA = 1, 5, 28
NOERROR, FORMERR, SERVFAIL, NXDOMAIN, NOTIMP, REFUSED = range(6)
MANY = 60  # addresses: more than fit a datagram


@dataclasses.dataclass
class Name:
    addresses: tuple = ()
    ttl: int = 300
    code: int = NOERROR
    alias: str = ""          # what the addresses are those of
    alias_ttl: int = 300
    is_silent: bool = False
    bytes: bytes = None      # instead of all that follows the query's number
    is_large: bool = False   # datagrams say that the answer does not fit


@dataclasses.dataclass
class Query:
    name: str
    type: int
    is_stream: bool


def encode(name):
    return b"".join(bytes([len(part)]) + part.encode("latin-1") for part in name.split(".")) + b"\0"


def read_query(data, is_stream):
    parts, offset = [], 12
    while data[offset]:
        parts.append(data[offset + 1:offset + 1 + data[offset]].decode("latin-1"))
        offset += 1 + data[offset]
    return Query(".".join(parts).lower(), *struct.unpack("!H", data[offset + 1:offset + 3]), is_stream)


def make_record(owner, kind, ttl, data):
    return owner + struct.pack("!HHIH", kind, 1, ttl, len(data)) + data


def make_reply(data, query, name):
    """What to send, or None for nothing."""
    if name.is_silent:
        return None
    if name.bytes is not None:
        return data[:2] + name.bytes
    question = data[12:12 + len(encode(query.name)) + 4]
    owner, records = b"\xc0\x0c", []
    if name.alias:
        records.append(make_record(owner, CNAME, name.alias_ttl, encode(name.alias)))
        owner = encode(name.alias)
    for text in name.addresses:
        address = ipaddress.ip_address(text)
        if query.type == (AAAA if address.version == 6 else A):
            records.append(make_record(owner, query.type, name.ttl, address.packed))
    flags = 0x8580 | name.code
    if name.is_large and not query.is_stream:
        flags, records = flags | 0x0200, []
    return data[:2] + struct.pack("!HHHHH", flags, 1, len(records), 0, 0) + question + b"".join(records)


class NameServer:
    def __init__(self, zone=None, address="127.0.0.1"):
        self.zone = {} if zone is None else zone
        self.queries = []
        self.lock = threading.Lock()
        self.datagrams, self.listening = bind_both(address)
        self.port = self.datagrams.getsockname()[1]
        self.address = f"{address}:{self.port}"
        for run in (self._serve_datagrams, self._serve_streams):
            threading.Thread(target=run, daemon=True).start()

    def asked(self, name, kind=A):
        """How often a name was asked for."""
        return sum(query.name == name and query.type == kind for query in self.queries)

    def _reply(self, data, is_stream):
        query = read_query(data, is_stream)
        with self.lock:
            self.queries.append(query)
        name = self.zone.get(query.name, Name(code=NXDOMAIN))
        return make_reply(data, query, name(query) if callable(name) else name)

    def _serve_datagrams(self):
        while True:
            try:
                data, sender = self.datagrams.recvfrom(4096)
                reply = self._reply(data, False)
                if reply is not None:
                    self.datagrams.sendto(reply, sender)
            except OSError:
                return

    def _serve_streams(self):
        while True:
            try:
                accepted, _ = self.listening.accept()
            except OSError:
                return
            threading.Thread(target=self._serve_stream, args=(accepted,), daemon=True).start()

    def _serve_stream(self, accepted):
        with accepted, accepted.makefile("rb") as stream:
            try:
                while len(size := stream.read(2)) == 2:
                    reply = self._reply(stream.read(struct.unpack("!H", size)[0]), True)
                    if reply is not None:
                        accepted.sendall(struct.pack("!H", len(reply)) + reply)
            except OSError:
                pass

    def close(self):
        self.datagrams.close()
        self.listening.close()


def bind_both(address):
    """A datagram and a listening socket on one port."""
    while True:
        datagrams = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        datagrams.bind((address, 0))
        listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        try:
            listening.bind(datagrams.getsockname())
            listening.listen()
            return datagrams, listening
        except OSError:
            datagrams.close()
            listening.close()
