"""Headers of the PROXY protocol, as proxies send them."""

import socket
import struct

SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"


def line(source="192.0.2.7", port=4321, to="198.51.100.9", to_port=443):
    """Version 1."""
    family = "6" if ":" in source else "4"
    return f"PROXY TCP{family} {source} {to} {port} {to_port}\r\n".encode()


def tlv(kind, value):
    return struct.pack("!BH", kind, len(value)) + value


def binary(source="192.0.2.7", port=4321, to="198.51.100.9", to_port=443, tlvs=b"", command=0x21,
           family=None, body=None):
    """Version 2. `body` instead of the addresses."""
    is_six = ":" in source
    if body is None:
        pack = (lambda text: socket.inet_pton(socket.AF_INET6 if is_six else socket.AF_INET, text))
        body = pack(source) + pack(to) + struct.pack("!HH", port, to_port)
    body += tlvs
    family = family if family is not None else 0x21 if is_six else 0x11
    return SIGNATURE + struct.pack("!BBH", command, family, len(body)) + body
