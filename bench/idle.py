"""What connections cost that do nothing: many are opened, each asks once and reads the answer whole,
and the private memory of the worker is compared with what it was when half as many were open, so
that tables and pools that grow in steps or once count little."""

import pathlib
import re
import resource
import socket
import ssl
import time

REQUEST = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"
SETTLE_SECONDS = 1.0  # buffers that were lent for answers have gone back by then


def private_bytes(process):
    text = pathlib.Path(f"/proc/{process}/smaps_rollup").read_text()
    return 1024 * sum(map(int, re.findall(r"Private_\w+:\s+(\d+) kB", text)))


def open_one(port, context):
    connection = socket.create_connection(("127.0.0.1", port))
    if context is not None:
        connection = context.wrap_socket(connection)
    connection.sendall(REQUEST)
    answer = b""
    while b"\r\n\r\n" not in answer or not answer.endswith(b"hello, world"):
        piece = connection.recv(4096)
        if not piece:
            raise OSError("the connection was closed")
        answer += piece
    return connection


def client_context():
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def bytes_each(process, port, count, is_tls):
    """Bytes for each connection, of the worker with that id."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(hard, count + 200)), hard))
    context = client_context() if is_tls else None
    connections = []
    try:
        sizes = []
        for _ in range(2):
            connections += [open_one(port, context) for _ in range(count // 2)]
            time.sleep(SETTLE_SECONDS)
            sizes.append(private_bytes(process))
        return (sizes[1] - sizes[0]) / (count // 2)
    finally:
        for connection in connections:
            connection.close()
