"""Blocks: what computes variables, locations, servers, and the http block around them."""

import itertools
import re

from differential.maker.programs import Programs, definitions
from differential.maker.words import CODES, HOSTS, SEGMENTS, SETTABLE, VALUES, quoted

ADDRESSES = ("127.0.0.0/8", "127.0.0.1", "127.0.0.2", "127.0.0.4/30", "127.0.1.0/24", "10.0.0.0/8", "0.0.0.0/1", "::1")
# A range may lie inside one that stands before it, and overlap none otherwise.
RANGES = ("127.0.0.0-127.0.1.255", "127.0.0.1-127.0.0.6", "127.0.0.2-127.0.0.2", "10.0.0.0-10.255.255.255")
SERVER_PATTERNS = ("*.one.example", ".api.test", "mail.*", r"~^(?<n0>\w+)\.(.+)$", "_")
CAPTURE = re.compile(r"\$\{?(\d|n\d)")
SHARES = ("10%", "25%", "33.3%", "0.5%", "20%")


class Blocks:
    def __init__(self, words, focus):
        self.words = words
        self.focus = focus
        self.numbers = itertools.count(1)
        self.programs = Programs(words, focus, self.mark)

    def mark(self, prefix):
        """A marker that no other place has."""
        return f"add_header X-Location {prefix}-{next(self.numbers)} always;"

    def http(self):
        words = self.words
        parts = [f"upstream group_{name} {{ server 127.0.0.1:{{{name}}}; }}" for name in "ab"]
        for number in range(words.random.randint(*self.focus["maps"])):
            parts.append(self.map(f"m{number}"))
        for number in range(words.random.randint(*self.focus["geos"])):
            parts.append(self.geo(f"g{number}"))
        if words.chance(0.4):
            parts.append(self.split("s0"))
        names = words.random.sample(HOSTS, 3)
        patterns = words.random.sample(SERVER_PATTERNS, 4)
        parts += [self.server([names[number], *patterns[2 * number:2 * number + 2]])
                  for number in range(words.random.randint(1, 3))]
        parts.append("server { listen {host}:{port}; server_name never.invalid;\n" + "\n".join(definitions()) + "\n}")
        return "\n".join(parts)

    def map(self, name):
        words = self.words
        hostnames = words.chance(0.2)
        source = "$host" if hostnames else words.pick((
            "$arg_a", "$arg_b", "$uri", "$host", "$http_x_k", "$cookie_c", '"$arg_a$arg_b"', '"$arg_a:$uri"', "$request_method",
            "$v0", "$args", "$remote_addr", *(f"${other}" for other in words.computed)))
        entries = dict(self.map_entry(hostnames, source) for _ in range(words.random.randint(2, 6)))
        if words.chance(0.7):
            entries["default"] = self.map_value()
        lines = [f"{key} {value};" for key, value in entries.items()]
        # Computed twice, of captures that other maps change, it would be two values; see in_order.
        is_volatile = words.chance(0.3) and not any(CAPTURE.search(line) for line in lines)
        lines = ["hostnames;"] * hostnames + ["volatile;"] * is_volatile + lines
        words.computed.append(name)
        return f"map {source} ${name} {{ {' '.join(lines)} }}"

    def map_entry(self, hostnames, source):
        words = self.words
        if hostnames:
            key = words.pick((*HOSTS[:3], "*.example", ".api.test", "www.*", r"~^(.+)\.example$"))
        elif words.chance(0.4):
            regex = words.path_regex() if "uri" in source else words.value_regex()
            key = quoted(words.pick(("~", "~*")) + regex)
        else:
            key = words.path() if "uri" in source and words.chance(0.8) else words.pick((*VALUES, "GET", "127.0.0.2"))
            key = f'"{key}"'
        return key, self.map_value()

    def map_value(self):
        words = self.words
        kind = words.weighted({"word": 4, "path": 2, "text": 3})
        return {"word": lambda: '"' + words.pick(VALUES) + '"', "path": words.path, "text": words.text}[kind]()

    def geo(self, name):
        words = self.words
        source = words.pick(("", "", "$arg_ip ", "$http_x_k "))
        ranges = words.chance(0.3)
        keys = words.random.sample(RANGES if ranges else ADDRESSES, 3)
        keys = [key for key in RANGES if key in keys] or keys
        lines = [f'{key} "{words.pick(VALUES)}";' for key in keys]
        lines += [f"delete {keys[0]};"] * words.chance(0.2) + [f"default {words.pick(('d', 'none', '1'))};"] * words.chance(0.7)
        lines += ["proxy 127.0.0.0/30;", "proxy_recursive;"][:words.pick((0, 0, 1, 2))]
        words.computed.append(name)
        return f"geo {source}${name} {{ {'ranges; ' * ranges}{' '.join(lines)} }}"

    def split(self, name):
        words = self.words
        shares = [f'{share} "{words.pick(VALUES)}";' for share in words.random.sample(SHARES, 3)]
        words.computed.append(name)
        return f'split_clients "{words.pick(("$arg_id", "$uri", "$args$host"))}" ${name} {{ {" ".join(shares)} * rest; }}'

    def server(self, names):
        words = self.words
        names = [name for name in names if not (name == "api.test" and ".api.test" in names)]
        settings = [f"server_name {' '.join(names)};", self.mark("server"), *self.error_pages(0.5)]
        settings += ["merge_slashes off;"] * words.chance(0.1) + ["recursive_error_pages on;"] * words.chance(self.focus["pages"] / 2)
        settings += self.programs.program(False)
        places, taken = [], set()
        while len(places) < words.random.randint(4, 8):
            places += self.location(taken, None)
        places += [self.location_text(f"@{letter}", "named") for letter in "xy"]
        places += [self.location_text("/", "root")] if ("prefix", "/") not in taken else []
        return "server {\nlisten {host}:{port};\n" + "\n".join(settings + places) + "\n}"

    def location(self, taken, outer):
        """One location as text in a list; none when its name is taken."""
        words = self.words
        kind = "~" if outer is None and words.chance(0.2) else words.weighted({"": 5, "=": 1.5, "^~": 1.5, "~": 2.5, "~*": 1})
        if "~" in kind and kind != "^~":
            name = quoted(words.narrow_regex())
        else:
            name = (outer or "") + words.path(2, 0.6)[1 if outer and outer.endswith("/") else 0:]
        key = ("regex" if kind in ("~", "~*") else "exact" if kind == "=" else "prefix", name)
        if key in taken:
            return []
        taken.add(key)
        nested = []
        if kind in ("", "^~") and words.chance(0.25):
            for _ in range(2):
                nested += self.location(taken, name)
        return [self.location_text(f"{kind} {name}".strip(), "location", nested, kind not in ("~", "~*"))]

    def location_text(self, name, prefix, nested=(), with_uri=False):
        focus, words = self.focus, self.words
        lines = [self.mark(prefix)] if words.chance(0.93) else []
        lines += self.error_pages(0.3)
        lines += ["internal;"] * (prefix == "location" and words.chance(0.06))
        lines += self.access()
        if words.chance(focus["access"] / 3):
            lines.append(f"limit_except {words.pick(('GET', 'POST', 'GET POST'))} {{ {words.pick(('deny all;', 'allow 127.0.0.2; deny all;', 'allow all;', ''))} }}")
        if words.chance(0.3):
            lines.append(f"proxy_set_header X-Set {words.text()};")
        if "backends" in focus:
            lines += self.for_backends()
        if words.chance(focus["pages"] / 2):
            lines.append("proxy_intercept_errors on;")
        ending = self.ending(with_uri)
        if words.chance(0.2) and prefix == "location" and not nested and ending.startswith("proxy_pass"):
            lines.append(f"root {{files}}; try_files $uri {words.pick(('@x', '@y', '=404', words.path(2), '/a$uri @x'))};")
        lines += [*self.programs.program(True), ending]
        return f"location {name} {{\n" + "\n".join([*lines, *nested]) + "\n}"

    def for_backends(self):
        """What they get, and what becomes of their answers."""
        words, lines = self.words, []
        kinds = (lambda: f"proxy_method {words.pick(('PUT', 'POST', 'X$request_method'))};",
                 lambda: f"proxy_set_body {words.text()};",
                 lambda: self.several("proxy_redirect", self.redirect),
                 lambda: self.several("proxy_cookie_path", lambda: self.replacement(words.path(1), words.value_regex())),
                 lambda: self.several("proxy_cookie_domain", lambda: self.replacement(words.pick(HOSTS), words.value_regex(), "~")),
                 lambda: self.several("proxy_cookie_flags", self.cookie_flags),
                 lambda: "proxy_ignore_headers X-Accel-Redirect;" if words.chance(0.3) else "")
        for kind in kinds:
            if words.chance(self.focus["backends"]):
                lines.append(kind())
        return lines

    def several(self, directive, make):
        if self.words.chance(0.1):
            return f"{directive} off;"
        return " ".join(f"{directive} {make()};" for _ in range(self.words.random.randint(1, 3)))

    def redirect(self):
        words = self.words
        target = words.pick(("http://group_a/", "http://group_a", "http://127.0.0.1:{a}", "http://", "/", f"http://{words.pick(HOSTS)}"))
        return self.replacement(target + words.pick(("", words.pick(SEGMENTS))), "^http://([^/]+)/(" + words.pick(SEGMENTS) + ")?(.*)$")

    def replacement(self, text, regex, mark=None):
        """What is looked for, and what takes its place."""
        words = self.words
        if words.chance(0.5):
            return f"{quoted((mark or words.pick(('~', '~*'))) + regex)} {words.text()}"
        return f"{words.text() if words.chance(0.2) else quoted(text)} {words.text()}"

    def cookie_flags(self):
        words = self.words
        flags = words.random.sample(("secure", "nosecure", "httponly", "nohttponly", "samesite=lax", "samesite=none", "nosamesite", "$arg_a"),
                                    words.random.randint(1, 3))
        return f"{words.pick(('c', 'd', '~^[cd]', '~', '$arg_b'))} {' '.join(flags)}"

    def error_pages(self, probability):
        words, pages = self.words, []
        while words.chance(probability * self.focus["pages"]) and len(pages) < 2:
            codes = " ".join(map(str, words.random.sample((*CODES, 502, 301, 302), words.random.randint(1, 3))))
            change = words.weighted({"": 3, "=": 1, "=200": 0.7, "=404": 0.4, "=302": 0.3})
            target = words.weighted({words.path(2): 4, "@x": 2, "@y": 1, "http://" + words.pick(HOSTS) + "/e": 0.5,
                                     words.path(1) + "?e=$uri": 0.7})
            pages.append(" ".join(f"error_page {codes} {change} {target};".split()))
        return pages

    def access(self):
        if not self.words.chance(self.focus["access"]):
            return []
        rules = [f"{self.words.pick(('allow', 'deny'))} {address};" for address in self.words.random.sample(
            (*ADDRESSES[:5], "all"), 2)]
        return ["satisfy any;"] * self.words.chance(0.2) + rules

    def ending(self, with_uri):
        words = self.words
        kind = words.weighted({"return": 3, "pass": 3, "uri": 2 if with_uri else 0, "variables": 1.5, "dead": 0.3})
        return {"return": lambda: f"return 200 {self.programs.everything()};",
                "pass": lambda: words.pick(("proxy_pass http://127.0.0.1:{a};", "proxy_pass http://group_b;")),
                "uri": lambda: f"proxy_pass http://group_a{words.path(1)};",
                "variables": lambda: words.pick(("proxy_pass http://127.0.0.1:{b}$uri;", "proxy_pass http://127.0.0.1:{c}/p$request_uri;",
                                                 f"proxy_pass http://group_a/${words.pick(SETTABLE)}?$args;")),
                "dead": lambda: "proxy_pass http://127.0.0.1:{dead};"}[kind]()
