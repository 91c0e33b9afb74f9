"""Free ports that stay ours.

A port is reserved by a socket that is bound to it and never listens. With SO_REUSEADDR on both
sides a daemon may still bind and listen, but the kernel gives the port to nobody who asks for any,
so that tests may run in parallel."""

import socket

ADDRESSES = [(socket.AF_INET, "127.0.0.1"), (socket.AF_INET, "127.0.0.2"), (socket.AF_INET6, "::1")]


class Ports:
    def __init__(self):
        self.sockets = []

    def reserve(self):
        """A port that is free on 127.0.0.1, 127.0.0.2 and, where there is IPv6, ::1."""
        while True:
            held = []
            try:
                port = 0
                for family, address in ADDRESSES:
                    if family == socket.AF_INET6 and not has_ipv6():
                        continue
                    reservation = socket.socket(family, socket.SOCK_STREAM)
                    held.append(reservation)
                    reservation.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                    reservation.bind((address, port))
                    port = reservation.getsockname()[1]
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
