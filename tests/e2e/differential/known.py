"""Where rpcd answers differently on purpose, and why. Each row says what rpcd must answer instead,
given nginx's answer, so that nothing else passes under its name. Keep it short."""

import dataclasses
import typing


@dataclasses.dataclass(frozen=True)
class Known:
    name: str
    reason: str
    expected: typing.Callable  # (request, outcome of nginx) -> outcome wanted of rpcd


def whole_request_line(request, nginx):
    """A decoded space in a value that is passed on splits nginx's request line."""
    lines = []
    for line in nginx.backend:
        name_method, target, rest = split_backend(line)
        lines.append(name_method + target.replace(" ", "%20") + rest)
    return dataclasses.replace(nginx, backend=tuple(lines))


def split_backend(line):
    """The parts of a backend's record around the target; see outcome.of_backend."""
    head, _, rest = line.partition(" [")
    name, method, target = head.split(" ", 2)
    return f"{name} {method} ", target, " [" + rest


KNOWN = (
    Known("whole-request-line",
          "nginx writes a decoded space of a variable into the request line for the backend, which "
          "splits it; rpcd writes %20 (RFC 9112 3: a request line has two spaces).",
          whole_request_line),
)


def explains(request, nginx, rpcd):
    """The row that explains a difference, or None."""
    for known in KNOWN:
        if known.expected(request, nginx) == rpcd:
            return known
    return None
