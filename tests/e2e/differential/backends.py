"""The backends that both daemons share: they record what arrives and answer what they are asked for.

    /…answer-503…         in the target, or
    X-Answer: 503         in the header: that status; 3xx come with a Location
    X-To: URL             what the Location of a 3xx is; SELF in it is http://HOST
    X-Refresh: VALUE      a Refresh, with SELF as above
    X-Set-Cookie: VALUE   a Set-Cookie; as often as needed
    …accel…               in the target: with X-Accel-Redirect to the value of X-Accel, and fields that
                          a client may or may not see then; X-Bare leaves those out
    answer-close          closes without an answer
    answer-hang           no answer at all

Otherwise 200. The body tells the backend only; the request line is on record."""

import re

from lab import Backend, answer

from differential.outcome import of_backend

ASKED = re.compile(r"answer-([0-9]{3}|close|hang)")
REASONS = {200: "OK", 201: "Created", 204: "No Content", 301: "Moved Permanently", 302: "Found",
           303: "See Other", 307: "Temporary Redirect", 400: "Bad Request", 401: "Unauthorized",
           403: "Forbidden", 404: "Not Found", 410: "Gone", 418: "I'm a teapot", 429: "Slow",
           500: "Internal Server Error", 502: "Bad Gateway", 503: "Service Unavailable",
           504: "Gateway Timeout"}


class Recorder:
    """Three backends and the list of what reached them since it was last cleared."""

    def __init__(self):
        self.seen = []
        self.backends = {name: Backend(self.handler(name)) for name in "abc"}

    def ports(self):
        return {name: backend.port for name, backend in self.backends.items()}

    def handler(self, name):
        def handle(connection):
            while (request := connection.request()) is not None:
                connection.backend.requests.clear()
                self.seen.append(of_backend(name, request))
                if not respond(connection, name, request):
                    return
        return handle

    def close(self):
        for backend in self.backends.values():
            backend.close()


def wanted(request):
    match = ASKED.search(request.start)
    return match.group(1) if match else request.get("X-Answer", "200")


def respond(connection, name, request):
    """Answers; False when the connection is to be closed."""
    asked = wanted(request)
    if asked == "close":
        return False
    if asked == "hang":
        connection.fill()
        return False
    connection.send(response(name, request, int(asked)))
    return True


# The answer of a backend that leaves the answer to another location, besides its X-Accel-Redirect.
LEFT = [("Content-Disposition", "attachment"), ("Cache-Control", "private"), ("Cache-Control", "max-age=5"),
        ("Expires", "Thu, 01 Jan 2037 00:00:00 GMT"), ("Accept-Ranges", "bytes"), ("Set-Cookie", "left=1; path=/left"),
        ("ETag", '"left"'), ("Last-Modified", "Thu, 01 Jan 2015 00:00:00 GMT"), ("X-Left", "1"), ("Vary", "X-Left"),
        ("X-Accel-Expires", "5"), ("X-Accel-Charset", "utf-8"), ("Content-Language", "de")]


def response(name, request, status):
    is_left = "accel" in request.target
    headers = [("X-From", name), ("Content-Type", "text/x-left" if is_left else "text/x-backend")]
    if is_left:
        headers = [("X-Accel-Redirect", request.get("X-Accel", "")),
                   *([] if request.get("X-Bare") else headers + LEFT)]
    if not is_left and request.get("X-Bare"):
        headers = headers[:1]
    own = f"http://{request.get('Host')}"
    if status // 100 == 3:
        headers.append(("Location", request.get("X-To", "SELF/moved").replace("SELF", own)))
    headers += [("Refresh", value.replace("SELF", own)) for value in request.all("X-Refresh")]
    headers += [("Set-Cookie", value) for value in request.all("X-Set-Cookie")]
    if status == 401:
        headers.append(("WWW-Authenticate", 'Basic realm="backend"'))
    body = b"" if status == 204 else f"from {name}".encode()
    data = answer(body, f"{status} {REASONS.get(status, 'Unusual')}", headers)
    return data[:data.index(b"\r\n\r\n") + 4] if request.method == "HEAD" or status == 204 else data
