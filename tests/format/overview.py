"""What `rpc dump` says of a site, as data, and the answers that follow from it without any index: by
looking at every name. Lines that this does not know are left alone."""

import dataclasses
import re

STRING = r'"((?:[^"\\]|\\.)*)"'
LISTEN = re.compile(r"listen (\S+) .*# (\S+)$")
ADDRESS = re.compile(r"  address (\S+):(?: ssl)?(?: http2)?(?: proxy_protocol)? server (\d+) by default")
NAME = re.compile(rf"    name (~ )?{STRING}: server (\d+)")
NAMES = re.compile(r"    names: those of index (\d+), above")
SERVER = re.compile(rf"server (\d+) {STRING}: settings (\d+).*# (\S+)$")
LOCATION = re.compile(rf"( +)location (?:(=|\^~|~\*|~) )?{STRING}: settings (\d+).*# (\S+)$")
PROXY = re.compile(r"( +)proxy ")
UPSTREAM = re.compile(rf"upstream {STRING}(, implied by proxy_pass)?.*# (\S+)$")
PEER = re.compile(rf"  peer {STRING}(?: weight=(\d+))?(.*)$")

KINDS = {None: "PREFIX", "=": "EXACT", "^~": "PREFIX_NO_REGEX", "~": "REGEX", "~*": "REGEX_NOCASE"}


def text(shown):
    """The bytes of a string as rpc dump writes them."""
    return re.sub(rb"\\(x[0-9a-f]{2}|.)", lambda match: bytes([int(match.group(1)[1:], 16)])
                  if match.group(1)[:1] == b"x" else match.group(1), shown.encode("latin-1"))


@dataclasses.dataclass
class Endpoint:
    address: str
    default: int
    names: list  # of (is_regex, text, server)


@dataclasses.dataclass
class Location:
    kind: str
    name: bytes
    settings: int
    place: str
    proxy: bool = False
    nested: list = dataclasses.field(default_factory=list)


@dataclasses.dataclass
class Server:
    name: bytes
    settings: int
    place: str
    locations: list = dataclasses.field(default_factory=list)


@dataclasses.dataclass
class Upstream:
    name: bytes
    is_implicit: bool
    place: str
    peers: list = dataclasses.field(default_factory=list)  # of (name, weight, is down)


class Overview:
    def __init__(self, dump):
        self.listeners = []  # of (name, place, endpoints)
        self.servers = []
        self.upstreams = []
        self.indexes = []    # lists of names, in their order of appearance
        self.open = []       # locations around the line at hand, with their indentation
        shown = dump.split("\nsection ", 1)[0]
        for line in shown.splitlines():
            self.take(line)

    def take(self, line):
        for pattern, take in ((LISTEN, self.take_listener), (ADDRESS, self.take_endpoint),
                              (NAME, self.take_name), (NAMES, self.take_names),
                              (SERVER, self.take_server), (LOCATION, self.take_location),
                              (PROXY, self.take_proxy), (UPSTREAM, self.take_upstream),
                              (PEER, self.take_peer)):
            if match := pattern.match(line):
                take(*match.groups())
                return

    def take_listener(self, name, place):
        self.listeners.append((name, place, []))

    def take_endpoint(self, address, default):
        names = []
        self.indexes.append(names)
        self.listeners[-1][2].append(Endpoint(address, int(default), names))

    def take_name(self, is_regex, name, server):
        self.indexes[-1].append((bool(is_regex), text(name), int(server)))

    def take_names(self, index):
        self.indexes.pop()
        self.listeners[-1][2][-1].names = self.indexes[int(index)]

    def take_server(self, number, name, settings, place):
        assert int(number) == len(self.servers)
        self.servers.append(Server(text(name), int(settings), place))
        self.open = []

    def take_location(self, indent, mark, name, settings, place):
        name = text(name)
        kind = "NAMED" if name.startswith(b"@") and mark is None else KINDS[mark]
        location = Location(kind, name, int(settings), place)
        while self.open and len(self.open[-1][0]) >= len(indent):
            self.open.pop()
        around = self.open[-1][1].nested if self.open else self.servers[-1].locations
        around.append(location)
        self.open.append((indent, location))

    def take_proxy(self, indent):
        if self.open and len(indent) == len(self.open[-1][0]) + 2:
            self.open[-1][1].proxy = True

    def take_upstream(self, name, implied, place):
        self.upstreams.append(Upstream(text(name), bool(implied), place))

    def take_peer(self, name, weight, rest):
        self.upstreams[-1].peers.append((text(name), int(weight or 1), "down" in rest.split()))


# --- Answers, as nginx's documentation words them ---

def matches(pattern, subject, ignore_case):
    pattern = re.sub(rb"\(\?P?<(?=[A-Za-z_])", b"(?P<", pattern)
    return re.search(pattern, subject, re.IGNORECASE if ignore_case else 0) is not None


def find_server(endpoint, host):
    plain = [(name, server) for is_regex, name, server in endpoint.names if not is_regex]
    fits = [(0, 0, server) for name, server in plain if name == host]
    fits += [(1, -len(name), server) for name, server in plain
             if name.startswith(b"*") and host.endswith(name[1:])]
    fits += [(2, -len(name), server) for name, server in plain
             if name.endswith(b".*") and host.startswith(name[:-1])]
    if fits:
        return min(fits)[2]
    regexes = [(name, server) for is_regex, name, server in endpoint.names if is_regex]
    return next((server for name, server in regexes if host and matches(name, host, False)),
                endpoint.default)


def first_regex(locations, path):
    found = next((location for location in locations if location.kind.startswith("REGEX")
                  and matches(location.name, path, location.kind == "REGEX_NOCASE")), None)
    if found is None:
        return None
    return first_regex(found.nested, path) or found


def find_location(locations, path):
    """(outcome, location): "found", "redirect" or "none"."""
    literal = [location for location in locations
               if location.kind in ("PREFIX", "EXACT", "PREFIX_NO_REGEX")]
    exact = next((location for location in literal
                  if location.kind == "EXACT" and location.name == path), None)
    if exact:
        return "found", exact
    prefixes = [location for location in literal
                if location.kind != "EXACT" and path.startswith(location.name)]
    best = max(prefixes, key=lambda location: len(location.name), default=None)
    redirecting = next((location for location in literal
                        if location.proxy and location.name == path + b"/"), None)
    if redirecting and (best is None or best.name != path):
        return "redirect", redirecting
    if best and best.nested:
        outcome, inner = find_location(best.nested, path)
        if outcome == "redirect" or (inner and inner.kind in ("EXACT",)):
            return outcome, inner
        if inner and inner.kind.startswith("REGEX"):
            return outcome, inner
        if inner:
            return regex_or(locations, path, best, inner)
    return regex_or(locations, path, best, best)


def regex_or(locations, path, prefix, otherwise):
    if prefix is None or prefix.kind != "PREFIX_NO_REGEX":
        found = first_regex(locations, path)
        if found:
            return "found", found
    return ("found" if otherwise else "none"), otherwise
