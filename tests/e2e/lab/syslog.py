"""Receivers of syslog datagrams, over UDP and over unix sockets."""

import os
import select
import socket

from lab.wait import wait_until


class SyslogReceiver:
    def __init__(self, address):
        """`address` is a pair of host and port, or the path of a unix socket."""
        family = socket.AF_INET if isinstance(address, tuple) else socket.AF_UNIX
        self.socket = socket.socket(family, socket.SOCK_DGRAM)
        self.socket.bind(address)
        if family == socket.AF_UNIX:
            os.chmod(address, 0o777)
        self.messages = []

    def receive(self):
        """Takes what has arrived."""
        while select.select([self.socket], [], [], 0)[0]:
            self.messages.append(self.socket.recv(1 << 17).decode("latin-1"))
        return self.messages

    def wait_for(self, count):
        """The first `count` messages, once there are as many."""
        wait_until(lambda: len(self.receive()) >= count, f"{count} messages")
        return self.messages[:count]

    def wait_for_text(self, needle):
        wait_until(lambda: any(needle in message for message in self.receive()), repr(needle))
        return next(message for message in self.messages if needle in message)

    def close(self):
        self.socket.close()
