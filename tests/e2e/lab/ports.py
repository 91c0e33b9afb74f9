"""Free ports that stay ours.

They are below those that the kernel gives to whoever connects from anywhere, so that no connection
to another host takes one. A port is reserved by sockets that are bound to it and never listen: with
SO_REUSEADDR on both sides a daemon may still bind and listen. What keeps tests that run in parallel
from taking it is one of UDP, which is bound without."""

import pathlib
import random
import socket

ADDRESSES = [(socket.AF_INET, "127.0.0.1"), (socket.AF_INET, "127.0.0.2"), (socket.AF_INET6, "::1")]
MARK = "127.255.255.254"  # where nobody listens
FIRST = 10000
RANGE = pathlib.Path("/proc/sys/net/ipv4/ip_local_port_range")


class Ports:
    def __init__(self):
        self.sockets = []
        self.random = random.SystemRandom()
        self.end = int(RANGE.read_text().split()[0])

    def reserve(self):
        """A port that is free on 127.0.0.1, 127.0.0.2 and, where there is IPv6, ::1."""
        while True:
            held = []
            try:
                port = self.random.randrange(FIRST, self.end)
                mark = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
                held.append(mark)
                mark.bind((MARK, port))
                for family, address in ADDRESSES:
                    if family == socket.AF_INET6 and not has_ipv6():
                        continue
                    reservation = socket.socket(family, socket.SOCK_STREAM)
                    held.append(reservation)
                    reservation.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                    reservation.bind((address, port))
                try_to_listen(port)
                self.sockets += held
                return port
            except OSError:
                for reservation in held:
                    reservation.close()

    def release(self):
        for reservation in self.sockets:
            reservation.close()
        self.sockets = []


def try_to_listen(port):
    """Fails when somebody uses the port on yet another address: daemons listen on all of them."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(("0.0.0.0", port))
        probe.listen()


def has_ipv6():
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_STREAM) as probe:
            probe.bind(("::1", 0))
        return True
    except OSError:
        return False
