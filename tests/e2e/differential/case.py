"""What is asked of both daemons: a configuration and the requests that go with it.

A case holds the inside of an http block as text, the same for both. Placeholders stand for what the
two cannot share, or what only the run knows:

    {host} {port}   where the daemon listens; the address differs, the port does not
    {port6}         a port for ::1, which the two cannot share; outcomes have :PORT and :PORT6
    {a} {b} {c}     ports of the recording backends
    {dead}          a port nobody listens on
    {files}         a folder of files, see files.py
"""

import dataclasses
import itertools
import re

PLACEHOLDER = re.compile(r"\{(?:host|port|port6|a|b|c|dead|files)\}")


@dataclasses.dataclass(frozen=True)
class Request:
    target: str
    host: str = "one.example"
    method: str = "GET"
    headers: tuple = ()
    source: str = "127.0.0.1"
    body: bytes | None = None

    def __str__(self):
        parts = [f"{self.method} {self.target}", f"Host: {self.host}"]
        parts += [f"{name}: {value}" for name, value in self.headers]
        if self.source != "127.0.0.1":
            parts.append(f"from {self.source}")
        if self.body is not None:
            parts.append(f"body {self.body!r}")
        return " | ".join(parts)


@dataclasses.dataclass(frozen=True)
class Case:
    name: str
    http: str
    requests: tuple

    def __str__(self):
        return self.name


def ask(targets, hosts=("one.example",), methods=("GET",), headers=((),), sources=("127.0.0.1",),
        bodies=(None,)):
    """Requests of every combination. `targets` may be one text with a target per word, a `headers`
    entry is a tuple of pairs."""
    if isinstance(targets, str):
        targets = targets.split()
    return tuple(Request(*chosen) for chosen in
                 itertools.product(targets, hosts, methods, headers, sources, bodies))


def header_sets(name, *values):
    """For `ask(headers=…)`: without the header, and with each value."""
    return ((), *(((name, value),) for value in values))


# Settings every case begins with. nginx 1.22 speaks HTTP/1.0 to backends unless told otherwise.
PRELUDE = """
access_log off;
proxy_http_version 1.1;
"""


def server(inside, names="one.example", listen="{host}:{port}", marker="server"):
    """A virtual server whose answers say so, unless something inside says more."""
    return f"""
server {{
    listen {listen};
    server_name {names};
    add_header X-Location {marker} always;
{inside}
}}
"""


def case(name, http, *requests):
    """A case of these requests (tuples as `ask` makes them), each asked once."""
    return Case(name, PRELUDE + http, tuple(dict.fromkeys(itertools.chain(*requests))))
