"""The vocabulary of generated configurations, and the random source that all makers share."""

import random
import re

SEGMENTS = ("a", "b", "c", "d1", "x.php", "img", "Aa")
HOSTS = ("one.example", "two.example", "www.one.example", "api.test", "a.api.test", "mail.org")
ARGUMENTS = ("a", "b", "go", "id")
VALUES = ("", "0", "1", "a", "b", "xy", "on", "one", "12-34", "/a/b")
CODES = (400, 403, 404, 410, 418, 500, 503)
SETTABLE = ("v0", "v1", "v2")
NAMED = ("n0", "n1")
BUILT_IN = ("uri", "args", "is_args", "arg_a", "arg_b", "arg_go", "host", "request_method", "request_uri", "http_x_k",
            "cookie_c", "remote_addr", "server_name", "document_uri", "query_string", "scheme")
VARIABLE = re.compile(r"\$(?:\{(\w+)\}|(\w+))")
WIDE = (r"^/(\w)(\d)?/?(.*)$", "^", "^(.*)/$", "^/(?!a)(.+)$", "^/(.*)$")


class Words:
    """Makes the small pieces. `computed` are the variables that map, geo and split_clients define;
    `captures` says whether $1 may be used, see programs.py."""

    def __init__(self, name):
        self.random = random.Random(name)
        self.computed = []
        self.captures = True

    def chance(self, probability):
        return self.random.random() < probability

    def pick(self, choices):
        return self.random.choice(choices)

    def weighted(self, weights):
        """A key of a dictionary, as often as its value says."""
        return self.random.choices(list(weights), list(weights.values()))[0]

    def path(self, most=3, slash=0.4):
        segments = [self.pick(SEGMENTS) for _ in range(self.random.randint(1, most))]
        return "/" + "/".join(segments) + ("/" if self.chance(slash) else "")

    def in_order(self, value):
        """The value without what is computed behind a capture.

        nginx measures a value before it writes it. A map with a regular expression changes the
        captures, so that one that stands before it is measured and written differently."""
        captured = False

        def replace(match):
            nonlocal captured
            name = match.group(1) or match.group(2)
            captured = captured or name in NAMED or name[0].isdigit()
            return match.group().replace(name, "uri") if captured and name in self.computed else match.group()

        return VARIABLE.sub(replace, value)

    def variable(self):
        kind = self.weighted({"built-in": 5, "set": 3, "computed": 4 if self.computed else 0,
                              "named": 1, "capture": 3 if self.captures else 0})
        if kind == "capture":
            return "$" + self.pick("1122345")
        return "$" + self.pick({"built-in": BUILT_IN, "set": SETTABLE, "computed": self.computed or ("uri",),
                                "named": NAMED}[kind])

    def text(self):
        """A value: a word, a variable or a few of both; always quoted."""
        pieces = [self.braced(self.variable()) if self.chance(0.7) else self.pick(VALUES)
                  for _ in range(self.random.randint(1, 3))]
        return self.in_order('"' + self.pick(("", "-", "|", ":")).join(pieces) + '"')

    def braced(self, variable):
        """A variable that a letter may follow. nginx 1.22 knows no ${1}."""
        return variable if variable[1].isdigit() else "${" + variable[1:] + "}"

    def target(self):
        """A path to go to, of constants or of variables."""
        target = self.path(2)
        if self.chance(0.6 if self.captures else 0.1):
            target = target.rstrip("/") + "/" + (self.pick(("$1", "$2", "$1$2")) if self.captures else "$v0")
        elif self.chance(0.25):
            target += self.variable()
        return target

    def arguments(self):
        """What may follow the path of a rewrite's or redirect's target."""
        value = self.variable() if self.chance(0.6) else self.pick(VALUES)
        return f"{self.pick(ARGUMENTS)}={value}"

    def path_regex(self):
        """A pattern for paths; one in six matches nearly all of them."""
        return self.pick(WIDE) if self.chance(0.17) else self.narrow_regex()

    def narrow_regex(self):
        a, b = self.pick(SEGMENTS).replace(".", r"\."), self.pick(SEGMENTS).replace(".", r"\.")
        return self.pick((
            f"^/{a}/(.*)$", f"^/{a}(/.*)?$", f"^/({a}|{b})/([^/]*)(.*)$", f"^/([^/]+)/{a}(.*)", f"^/{a}$", f"/{a}/(.)(.*)$",
            r"\.php$", f"^/(?<n0>{a}|{b})/(?<n1>.*)$", f"^/{a}/(?<n1>[^/]+)", f"(?i)^/{a}/", f"({a})(.*)({b})",
            f"^/(?:{a}|({b}))/(c)?", f"/(?:{a})/(.{{1,2}})$"))

    def value_regex(self):
        return self.pick((r"^(\d+)(?:-(\d+))?$", "^(.)(.*)$", "a", "^$", "^o(n|ne)$", r"^/(\w+)/", "^[a-z]+$", "(?<n0>x)(?<n1>y)?", "[01]",
                          r"^127\.0\.0\.(\d)$", r"^(\w+)\.(.*)$", "^(GET|POST)$"))


def quoted(regex):
    """Braces, semicolons and spaces would end a word."""
    return f'"{regex}"' if any(character in regex for character in '{};" ') else regex
