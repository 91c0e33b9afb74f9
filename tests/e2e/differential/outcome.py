"""What came of a request: the answer as far as the configuration decides it, and what reached
backends. Dates, versions, connection management and the order of headers are not part of it."""

import dataclasses
import re

PAGE = re.compile(r"<center><h1>([^<]*)</h1></center>")
# Of a response, besides Location and what begins with X-.
OF_RESPONSE = ("content-type", "www-authenticate", "refresh", "set-cookie", "cache-control", "expires",
               "content-disposition", "accept-ranges", "etag", "last-modified", "vary", "content-language")
# What tells requests at the backend apart, besides the request line.
BACKEND_HEADERS = re.compile(r"host|content-type|referer|user-agent|cookie|x-.*")


@dataclasses.dataclass(frozen=True)
class Outcome:
    status: str                 # with the reason; "closed" or "no answer" without a response
    location: str = None
    markers: tuple = ()         # every X-Location, in order
    headers: tuple = ()         # of the response: OF_RESPONSE and other X- fields
    body: str = ""
    backend: tuple = ()         # a text per request that reached a backend

    @property
    def code(self):
        return self.status.split(" ")[0]


def replaced(text, values):
    for old, new in values:
        text = text.replace(old, new)
    return text


def of_response(response, backend, values):
    """An outcome; `values` are pairs of what the two sides cannot share and what stands for it."""
    markers, others, location = [], [], None
    for name, value in response.headers:
        name, value = name.lower(), replaced(value, values)
        if name == "x-location":
            markers.append(value)
        elif name == "location":
            location = value if location is None else f"{location} and {value}"
        elif name in OF_RESPONSE or name.startswith("x-"):
            others.append((name, value))
    body = replaced(response.body.decode("latin-1"), values)
    page = PAGE.search(body)
    return Outcome(response.start.split(" ", 1)[1], location, tuple(markers), tuple(sorted(others)),
                   f"page {page.group(1)}" if page else body, tuple(backend))


def of_backend(name, request):
    """How a request at a backend is written down."""
    method, _, rest = request.start.partition(" ")
    target = rest.rpartition(" ")[0]
    headers = sorted((key.lower(), value) for key, value in request.headers
                     if BACKEND_HEADERS.fullmatch(key.lower()))
    return f"{name}: {method} {target} " + \
        " ".join(f"[{key}: {value}]" for key, value in headers) + f" {len(request.body)} bytes {request.body[:50]!r}"


def difference(nginx, rpcd):
    """The fields in which two outcomes differ, as lines."""
    lines = []
    for field in dataclasses.fields(Outcome):
        one, other = getattr(nginx, field.name), getattr(rpcd, field.name)
        if one != other:
            lines.append(f"    {field.name:9} nginx {one!r}\n{'':13} rpcd  {other!r}")
    return lines
