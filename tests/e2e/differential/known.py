"""Where rpcd answers differently on purpose, and why. Each row says what rpcd must answer instead,
given nginx's answer, so that nothing else passes under its name. Keep it short."""

import dataclasses
import re
import typing


@dataclasses.dataclass(frozen=True)
class Known:
    name: str
    reason: str
    expected: typing.Callable  # (request, outcome of nginx) -> outcome wanted of rpcd


def whole_request_line(request, nginx):
    """The target is one word, and begins with a slash."""
    lines = []
    for line in nginx.backend:
        name_method, target, rest = split_backend(line)
        slash = "" if target.startswith("/") else "/"
        lines.append(name_method + slash + target.replace(" ", "%20") + rest)
    return dataclasses.replace(nginx, backend=tuple(lines))


def split_backend(line):
    """The parts of a backend's record around the target; see outcome.of_backend."""
    head, _, rest = line.partition(" [")
    name, method, target = head.split(" ", 2)
    return f"{name} {method} ", target, " [" + rest


def nothing_not_modified(request, nginx):
    if nginx.code != "304":
        return nginx
    return dataclasses.replace(nginx, headers=tuple(header for header in nginx.headers if header[0] != "content-type"))


BACKEND_HOST = re.compile(r"\[host: ([^]]*)\]")
# Cases that have such places by hand, and the generated ones.
INSIDE_ANOTHER = re.compile(r"nested-in|inherited|(location|if|root|named|server)-\d+")


def own_default_redirect(request, nginx):
    """A Location below the backend's own address leads to this server instead."""
    host = BACKEND_HOST.search(nginx.backend[-1]) if nginx.backend else None
    own = f"http://{host.group(1)}/" if host else None
    is_inside = any(INSIDE_ANOTHER.fullmatch(marker) for marker in nginx.markers)
    if own is None or not is_inside or not (nginx.location or "").startswith(own):
        return nginx
    name = request.host.partition(":")[0].lower()
    return dataclasses.replace(nginx, location=f"http://{name}:PORT/{nginx.location.removeprefix(own)}")


def one_location(request, nginx):
    """The Location of a backend that answers as the error page of a redirect."""
    locations = (nginx.location or "").split(" and ")
    if len(locations) == 1:
        return nginx
    asked_for = dict(request.headers).get("X-To")
    return dataclasses.replace(nginx, location=asked_for if asked_for in locations else locations[0])


def body_of_redirected(request, nginx):
    """A backend that answers as the error page of a redirect gets the request with its body."""
    if not request.body or not nginx.backend:
        return nginx
    kept = nginx.backend[0].removesuffix(" 0 bytes b''") + f" {len(request.body)} bytes {request.body[:50]!r}"
    return dataclasses.replace(nginx, backend=(kept, *nginx.backend[1:]))


KNOWN = (
    Known("one-location",
          "When error_page passes a redirect to a backend that answers with another, nginx sends two Location "
          "fields; rpcd sends the backend's (RFC 9110 10.2.2: there is one).",
          one_location),
    Known("body-of-redirected",
          "nginx drops the body before it looks whether error_page has something for a return with a redirect, and "
          "then sends the request without it to that backend; rpcd still has it.",
          body_of_redirected),
    Known("own-default-redirect",
          "Where a location or if with a proxy_pass of its own is inside one with another, nginx rewrites "
          "Location by the outer proxy_pass, so that the inner backend's address gets out; rpcd goes by "
          "the one that was used, as nginx's manual says of proxy_redirect default.",
          own_default_redirect),
    Known("type-of-304",
          "nginx tells the Content-Type of a 304 that return makes; it has no content, and rpcd tells none "
          "(RFC 9110 15.4.5).",
          nothing_not_modified),
    Known("whole-request-line",
          "nginx writes a decoded space of a variable into the request line for the backend, which splits "
          "it, and a path from a rewrite without a slash as it is; rpcd writes %20 and a slash (RFC 9112 3).",
          whole_request_line),
)


def explains(request, nginx, rpcd):
    """The rows that together explain a difference; none when they do not."""
    candidates = {nginx: ()}
    for known in KNOWN:
        for candidate, rows in list(candidates.items()):
            candidates.setdefault(known.expected(request, candidate), (*rows, known))
    return candidates.get(rpcd, ())
