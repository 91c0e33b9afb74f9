"""Requests for a generated configuration: paths that its locations and patterns were made of."""

import re

from differential.case import Request
from differential.maker.words import ARGUMENTS, HOSTS, SEGMENTS, VALUES

LOCATION = re.compile(r"location (?:= |\^~ )?(/[^ ]*) \{")
ODD = ("%20", "%3F", "%2B", "+", "%25", "%2F", "//", "/./", "%61", "/../a", ";", "&")


class Questions:
    def __init__(self, words, http, is_for_backends=False):
        self.words = words
        self.is_for_backends = is_for_backends
        self.paths = sorted(set(LOCATION.findall(http)))
        self.hosts = sorted(name for name in HOSTS if name in http) + ["never.example"]

    def requests(self, count):
        made = {}
        while len(made) < count:
            made.setdefault(self.request())
        return tuple(made)

    def request(self):
        words = self.words
        method = words.weighted({"GET": 10, "POST": 1.5, "HEAD": 0.7})
        headers = []
        if words.chance(0.25):
            headers.append(("X-K", words.pick((*VALUES, "10.0.0.1", "127.0.0.2"))))
        if words.chance(0.12):
            headers.append(("Cookie", f"c={words.pick(VALUES[:8])}"))
        if words.chance(0.15):
            headers.append(("X-Answer", words.pick(("404", "503", "500", "403", "302"))))
        if words.chance(0.08):
            headers.append(("X-Forwarded-For", words.pick(("10.0.0.1", "127.0.0.2, 10.1.1.1", "10.1.1.1, 127.0.0.2"))))
        if self.is_for_backends:
            headers += self.orders()
        source = words.weighted({"127.0.0.1": 8, "127.0.0.2": 2, "127.0.0.5": 1, "127.0.1.9": 1})
        body = words.pick((b"", b"body")) if method == "POST" else None
        return Request(self.target(), words.pick(self.hosts), method, tuple(headers), source, body)

    def orders(self):
        """What the backend is to answer."""
        words, headers = self.words, []
        if words.chance(0.4):
            headers += [("X-Answer", "302"), ("X-To", words.pick((
                "http://group_a" + words.path(), "http://" + words.pick(HOSTS) + words.path(), words.path(), "SELF" + words.path())))]
        if words.chance(0.2):
            headers.append(("X-Refresh", "1; url=http://group_a" + words.path()))
        for _ in range(words.pick((0, 1, 1, 2))):
            attributes = words.random.sample(("; Secure", "; HttpOnly", "; SameSite=Strict", "; Path=" + words.path(1), "; path=/a/b",
                                              "; Domain=" + words.pick(HOSTS), ";domain=.one.example"), words.random.randint(0, 4))
            headers.append(("X-Set-Cookie", words.pick("cde") + "=1" + "".join(attributes)))
        if words.chance(0.3):
            headers.append(("X-Accel", words.pick((words.path(), words.path() + self.query(), "@x", "@y", "/a/../b", "..", words.path(1) + "%20%41"))))
        return headers

    def target(self):
        words = self.words
        path = words.path() if not self.paths or words.chance(0.3) else words.pick(self.paths)
        if words.chance(0.6):
            path = path.rstrip("/") + "/" + "/".join(words.pick(SEGMENTS) for _ in range(words.random.randint(1, 2)))
        if words.chance(0.15):
            path += words.pick(ODD) + words.pick(("", "b", "x.php"))
        if self.is_for_backends and words.chance(0.3):
            path += "/accel"
        return path + self.query()

    def query(self):
        words = self.words
        if words.chance(0.5):
            return words.pick(("", "", "", "?"))
        names = words.random.sample(ARGUMENTS, words.random.randint(1, 2))
        query = "&".join(f"{name}={words.pick((*VALUES, '7', '42'))}" for name in names)
        return "?" + query + (f"&ip={words.pick(('10.1.2.3', '127.0.0.2', 'x'))}" if words.chance(0.2) else "")
